// Every call of CProfile: profiles of busy threads, one after the other, with registers that are no frame pointers, with
// no room, and with a signal that still waits at the end. Built by scripts/sanitize.
#include "CProfile.h"
#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

enum { CAPACITY = 1 << 16 };
static atomic_int over;
static atomic_long turns;

/* Uses the processor, with system calls among it that a signal may interrupt. */
__attribute__((noinline)) static void *burn(void *none) {
    while (!atomic_load(&over)) {
        for (volatile int i = 0; i < 20000; i++) {}
        struct timespec moment = {0, 1000};
        errno = 77;
        atomic_fetch_add(&turns, 1);
        assert(errno == 77);
        nanosleep(&moment, NULL);
    }
    return none;
}

/* Samples with a frame pointer that is none. */
static void astray(void) {
#if defined(__x86_64__)
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), values[] = {0, 8, 16, here + 1, here + 64, here + 4096, here - 4096, ~(uintptr_t)7};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        long call = 234, process = 0, thread = 0; /* tgkill */
        __asm__ volatile("mov $39, %%eax\n syscall\n mov %%rax, %0" : "=r"(process) : : "rax", "rcx", "r11", "memory");
        __asm__ volatile("mov $186, %%eax\n syscall\n mov %%rax, %0" : "=r"(thread) : : "rax", "rcx", "r11", "memory");
        __asm__ volatile("mov %%rbp, %%rbx\n mov %4, %%rbp\n syscall\n mov %%rbx, %%rbp"
                         : "+a"(call) : "D"(process), "S"(thread), "d"(SIGPROF), "r"(values[i]) : "rbx", "rcx", "r11", "memory");
        assert(call == 0);
    }
#endif
}

/* The words are whole samples, then zeroes; gives how many samples. */
static int samples(const uint64_t *words, size_t capacity) {
    int count = 0;
    size_t place = 0;
    for (; place < capacity && words[place]; count++) {
        assert(words[place] <= 128 && words[place + ATELIER_PROFILE_HEAD] > 4096);
        place += ATELIER_PROFILE_HEAD + words[place];
    }
    for (; place < capacity; place++) assert(words[place] == 0);
    return count;
}

static void is_gone(void) {
    struct sigaction found;
    struct itimerval timer;
    assert(sigaction(SIGPROF, NULL, &found) == 0 && found.sa_handler == SIG_DFL);
    assert(getitimer(ITIMER_PROF, &timer) == 0 && !timer.it_value.tv_sec && !timer.it_value.tv_usec);
}

int main(void) {
    uint64_t *words = calloc(CAPACITY, sizeof *words);
    assert(atelier_profile_start(words, CAPACITY, 0, 0, 0) == EINVAL);
    assert(atelier_profile_start(words, CAPACITY, 501, 0, 0) == EINVAL);
    is_gone();

    /* One at a time; each sample that is asked for comes. */
    assert(atelier_profile_start(words, CAPACITY, 1, 0, 0) == 0);
    assert(atelier_profile_start(words, CAPACITY, 1, 0, 0) == EBUSY);
    for (int i = 0; i < 10; i++) raise(SIGPROF);
    astray();
    assert(atelier_profile_stop() == 0 && samples(words, CAPACITY) >= 10);
    is_gone();

    /* All code taken for the caller of tasks: what lies before the frames is no context, and is followed nowhere. */
    memset(words, 0, CAPACITY * sizeof *words);
    assert(atelier_profile_start(words, CAPACITY, 1, 1, UINTPTR_MAX) == 0);
    for (int i = 0; i < 10; i++) raise(SIGPROF);
    astray();
    assert(atelier_profile_stop() == 0 && samples(words, CAPACITY) >= 10);

    /* No room: not a word behind the end. */
    uint64_t *few = calloc(40, sizeof *few);
    assert(atelier_profile_start(few, 40, 1, 0, 0) == 0);
    for (int i = 0; i < 100; i++) raise(SIGPROF);
    assert(atelier_profile_stop() > 0);
    samples(few, 40);
    free(few);

    /* A signal that waits while the profile ends does not end the process. */
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGPROF);
    assert(atelier_profile_start(words, 0, 1, 0, 0) == 0);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    raise(SIGPROF);
    atelier_profile_stop();
    pthread_sigmask(SIG_UNBLOCK, &mask, NULL);

    /* Begun and ended under load: afterwards nobody writes to the words. */
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) assert(pthread_create(&threads[i], NULL, burn, NULL) == 0);
    int found = 0;
    for (int round = 0; round < 200 || !found; round++) {
        memset(words, 0, CAPACITY * sizeof *words);
        assert(atelier_profile_start(words, CAPACITY, 500, 0, 0) == 0);
        struct timespec moment = {0, 5000000};
        nanosleep(&moment, NULL);
        assert(atelier_profile_stop() == 0);
        found += samples(words, CAPACITY);
    }
    is_gone();
    free(words);
    atomic_store(&over, 1);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);

    atelier_profile_place place;
    assert(atelier_profile_find((uintptr_t)burn, &place) && place.is_program && place.base);
    assert(atelier_profile_find((uintptr_t)dlsym(NULL, "nice"), &place) && !place.is_program && place.symbol);
    assert(!atelier_profile_find(8, &place) && atelier_profile_runtime() == 0);
    puts("sanitizers: the samples of the processor are clean");
    return 0;
}
