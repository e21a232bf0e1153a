#pragma once
#include <wslay/wslay.h>
#include <string.h>

/* wslay's callbacks with names of fields that are no keywords. */
static inline int atelier_wslay_server(
    wslay_event_context_ptr *context, wslay_event_recv_callback receive, wslay_event_send_callback send,
    wslay_event_on_msg_recv_callback message, void *user) {
    struct wslay_event_callbacks callbacks;
    memset(&callbacks, 0, sizeof callbacks);
    callbacks.recv_callback = receive;
    callbacks.send_callback = send;
    callbacks.on_msg_recv_callback = message;
    return wslay_event_context_server_init(context, &callbacks, user);
}

static inline int atelier_wslay_queue(wslay_event_context_ptr context, uint8_t opcode, const uint8_t *bytes, size_t n) {
    struct wslay_event_msg message = {opcode, bytes, n};
    return wslay_event_queue_msg(context, &message);
}

static inline void atelier_wslay_would_block(wslay_event_context_ptr context) {
    wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
}

static const uint8_t ATELIER_WSLAY_TEXT = WSLAY_TEXT_FRAME;
static const uint8_t ATELIER_WSLAY_BINARY = WSLAY_BINARY_FRAME;
static const uint8_t ATELIER_WSLAY_PING = WSLAY_PING;
