#pragma once
// A function built twice, for AVX2 and for the base instruction set; the loader takes the one that the processor has.
#if defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif
