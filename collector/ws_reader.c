/* A frame is a head of 2 to 14 bytes, taken byte by byte, and a payload. The head is
 * judged at its first byte, at its second, and when it is complete; text at each byte of
 * it; what a close frame says at its end. Each judge returns 0 or the code to close with.
 *
 * A client that claims a length over the bound is told so before it has sent it. */
#include "ws_reader.h"

#include <endian.h>
#include "../proto/limits.h"

#define FIN 0x80
#define RESERVED 0x70 /* for extensions, and none was agreed on */
#define OPCODE 0x0f
#define MASKED 0x80
#define LENGTH 0x7f
#define LENGTH_16 126
#define LENGTH_64 127
#define MASK_BYTES 4

static enum ws_opcode opcode(const struct ws_reader *r)
{
    return r->head[0] & OPCODE;
}

static bool is_control(const struct ws_reader *r)
{
    return opcode(r) >= WS_CLOSE;
}

static bool is_final(const struct ws_reader *r)
{
    return r->head[0] & FIN;
}

/* Bytes of the head, once the second is here. */
static size_t head_size(const struct ws_reader *r)
{
    uint8_t length = r->head[1] & LENGTH;

    return 2 + (length == LENGTH_16 ? 2 : length == LENGTH_64 ? 8 : 0) + MASK_BYTES;
}

static uint64_t payload_size(const struct ws_reader *r)
{
    uint8_t length = r->head[1] & LENGTH;
    uint16_t short_length;
    uint64_t long_length;

    memcpy(&short_length, r->head + 2, sizeof short_length);
    memcpy(&long_length, r->head + 2, sizeof long_length);
    if (length < LENGTH_16)
        return length;
    return length == LENGTH_16 ? be16toh(short_length) : be64toh(long_length);
}

static uint16_t judge_opcode(const struct ws_reader *r)
{
    bool good = false;

    switch (opcode(r)) {
    case WS_CONTINUATION:
        good = r->kind != 0;
        break;
    case WS_TEXT:
    case WS_BINARY:
        good = r->kind == 0;
        break;
    case WS_CLOSE:
    case WS_PING:
    case WS_PONG:
        good = is_final(r);
        break;
    }
    return good && !(r->head[0] & RESERVED) ? 0 : WS_PROTOCOL_ERROR;
}

/* A close frame with a payload begins it with two bytes of code. */
static uint16_t judge_short_length(const struct ws_reader *r)
{
    uint8_t length = r->head[1] & LENGTH;

    if (!(r->head[1] & MASKED) || (is_control(r) && length > WS_CONTROL_MAX) ||
        (opcode(r) == WS_CLOSE && length == 1))
        return WS_PROTOCOL_ERROR;
    return 0;
}

static uint64_t message_max(const struct ws_reader *r)
{
    return r->keep ? r->keep->max : WS_MESSAGE_MAX;
}

/* As few bytes as can be, and the first bit of eight is zero (RFC 6455, 5.2). */
static uint16_t judge_long_length(const struct ws_reader *r)
{
    uint8_t length = r->head[1] & LENGTH;
    uint64_t n = payload_size(r);

    if ((length == LENGTH_16 && n < LENGTH_16) ||
        (length == LENGTH_64 && (n <= UINT16_MAX || n > INT64_MAX)))
        return WS_PROTOCOL_ERROR;
    return !is_control(r) && n > message_max(r) - r->message ? WS_TOO_BIG : 0;
}

static void begin_payload(struct ws_reader *r)
{
    r->in_payload = true;
    r->left = payload_size(r);
    r->turn = 0;
    if (is_control(r))
        r->control_n = 0;
    else if (opcode(r) != WS_CONTINUATION)
        r->kind = opcode(r);
}

static uint16_t take_head(struct ws_reader *r, struct slice *in)
{
    uint16_t code = 0;

    r->head[r->head_n++] = (uint8_t)*in->p;
    *in = slice_skip(*in, 1);
    if (r->head_n == 1)
        code = judge_opcode(r);
    else if (r->head_n == 2)
        code = judge_short_length(r);
    else if (r->head_n == head_size(r) && (code = judge_long_length(r)) == 0)
        begin_payload(r);
    return code;
}

static uint8_t unmask(struct ws_reader *r, char byte)
{
    const uint8_t *mask = r->head + r->head_n - MASK_BYTES;

    return (uint8_t)byte ^ mask[r->turn++ % MASK_BYTES];
}

/* What is here of the payload. */
static uint16_t take_payload(struct ws_reader *r, struct slice *in)
{
    size_t n = in->n < r->left ? in->n : (size_t)r->left;
    const char *p = in->p, *end = in->p + n;

    *in = slice_skip(*in, n);
    r->left -= n;
    if (is_control(r)) {
        while (p < end)
            r->control[r->control_n++] = unmask(r, *p++);
        return 0;
    }
    r->message += (uint32_t)n;
    while ((r->kind == WS_TEXT || r->keep) && p < end) {
        uint8_t byte = unmask(r, *p++);

        if (r->keep)
            buf_add(r->keep, &byte, 1);
        if (r->kind == WS_TEXT && !utf8_check_take(&r->text, byte))
            return WS_BAD_TEXT;
    }
    return 0;
}

/* The codes that may be sent: those of the RFC, of libraries, of applications. */
static bool is_code(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) ||
           (code >= 3000 && code <= 4999);
}

static bool is_text(const uint8_t *p, size_t n)
{
    struct utf8_check text = {0};

    for (size_t i = 0; i < n; i++)
        if (!utf8_check_take(&text, p[i]))
            return false;
    return text.more == 0;
}

/* Two bytes of code and a reason, or nothing. */
static enum ws_event end_close(struct ws_reader *r)
{
    r->over = true;
    r->code = WS_NO_CODE;
    if (r->control_n == 0)
        return WS_ENDED;
    r->code = (uint16_t)(r->control[0] << 8 | r->control[1]);
    if (!is_code(r->code))
        r->code = WS_PROTOCOL_ERROR;
    else if (!is_text(r->control + 2, r->control_n - 2u))
        r->code = WS_BAD_TEXT;
    else
        return WS_ENDED;
    return WS_FAILED;
}

static enum ws_event fail(struct ws_reader *r, uint16_t code)
{
    r->over = true;
    r->code = code;
    return WS_FAILED;
}

static enum ws_event end_data(struct ws_reader *r)
{
    if (!is_final(r))
        return WS_NOTHING;
    if (r->text.more > 0)
        return fail(r, WS_BAD_TEXT);
    r->kind = 0;
    r->message = 0;
    return WS_MESSAGE;
}

static enum ws_event end_frame(struct ws_reader *r)
{
    r->in_payload = false;
    r->head_n = 0;
    switch (opcode(r)) {
    case WS_CLOSE:
        return end_close(r);
    case WS_PING:
        return WS_PINGED;
    case WS_PONG:
        return WS_PONGED;
    default:
        return end_data(r);
    }
}

enum ws_event ws_reader_next(struct ws_reader *r, struct slice *in)
{
    enum ws_event event = WS_NOTHING;

    while (event == WS_NOTHING && in->n > 0 && !r->over) {
        uint16_t code = r->in_payload ? take_payload(r, in) : take_head(r, in);

        if (code)
            event = fail(r, code);
        else if (r->in_payload && r->left == 0)
            event = end_frame(r);
    }
    if (r->over)
        *in = slice_skip(*in, in->n);
    return event;
}
