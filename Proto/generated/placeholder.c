#include "CEvents.h"
typedef int atelier_events_placeholder;
