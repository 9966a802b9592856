/* A frame's length takes as few bytes as it can: one up to 125, two more up to 64 KiB,
 * else eight more, in network byte order. */
#include "ws_frame.h"

#include <assert.h>
#include <endian.h>

#define FIN 0x80
#define LENGTH_16 126
#define LENGTH_64 127

void ws_frame_head(struct buf *out, enum ws_opcode op, uint64_t n)
{
    uint8_t head[2] = {(uint8_t)(FIN | op), (uint8_t)n};
    uint16_t short_length = htobe16((uint16_t)n);
    uint64_t long_length = htobe64(n);

    if (n > WS_CONTROL_MAX)
        head[1] = n <= UINT16_MAX ? LENGTH_16 : LENGTH_64;
    buf_add(out, head, sizeof head);
    if (head[1] == LENGTH_16)
        buf_add(out, &short_length, sizeof short_length);
    else if (head[1] == LENGTH_64)
        buf_add(out, &long_length, sizeof long_length);
}

void ws_frame_close_saying(struct buf *out, uint16_t code, struct slice why)
{
    uint16_t payload = htobe16(code);

    assert(why.n <= WS_CONTROL_MAX - sizeof payload);
    ws_frame_head(out, WS_CLOSE, sizeof payload + why.n);
    buf_add(out, &payload, sizeof payload);
    buf_slice(out, why);
}

void ws_frame_close(struct buf *out, uint16_t code)
{
    if (code == WS_NO_CODE)
        ws_frame_head(out, WS_CLOSE, 0);
    else
        ws_frame_close_saying(out, code, (struct slice){0});
}
