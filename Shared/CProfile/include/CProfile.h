#pragma once
#include <stddef.h>
#include <stdint.h>

/* Samples of where this process spends its processor time. One profile at a time.
 *
 * A sample is words: the number of its addresses, 16 bytes of the thread's name, the addresses, the innermost first. Each
 * address is inside the code that ran or that had called; a zero instead of a number ends the samples. */
#define ATELIER_PROFILE_HEAD 3

/* Begins to take samples into `words`, which are zero, and stay the profile's until its stop.
 * - hertz: samples a second of processor time, 1...500; the kernel's clock tick (often 250) is the most that come.
 * - job_low, job_high: the code of Swift's runtime that calls a task's next piece; both 0 where it is not known. There the
 *   walk leaves the thread's stack, and goes on with the functions that await.
 * Returns 0, EBUSY while another profile is taken, or the errno of what failed. */
int atelier_profile_start(uint64_t *words, size_t capacity, int hertz, uintptr_t job_low, uintptr_t job_high);

/* Ends it: afterwards timer and handler are gone, and nothing writes to the words. Returns how many samples found no
 * room. */
size_t atelier_profile_stop(void);

/* What the loader knows of an address. */
typedef struct {
    uintptr_t base;     /* where its file is loaded */
    const char *file;   /* the file, as the loader opened it */
    const char *symbol; /* the exported function that holds it, or NULL */
    int is_program;     /* whether the file is this program itself */
} atelier_profile_place;

/* Finds it; 0 where the address is in no file. */
int atelier_profile_find(uintptr_t address, atelier_profile_place *place);

/* An address of Swift's concurrency runtime; 0 in a program without it. */
uintptr_t atelier_profile_runtime(void);

/* Swift's own, which no header of it declares: a symbol's name as people write it, to be freed; NULL where it is none. */
char *swift_demangle(const char *name, size_t length, char *buffer, size_t *size, uint32_t flags);
