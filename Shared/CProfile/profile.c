#define _GNU_SOURCE
#include "CProfile.h"
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

/* Frames of one sample; what called these is cut off. */
enum { DEPTH = 128 };
/* A frame further away than this is no frame, but a register that was used for something else. */
static const uintptr_t FARTHEST = 1 << 20;
/* In a saved frame pointer: the frame belongs to an async function, whose context lies just before. This toolchain sets it
   on Darwin only. */
static const uintptr_t ASYNC = (uintptr_t)1 << 60;
/* The address bits of a pointer that may carry a signature (arm64). */
static const uintptr_t ADDRESS = ((uintptr_t)1 << 48) - 1;

extern char __executable_start[], etext[];
extern void swift_job_run(void) __attribute__((weak));

uintptr_t atelier_profile_runtime(void) { return (uintptr_t)swift_job_run; }

int atelier_profile_find(uintptr_t address, atelier_profile_place *place) {
    Dl_info info;
    if (!dladdr((void *)address, &info) || !info.dli_fbase || !info.dli_fname) return 0;
    *place = (atelier_profile_place){
        (uintptr_t)info.dli_fbase, info.dli_fname, info.dli_sname, info.dli_fbase == (void *)__executable_start};
    return 1;
}

/* Written by start before `running` is set, and read by handlers that saw it set. */
static struct {
    uint64_t *words;
    size_t capacity;
    uintptr_t job_low, job_high;
    pid_t process;
} profile;
static struct sigaction before;
static atomic_flag taken = ATOMIC_FLAG_INIT;
static atomic_int running, inside;
static atomic_size_t used, dropped;

/* Reads memory that may not be there: the kernel then says so instead of a fault. Where seccomp refuses the call, every
   read fails, and a sample is its innermost address alone. */
static int peek(uintptr_t at, uintptr_t *to, size_t count) {
    struct iovec local = {to, count * sizeof *to}, remote = {(void *)at, count * sizeof *to};
    return syscall(SYS_process_vm_readv, (long)profile.process, &local, 1L, &remote, 1L, 0L) == (long)local.iov_len;
}

static int is_code(uintptr_t address) {
    return address >= (uintptr_t)__executable_start && address < (uintptr_t)etext;
}

/* Whether a frame may be there: the stack grows down, so a caller's lies above. */
static int is_frame(uintptr_t frame, uintptr_t low) {
    return frame % sizeof frame == 0 && frame >= low && frame - low < FARTHEST;
}

/* libc's send and recv, say, use the frame pointer for something else, after they have saved it. Looks for that among the
   newest words of the stack: it lies below the first address of this program's code, where the caller goes on, and leads to
   another such address. Gives the caller's frame and that address; 0 where nothing fits. */
static uintptr_t saved(uintptr_t low, uintptr_t *caller) {
    uintptr_t words[32], frame[2];
    if (!peek(low, words, 32)) return 0;
    for (size_t i = 1; i < 32; i++) {
        if (!is_code(words[i])) continue;
        for (size_t j = i; j-- > 0;) {
            if (!is_frame(words[j], low + i * sizeof low) || !peek(words[j], frame, 2) || !is_code(frame[1])) continue;
            *caller = words[i];
            return words[j];
        }
        return 0;
    }
    return 0;
}

/* The functions that await, from an async context: its first word is the caller's context, its second where that goes on.
   A word that is no code of this program ends them. */
static size_t follow(uintptr_t context, uint64_t *addresses, size_t count) {
    uintptr_t link[2];
    while (count < DEPTH && context && context % sizeof link[0] == 0 && peek(context, link, 2)
           && is_code(link[1])) {
        addresses[count++] = link[1];
        context = link[0];
    }
    return count;
}

/* Walks the frame pointers. A function that keeps none, or has not pushed it yet, hides its caller, or ends the walk. */
static size_t walk(const ucontext_t *context, uint64_t *addresses) {
#if defined(__x86_64__)
    uintptr_t pc = (uintptr_t)context->uc_mcontext.gregs[REG_RIP], frame = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
    uintptr_t low = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#else
    uintptr_t pc = context->uc_mcontext.pc, frame = context->uc_mcontext.regs[29], low = context->uc_mcontext.sp;
#endif
    size_t count = 0;
    addresses[count++] = pc;
    if (!is_code(pc) && !is_frame(frame, low)) {
        uintptr_t caller;
        frame = saved(low, &caller);
        if (frame) addresses[count++] = caller - 1;
    }
    /* Frames lie one above the other: the walk ends in any case. */
    while (count < DEPTH && is_frame(frame, low)) {
        uintptr_t words[3]; /* the context, where the function is async; the caller's frame; where the caller goes on */
        if (!peek(frame - sizeof frame, words, 3)) break;
        uintptr_t caller = words[2] & ADDRESS;
        if (words[1] & ASYNC || (caller >= profile.job_low && caller < profile.job_high)) {
            size_t more = follow(words[0], addresses, count);
            if (more > count) return more;
        }
        if (caller < 4096) break;
        addresses[count++] = caller - 1; /* inside the call, also where it was the function's last instruction */
        low = frame + 2 * sizeof frame;
        frame = words[1] & ~ASYNC;
    }
    return count;
}

/* Runs on whatever thread used the processor, between any two of its instructions: it makes system calls and writes to
   what was given, takes no lock, allocates nothing, and leaves errno as it was. */
static void sample(int number, siginfo_t *info, void *context) {
    (void)number, (void)info;
    int kept = errno;
    /* Counted before it looks: stop clears `running`, then waits for the count, so none writes after it. */
    atomic_fetch_add(&inside, 1);
    if (atomic_load(&running)) {
        uint64_t words[ATELIER_PROFILE_HEAD + DEPTH] = {0};
        prctl(PR_GET_NAME, (char *)&words[1], 0, 0, 0);
        words[0] = walk(context, words + ATELIER_PROFILE_HEAD);
        size_t length = ATELIER_PROFILE_HEAD + words[0], at = atomic_fetch_add(&used, length);
        if (at + length <= profile.capacity)
            memcpy(profile.words + at, words, length * sizeof *words);
        else
            atomic_fetch_add(&dropped, 1);
    }
    atomic_fetch_sub(&inside, 1);
    errno = kept;
}

int atelier_profile_start(uint64_t *words, size_t capacity, int hertz, uintptr_t job_low, uintptr_t job_high) {
    if (hertz < 1 || hertz > 500) return EINVAL;
    if (atomic_flag_test_and_set(&taken)) return EBUSY;
    profile.words = words;
    profile.capacity = capacity;
    profile.job_low = job_low;
    profile.job_high = job_high;
    profile.process = getpid();
    atomic_store(&used, 0);
    atomic_store(&dropped, 0);
    struct sigaction action = {.sa_sigaction = sample, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    long period = 1000000 / hertz;
    struct itimerval timer = {{period / 1000000, period % 1000000}, {period / 1000000, period % 1000000}};
    int failure = sigaction(SIGPROF, &action, &before) ? errno : 0;
    if (!failure) {
        atomic_store(&running, 1);
        /* Not timer_create: before Linux 6.4 that signals the main thread, this one the thread that runs. */
        if (setitimer(ITIMER_PROF, &timer, NULL)) {
            failure = errno;
            atelier_profile_stop();
            return failure;
        }
        return 0;
    }
    atomic_flag_clear(&taken);
    return failure;
}

size_t atelier_profile_stop(void) {
    struct itimerval none = {0};
    setitimer(ITIMER_PROF, &none, NULL);
    atomic_store(&running, 0);
    /* A signal that still waits would end the process by the default action: to ignore it throws it away. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPROF, &ignore, NULL);
    sigaction(SIGPROF, &before, NULL);
    while (atomic_load(&inside)) sched_yield();
    size_t lost = atomic_load(&dropped);
    atomic_flag_clear(&taken);
    return lost;
}
