// The natural voice that is not there, or whose library is another: every way out of opening it. Built by
// scripts/sanitize.
#include "CSherpa.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments) {
    assert(count > 1);
    char reason[40], folder[8192];
    memset(folder, 'x', sizeof folder - 1);
    folder[sizeof folder - 1] = 0;
    const char *folders[] = {"", "/nonexistent", folder, arguments[1]};
    for (int i = 0; i < 4; i++) {
        assert(!csherpa_open(folders[i], "model", "tokens", 1, reason, sizeof reason));
        assert(memchr(reason, 0, sizeof reason) && reason[0]);
    }
    csherpa_close(NULL);
    puts("sanitizers: a voice that cannot be loaded is refused cleanly");
    return 0;
}
