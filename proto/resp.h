/* resp: commands as Redis is sent them, an array of bulk strings (RESP,
 * https://redis.io/docs/reference/protocol-spec). Pure. */
#ifndef HC_RESP_H
#define HC_RESP_H

#include <stddef.h>
#include <string.h>
#include "decimal.h"

#define RESP_HEAD_MAX (1 + DECIMAL_MAX + 2) /* bytes of the longest head */

/* Writes "*12\r\n" or "$5\r\n", a count or a length, to @p; returns what is behind it.
 * Nearly all are below a hundred. */
static inline char *resp_head(char *p, char tag, size_t n)
{
    *p++ = tag;
    if (n >= 100) {
        p += decimal_write(p, n);
    } else {
        if (n >= 10)
            *p++ = (char)('0' + n / 10);
        *p++ = (char)('0' + n % 10);
    }
    memcpy(p, "\r\n", 2);
    return p + 2;
}

/* How long argument @i is; @lens may be NULL when all are strings. */
static inline size_t resp_length(const char **argv, const size_t *lens, size_t i)
{
    return lens ? lens[i] : strlen(argv[i]);
}

/* How many bytes a command takes, and writes it to so many. */
size_t resp_bytes(size_t argc, const char **argv, const size_t *lens);
void resp_put(char *p, size_t argc, const char **argv, const size_t *lens);

#endif
