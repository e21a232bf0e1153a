#pragma once
#include <curl/curl.h>
#include <stdint.h>

/* curl's variadic functions, one for each type of argument. */

static inline CURLcode atelier_curl_long(CURL *h, CURLoption o, long v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode atelier_curl_offset(CURL *h, CURLoption o, int64_t v) {
    return curl_easy_setopt(h, o, (curl_off_t)v);
}
static inline CURLcode atelier_curl_string(CURL *h, CURLoption o, const char *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode atelier_curl_pointer(CURL *h, CURLoption o, void *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode atelier_curl_list(CURL *h, CURLoption o, struct curl_slist *v) {
    return curl_easy_setopt(h, o, v);
}

typedef size_t (*atelier_curl_data)(char *bytes, size_t size, size_t count, void *context);
typedef int (*atelier_curl_seek)(void *context, curl_off_t offset, int origin);

static inline void atelier_curl_callbacks(
    CURL *h, void *context, atelier_curl_data header, atelier_curl_data write, atelier_curl_data read,
    atelier_curl_seek seek) {
    curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, header);
    curl_easy_setopt(h, CURLOPT_HEADERDATA, context);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, write);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, context);
    curl_easy_setopt(h, CURLOPT_READFUNCTION, read);
    curl_easy_setopt(h, CURLOPT_READDATA, context);
    curl_easy_setopt(h, CURLOPT_SEEKFUNCTION, seek);
    curl_easy_setopt(h, CURLOPT_SEEKDATA, context);
    curl_easy_setopt(h, CURLOPT_PRIVATE, context);
}

static inline void *atelier_curl_context(CURL *h) {
    char *context = NULL;
    curl_easy_getinfo(h, CURLINFO_PRIVATE, &context);
    return context;
}

static inline long atelier_curl_response_code(CURL *h) {
    long value = 0;
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &value);
    return value;
}

/* Bytes of the request's head that were sent; 0 where nothing reached the peer. */
static inline long atelier_curl_request_size(CURL *h) {
    long value = 0;
    curl_easy_getinfo(h, CURLINFO_REQUEST_SIZE, &value);
    return value;
}

/* Bytes of content that were sent. */
static inline long atelier_curl_uploaded(CURL *h) {
    curl_off_t value = 0;
    curl_easy_getinfo(h, CURLINFO_SIZE_UPLOAD_T, &value);
    return (long)value;
}

/* The socket of a handle that only connects, or -1. */
static inline int atelier_curl_socket(CURL *h) {
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(h, CURLINFO_ACTIVESOCKET, &socket);
    return (int)socket;
}

/* Whether the transfer speaks to a mail server. */
static inline int atelier_curl_is_mail(CURL *h) {
    char *scheme = NULL;
    curl_easy_getinfo(h, CURLINFO_SCHEME, &scheme);
    return scheme != NULL && (scheme[0] == 's' || scheme[0] == 'S');
}

/* The next finished transfer, or NULL. */
static inline CURL *atelier_curl_finished(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

static inline void atelier_curl_multi_connections(CURLM *multi, long kept) {
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kept);
}

static const size_t ATELIER_CURL_WRITE_PAUSE = CURL_WRITEFUNC_PAUSE;
static const size_t ATELIER_CURL_READ_PAUSE = CURL_READFUNC_PAUSE;
static const size_t ATELIER_CURL_READ_ABORT = CURL_READFUNC_ABORT;
static const int ATELIER_CURL_SEEK_OK = CURL_SEEKFUNC_OK;
static const int ATELIER_CURL_SEEK_CANNOT = CURL_SEEKFUNC_CANTSEEK;
static const int ATELIER_CURL_PAUSE_RECV = CURLPAUSE_RECV;
static const int ATELIER_CURL_PAUSE_SEND = CURLPAUSE_SEND;
static const long ATELIER_CURL_HTTP_1_1 = CURL_HTTP_VERSION_1_1;
static const long ATELIER_CURL_USESSL_NONE = CURLUSESSL_NONE;
static const long ATELIER_CURL_USESSL_TRY = CURLUSESSL_TRY;
static const long ATELIER_CURL_USESSL_ALL = CURLUSESSL_ALL;

/* A callback that opens the socket for an address, or refuses with -1. */
typedef int (*atelier_curl_opener)(int family, int type, int protocol, const struct sockaddr *address);

static inline curl_socket_t atelier_curl_open(void *opener, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    int found = ((atelier_curl_opener)opener)(address->family, address->socktype, address->protocol, &address->addr);
    return found < 0 ? CURL_SOCKET_BAD : found;
}

static inline void atelier_curl_open_socket(CURL *h, atelier_curl_opener opener) {
    curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, &atelier_curl_open);
    curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, (void *)opener);
}

static inline int atelier_curl_family(const struct sockaddr *address) { return address->sa_family; }
