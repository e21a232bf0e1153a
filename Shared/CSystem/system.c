#define _GNU_SOURCE
#include "CSystem.h"
#include <fcntl.h>

void atelier_begin_writeback(int descriptor, int64_t offset, int64_t length) {
    sync_file_range(descriptor, offset, length, SYNC_FILE_RANGE_WRITE);
}
