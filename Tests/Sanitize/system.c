// Every call of CSystem: children that start, fail to start and are limited; sockets, pipes and epoll. Built by
// scripts/sanitize.
#include "CSystem.h"
#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

static int child(const char *path, const char *script, const char *folder, const atelier_child_limits *limits, int *status) {
    char *const argv[] = {"sh", "-c", (char *)script, NULL}, *const envp[] = {"PATH=/usr/bin:/bin", NULL};
    int ends[2];
    assert(atelier_pipe(ends) == 0);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t pid = 0;
    int failure = atelier_child_start(path, argv, envp, folder, null, ends[1], null, limits, &pid);
    close(ends[1]);
    close(null);
    char text[16];
    while (read(ends[0], text, sizeof text) > 0) {}
    close(ends[0]);
    if (failure) return failure;
    int64_t memory = 0, time = 0;
    assert(atelier_child_wait(pid, status, &memory, &time) == 0 && memory > 0 && time >= 0);
    assert(atelier_child_wait(pid, status, &memory, &time) == -1);
    assert(atelier_child_has_ended(pid));
    return 0;
}

static void children(void) {
    atelier_child_limits none = {0}, tight = {.cpu_seconds = 1, .open_files = 16, .file_size = 1};
    int status = 0;
    assert(child("/bin/sh", "exit 3", "/", &none, &status) == 0 && WEXITSTATUS(status) == 3);
    assert(child("/bin/sh", "while :; do :; done", NULL, &tight, &status) == 0 && WIFSIGNALED(status));
    assert(child("/bin/none", "", NULL, &none, &status) != 0);
    assert(child("/bin/sh", "", "/none", &none, &status) != 0);
}

static void sockets(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
    assert(bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 4) == 0);
    assert(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    assert(connect(client, (struct sockaddr *)&address, length) == 0);
    int epoll = atelier_net_epoll(), counter = atelier_net_eventfd();
    atelier_event events[300];
    assert(atelier_net_watch_level(epoll, listener, 7) == 0 && atelier_net_watch_level(epoll, counter, UINT64_MAX) == 0);
    assert(atelier_net_wait(epoll, events, 300, 1000) == 1 && events[0].key == 7);
    uint8_t peer[16];
    uint16_t port;
    int served = atelier_net_accept(listener, peer, &port);
    assert(served >= 0 && port != 0 && peer[10] == 0xff && peer[15] == 1 && atelier_net_is_quiet(served));
    assert(fcntl(listener, F_SETFL, O_NONBLOCK) == 0 && atelier_net_accept(listener, peer, &port) == -1);
    assert(atelier_net_watch(epoll, served, 8) == 0 && write(client, "four", 4) == 4);
    int count = atelier_net_wait(epoll, events, 1, 1000);
    assert(count == 1 && events[0].key == 8 && !atelier_net_is_quiet(served));
    int ends[2];
    assert(atelier_net_pipe(ends, 1 << 16) == 0 && atelier_net_splice(served, ends[1], 100) == 4);
    assert(atelier_net_splice(served, ends[1], 100) == -1);
    assert(atelier_net_unwatch(epoll, served) == 0 && atelier_net_unwatch(epoll, served) == -1);
    int old = atelier_epoll_create();
    uint64_t keys[64];
    assert(atelier_epoll_add_edges(old, served, 9) == 0 && atelier_epoll_wait_keys(old, keys, 100, 1000) == 1);
    assert(keys[0] == 9 && atelier_epoll_remove(old, served) == 0);
    int all[] = {listener, client, served, epoll, counter, ends[0], ends[1], old};
    for (int i = 0; i < 8; i++) close(all[i]);
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    children();
    sockets();
    puts("sanitizers: the calls of the system are clean");
    return 0;
}
