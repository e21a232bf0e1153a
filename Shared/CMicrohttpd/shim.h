#pragma once
#include <microhttpd.h>
#include <stdint.h>

/* libmicrohttpd's enums and variadic functions, as plain functions and integers. */

typedef struct {
    int listen_socket;
    unsigned int threads;
    unsigned int connection_limit;
    size_t connection_memory;
    unsigned int idle_timeout_seconds;
    MHD_AccessHandlerCallback access;
    void *(*uri)(void *cls, const char *uri, struct MHD_Connection *connection);
    MHD_RequestCompletedCallback completed;
    MHD_NotifyConnectionCallback connection;
    void *cls;
} atelier_mhd_settings;

static inline size_t atelier_mhd_keep_escaped(void *cls, struct MHD_Connection *connection, char *text) {
    (void)cls;
    (void)connection;
    size_t length = 0;
    while (text[length] != 0) length++;
    return length;
}

static inline struct MHD_Daemon *atelier_mhd_start(const atelier_mhd_settings *s) {
    return MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE, 0, NULL, NULL, s->access, s->cls,
        MHD_OPTION_LISTEN_SOCKET, s->listen_socket, MHD_OPTION_THREAD_POOL_SIZE, s->threads,
        MHD_OPTION_CONNECTION_LIMIT, s->connection_limit, MHD_OPTION_CONNECTION_MEMORY_LIMIT, s->connection_memory,
        MHD_OPTION_CONNECTION_TIMEOUT, s->idle_timeout_seconds, MHD_OPTION_URI_LOG_CALLBACK, s->uri, s->cls,
        MHD_OPTION_NOTIFY_COMPLETED, s->completed, s->cls, MHD_OPTION_NOTIFY_CONNECTION, s->connection, s->cls,
        MHD_OPTION_UNESCAPE_CALLBACK, &atelier_mhd_keep_escaped, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_END);
}

static inline int atelier_mhd_headers(struct MHD_Connection *connection, MHD_KeyValueIteratorN each, void *cls) {
    return MHD_get_connection_values_n(connection, MHD_HEADER_KIND, each, cls);
}

static inline const struct sockaddr *atelier_mhd_client(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}

static inline int atelier_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

static inline struct MHD_Response *atelier_mhd_copy(const void *bytes, size_t count) {
    return MHD_create_response_from_buffer(count, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}

static inline int atelier_mhd_add(struct MHD_Response *response, const char *name, const char *value) {
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static inline int atelier_mhd_queue(struct MHD_Connection *connection, unsigned int status, struct MHD_Response *r) {
    return MHD_queue_response(connection, status, r) == MHD_YES;
}

static inline int atelier_mhd_upgrade_close(struct MHD_UpgradeResponseHandle *handle) {
    return MHD_upgrade_action(handle, MHD_UPGRADE_ACTION_CLOSE) == MHD_YES;
}

static inline int atelier_mhd_did_complete(enum MHD_RequestTerminationCode code) {
    return code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
}

static inline int atelier_mhd_did_start(enum MHD_ConnectionNotificationCode code) {
    return code == MHD_CONNECTION_NOTIFY_STARTED;
}

static const enum MHD_Result ATELIER_MHD_YES = MHD_YES;
static const enum MHD_Result ATELIER_MHD_NO = MHD_NO;
static const uint64_t ATELIER_MHD_SIZE_UNKNOWN = MHD_SIZE_UNKNOWN;
static const ssize_t ATELIER_MHD_END_OF_STREAM = -1;
static const ssize_t ATELIER_MHD_END_WITH_ERROR = -2;
