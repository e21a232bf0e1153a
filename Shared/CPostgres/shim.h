#pragma once
#include <postgresql/libpq-fe.h>

#include <string.h>

/* libpq writes notices to standard error unless told otherwise; the log belongs to the process. An idle backend that is
   ended says so in a notice (class 57P), ahead of the end of the stream: `ended` is set to 1 then. */
static void atelier_pq_note(void *ended, const PGresult *result) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state && strncmp(state, "57P", 3) == 0) *(int *)ended = 1;
}

static inline void atelier_pq_take_notices(PGconn *connection, int *ended) {
    PQsetNoticeReceiver(connection, atelier_pq_note, ended);
}

/* PG_DIAG_* are character macros that Swift does not import as Int32. */
static inline const char *atelier_pq_sqlstate(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_SQLSTATE);
}
static inline const char *atelier_pq_message(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
}
static inline const char *atelier_pq_detail(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
}
static inline const char *atelier_pq_constraint(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
}
static inline const char *atelier_pq_table(const PGresult *result) {
    return PQresultErrorField(result, PG_DIAG_TABLE_NAME);
}

/* Swift's Glibc module leaves <sys/epoll.h> out. */
#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>

static inline int atelier_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static inline int atelier_epoll_watch(int epoll, int socket, uint64_t id, int writing, int is_new) {
    struct epoll_event event;
    event.events = EPOLLIN | (writing ? EPOLLOUT : 0);
    event.data.u64 = id;
    return epoll_ctl(epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
}

static inline int atelier_epoll_forget(int epoll, int socket) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, socket, &event);
}

/* The ids of at most 64 ready sockets. */
static inline int atelier_epoll_wait(int epoll, uint64_t *ids, int milliseconds) {
    struct epoll_event events[64];
    int count = epoll_wait(epoll, events, 64, milliseconds);
    for (int index = 0; index < count; index++) ids[index] = events[index].data.u64;
    return count;
}
