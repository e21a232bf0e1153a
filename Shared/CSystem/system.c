#include "CSystem.h"
typedef int atelier_system_placeholder;
