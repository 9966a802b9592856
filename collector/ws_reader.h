/* ws_reader: reads the frames of a WebSocket client out of any pieces of bytes.
 *
 * It judges all of RFC 6455 and keeps next to nothing: what clients say is hardly ever
 * wanted here, so of a message it remembers its length and whether it is well-formed text
 * so far. Who does want it gives a buffer. Memory is constant; no socket, no clock. Every
 * byte is judged when it comes, so that pieces get the same verdict as the whole, and
 * garbage gets it at once. */
#ifndef HC_WS_READER_H
#define HC_WS_READER_H

#include "../proto/utf8.h"
#include "ws_frame.h"

#define WS_CLIENT_HEAD_MAX 14 /* opcode, length, eight more of it, mask */

/* All zero: before the first frame. */
struct ws_reader {
    uint64_t left;    /* bytes to come of this frame's payload */
    uint32_t message; /* bytes of the message under way */
    uint16_t code;    /* of WS_ENDED and WS_FAILED */
    uint8_t head[WS_CLIENT_HEAD_MAX];
    uint8_t head_n;         /* bytes of it that came */
    bool in_payload;        /* the head is complete */
    bool over;              /* nothing more is read */
    uint8_t turn;           /* of the mask's four bytes */
    uint8_t kind;           /* WS_TEXT or WS_BINARY while such a message is under way */
    struct utf8_check text; /* of the message */
    struct buf *keep; /* the caller's: takes messages; a longer one than its ceiling is
                         too big. NULL: they are not kept, and WS_MESSAGE_MAX is theirs */
    uint8_t control_n;
    uint8_t control[WS_CONTROL_MAX]; /* payload of a control frame */
};

enum ws_event {
    WS_NOTHING, /* all bytes are taken */
    WS_MESSAGE, /* a text or binary message is complete, in `keep`, which the caller
                   clears */
    WS_PINGED,  /* answer with `control` */
    WS_PONGED,
    WS_ENDED,  /* the client closes; answer with `code`, which may be WS_NO_CODE */
    WS_FAILED, /* the client broke the rules; tell it `code`, and close */
};

/* Takes bytes off @in up to the next event. After WS_ENDED and WS_FAILED everything is
 * taken and nothing happens. */
enum ws_event ws_reader_next(struct ws_reader *r, struct slice *in);

#endif
