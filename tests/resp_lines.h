/* resp_lines: what Redis says, made of lines, so that lengths and counts are right:
 *
 *   [ and ]     an array of what stands between them
 *   :12  +OK  -ERR ...  _      a number, a status, an error, nil
 *   anything else              a text */
#ifndef HC_TESTS_RESP_LINES_H
#define HC_TESTS_RESP_LINES_H

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "../proto/buf.h"
#include "text_list.h"

#define RESP_DEPTH_MAX 9 /* hiredis goes no deeper than 7 */
#define RESP_BYTES_MAX (1 << 20)

/* Lines up to "]" as values behind each other. Returns how many. */
static inline size_t resp_lines(struct slice *rest, struct buf *out, unsigned depth)
{
    size_t n = 0;

    while (rest->n > 0) {
        struct slice line = take_line(rest);
        struct buf inner;

        if (line.n == 1 && line.p[0] == ']')
            break;
        n++;
        if (line.n == 1 && line.p[0] == '[' && depth < RESP_DEPTH_MAX) {
            buf_init(&inner, RESP_BYTES_MAX);
            buf_printf(out, "*%zu\r\n", resp_lines(rest, &inner, depth + 1));
            buf_slice(out, buf_get(&inner));
            buf_fini(&inner);
        } else if (line.n > 1 && memchr(":+-", line.p[0], 3)) {
            buf_slice(out, line);
            buf_str(out, "\r\n");
        } else if (line.n == 1 && line.p[0] == '_') {
            buf_str(out, "$-1\r\n");
        } else {
            buf_printf(out, "$%zu\r\n", line.n);
            buf_slice(out, line);
            buf_str(out, "\r\n");
        }
    }
    return n;
}

/* A reader that was fed @data: bytes of Redis if the first of them is odd, else lines of
 * them. NULL: they are too many. */
static inline redisReader *resp_reader(struct slice data)
{
    struct slice rest = slice_skip(data, 1);
    redisReader *reader = NULL;
    struct buf bytes;

    buf_init(&bytes, RESP_BYTES_MAX);
    if (data.p[0] & 1)
        buf_slice(&bytes, rest);
    else
        resp_lines(&rest, &bytes, 0);
    if (!bytes.full && (reader = redisReaderCreate()) != NULL)
        redisReaderFeed(reader, bytes.p, bytes.n);
    buf_fini(&bytes);
    return reader;
}

/* The next reply, NULL: there is none, and the connection broke. */
static inline redisReply *resp_next(redisReader *reader)
{
    void *reply = NULL;

    return redisReaderGetReply(reader, &reply) == REDIS_OK ? reply : NULL;
}

#endif
