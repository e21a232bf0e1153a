// Tells the thread sanitizer of what it does not see by itself. Preloaded by scripts/sanitize.
//
// Swift's `Mutex`: its fast path is compiled into our code, and so is seen; the slow path, which waits in the kernel, lies
// in libswiftSynchronization, which is not instrumented. Without a word every lock that had to wait looks as if it
// protected nothing.
//
// C11's threads, which librdkafka uses: the sanitizer knows those of POSIX alone, and dies in a thread that it does not
// know. In glibc the ones are the others under another name.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

#define SELF __attribute__((swift_context)) void *self
#define CALL __attribute__((swiftcall))
// _MutexHandle._lockSlow(_: UInt32), ._tryLockSlow() -> Bool, ._unlockSlow()
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

CALL void lock_slow(uint32_t thread, SELF) __asm__(LOCK);
CALL _Bool try_lock_slow(SELF) __asm__(TRY);
CALL void unlock_slow(SELF) __asm__(UNLOCK);

CALL void lock_slow(uint32_t thread, SELF) {
    typedef CALL void (*original)(uint32_t, SELF);
    ((original)dlsym(RTLD_NEXT, LOCK))(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

CALL _Bool try_lock_slow(SELF) {
    typedef CALL _Bool (*original)(SELF);
    _Bool taken = ((original)dlsym(RTLD_NEXT, TRY))(self);
    if (taken && __tsan_acquire) __tsan_acquire(self);
    return taken;
}

CALL void unlock_slow(SELF) {
    typedef CALL void (*original)(SELF);
    if (__tsan_release) __tsan_release(self);
    ((original)dlsym(RTLD_NEXT, UNLOCK))(self);
}

typedef struct {
    thrd_start_t body;
    void *argument;
} start;

static void *run(void *pointer) {
    start start_of = *(start *)pointer;
    free(pointer);
    return (void *)(intptr_t)start_of.body(start_of.argument);
}

static int result(int code) { return code == 0 ? thrd_success : thrd_error; }

int thrd_create(thrd_t *thread, thrd_start_t body, void *argument) {
    start *start_of = malloc(sizeof *start_of);
    if (!start_of) return thrd_nomem;
    *start_of = (start){body, argument};
    return result(pthread_create(thread, NULL, run, start_of));
}

int thrd_join(thrd_t thread, int *code) {
    void *value = NULL;
    int failed = pthread_join(thread, &value);
    if (code) *code = (int)(intptr_t)value;
    return result(failed);
}

int thrd_detach(thrd_t thread) { return result(pthread_detach(thread)); }

int mtx_init(mtx_t *mutex, int type) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (type & mtx_recursive) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    int failed = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result(failed);
}

int mtx_lock(mtx_t *mutex) { return result(pthread_mutex_lock((pthread_mutex_t *)mutex)); }
int mtx_trylock(mtx_t *mutex) { return pthread_mutex_trylock((pthread_mutex_t *)mutex) ? thrd_busy : thrd_success; }
int mtx_unlock(mtx_t *mutex) { return result(pthread_mutex_unlock((pthread_mutex_t *)mutex)); }
void mtx_destroy(mtx_t *mutex) { pthread_mutex_destroy((pthread_mutex_t *)mutex); }

int cnd_init(cnd_t *condition) { return result(pthread_cond_init((pthread_cond_t *)condition, NULL)); }
int cnd_signal(cnd_t *condition) { return result(pthread_cond_signal((pthread_cond_t *)condition)); }
int cnd_broadcast(cnd_t *condition) { return result(pthread_cond_broadcast((pthread_cond_t *)condition)); }
void cnd_destroy(cnd_t *condition) { pthread_cond_destroy((pthread_cond_t *)condition); }

int cnd_wait(cnd_t *condition, mtx_t *mutex) {
    return result(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
    int code = pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until);
    return code == 0 ? thrd_success : code == ETIMEDOUT ? thrd_timedout : thrd_error;
}
