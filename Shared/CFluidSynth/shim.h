#pragma once
#include <fluidsynth.h>
// malloc_trim, which no overlay of the C library shows.
#include <malloc.h>
