#define _GNU_SOURCE
#include "CSystemNet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(ATELIER_READABLE == EPOLLIN && ATELIER_WRITABLE == EPOLLOUT, "epoll's constants");
_Static_assert(ATELIER_FAILED == EPOLLERR && ATELIER_HUNG_UP == EPOLLHUP, "epoll's constants");
_Static_assert(ATELIER_PEER_CLOSED == EPOLLRDHUP, "epoll's constants");

int atelier_net_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int watch(int epoll, int descriptor, uint64_t key, uint32_t events) {
    struct epoll_event event = {.events = events};
    event.data.u64 = key;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int atelier_net_watch(int epoll, int descriptor, uint64_t key) {
    return watch(epoll, descriptor, key, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

int atelier_net_watch_level(int epoll, int descriptor, uint64_t key) {
    return watch(epoll, descriptor, key, EPOLLIN);
}

int atelier_net_unwatch(int epoll, int descriptor) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, &event);
}

int atelier_net_wait(int epoll, atelier_event *events, int count, int timeout_ms) {
    struct epoll_event found[256];
    int number = epoll_wait(epoll, found, count < 256 ? count : 256, timeout_ms);
    for (int i = 0; i < number; i++) {
        events[i].key = found[i].data.u64;
        events[i].events = found[i].events;
    }
    return number;
}

int atelier_net_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int atelier_net_accept(int listener, uint8_t address[16], uint16_t *port) {
    struct sockaddr_storage peer = {0};
    socklen_t length = sizeof peer;
    int descriptor = accept4(listener, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return -1;
    memset(address, 0, 16);
    *port = 0;
    if (peer.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&peer;
        address[10] = address[11] = 0xff;
        memcpy(address + 12, &v4->sin_addr, 4);
        *port = ntohs(v4->sin_port);
    } else if (peer.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&peer;
        memcpy(address, &v6->sin6_addr, 16);
        *port = ntohs(v6->sin6_port);
    }
    return descriptor;
}

int atelier_net_pipe(int ends[2], int size) {
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return -1;
    /* Less room than wished for is no failure. */
    (void)fcntl(ends[1], F_SETPIPE_SZ, size);
    return 0;
}

ssize_t atelier_net_splice(int from, int to, size_t count) {
    return splice(from, NULL, to, NULL, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

int atelier_net_is_quiet(int descriptor) {
    char byte;
    ssize_t count = recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}
