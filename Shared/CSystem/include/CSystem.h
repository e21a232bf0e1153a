#pragma once
#include "CSystemNet.h"
#include "child.h"
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

/* epoll, which the Glibc module of Swift leaves out. */
enum { ATELIER_EPOLL_IN = EPOLLIN, ATELIER_EPOLL_OUT = EPOLLOUT };

/* Names the calling thread, as a debugger and `top -H` show it; Linux keeps 15 bytes. */
static inline void atelier_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

static inline int atelier_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

/* Watches both directions of a socket, at each edge, under a key of the caller's. */
static inline int atelier_epoll_add_edges(int epoll, int descriptor, uint64_t key) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
    event.data.u64 = key;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static inline int atelier_epoll_remove(int epoll, int descriptor) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event);
}

/* Waits, and writes the keys of what is ready (64 at most). */
static inline int atelier_epoll_wait_keys(int epoll, uint64_t *keys, int count, int timeout_milliseconds) {
    struct epoll_event events[64];
    int found = epoll_wait(epoll, events, count < 64 ? count : 64, timeout_milliseconds);
    for (int i = 0; i < found; i++) keys[i] = events[i].data.u64;
    return found;
}

/* Lets the kernel begin to write a piece of a file to disk, and waits for nothing. A hint: durable is only what fsync
 * has answered for. */
void atelier_begin_writeback(int descriptor, int64_t offset, int64_t length);
