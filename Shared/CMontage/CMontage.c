#include "CMontage.h"
typedef int atelier_montage_placeholder;
