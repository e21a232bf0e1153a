#include "CPango.h"
#include <pango/pangocairo.h>
typedef int atelier_cpango_placeholder;
