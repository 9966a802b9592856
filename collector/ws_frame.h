/* ws_frame: WebSocket frames as a server sends them: whole, never masked (RFC 6455, 5).
 */
#ifndef HC_WS_FRAME_H
#define HC_WS_FRAME_H

#include <stdint.h>
#include "../proto/buf.h"

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8, /* from here on: control frames */
    WS_PING = 9,
    WS_PONG = 10,
};
#define WS_CONTROL_MAX 125 /* payload of a control frame, bytes */

/* Why a connection ends (RFC 6455, 7.4.1). */
enum ws_code {
    WS_NORMAL = 1000,
    WS_GOING_AWAY = 1001,
    WS_PROTOCOL_ERROR = 1002,
    WS_NO_CODE = 1005, /* never sent: the close frame had no payload */
    WS_BAD_TEXT = 1007,
    WS_POLICY = 1008,
    WS_TOO_BIG = 1009,
    WS_TRY_LATER = 1013,
};

/* Appends what stands before a payload of @n bytes. */
void ws_frame_head(struct buf *out, enum ws_opcode op, uint64_t n);

/* Appends a close frame; WS_NO_CODE: without a payload. */
void ws_frame_close(struct buf *out, uint16_t code);

/* The same with a reason, at most WS_CONTROL_MAX - 2 bytes; @code is not WS_NO_CODE. */
void ws_frame_close_saying(struct buf *out, uint16_t code, struct slice why);

#endif
