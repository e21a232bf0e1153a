#include "CVips.h"
#include <vips/vips.h>
typedef int atelier_cvips_placeholder;
