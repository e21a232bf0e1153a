#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Calls of Linux that Swift's Glibc module leaves out (epoll, accept4, splice, eventfd), for event loops. */

enum {
    ATELIER_READABLE = 0x001,     /* EPOLLIN */
    ATELIER_WRITABLE = 0x004,     /* EPOLLOUT */
    ATELIER_FAILED = 0x008,       /* EPOLLERR */
    ATELIER_HUNG_UP = 0x010,      /* EPOLLHUP */
    ATELIER_PEER_CLOSED = 0x2000, /* EPOLLRDHUP */
};

/* One thing that epoll reports. */
typedef struct {
    uint64_t key;
    uint32_t events;
} atelier_event;

/* A new epoll instance, closed on exec. */
int atelier_net_epoll(void);

/* Watches both directions of a descriptor at each edge; errno's meaning as in epoll_ctl. */
int atelier_net_watch(int epoll, int descriptor, uint64_t key);

/* Watches a descriptor for input as long as there is some (level triggered). */
int atelier_net_watch_level(int epoll, int descriptor, uint64_t key);

/* Stops watching a descriptor. */
int atelier_net_unwatch(int epoll, int descriptor);

/* Waits for events, at most `count` (256 at most); -1 and errno on failure. */
int atelier_net_wait(int epoll, atelier_event *events, int count, int timeout_ms);

/* A counter that wakes an event loop. */
int atelier_net_eventfd(void);

/* accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC; the peer's address as 16 bytes (IPv4 mapped), and its port. */
int atelier_net_accept(int listener, uint8_t address[16], uint16_t *port);

/* A pipe whose ends do not block, with room for about `size` bytes. */
int atelier_net_pipe(int ends[2], int size);

/* splice, moving and not blocking; -1 and errno on failure. */
ssize_t atelier_net_splice(int from, int to, size_t count);

/* Whether a connected socket is quiet: no byte waits, and the peer has not closed. */
int atelier_net_is_quiet(int descriptor);
