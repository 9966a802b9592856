#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void answer_clear(struct answer *a)
{
    a->status = 0;
    a->to_end = false;
    a->left = 0;
    a->n = 0;
}

/* Whether the line at @line, which ends with CRLF, is the header @name. */
static bool is_header(const char *line, const char *end, const char *name)
{
    size_t n = strlen(name);

    return (size_t)(end - line) > n && line[n] == ':' && strncasecmp(line, name, n) == 0;
}

/* What a header line says of the body. Returns false if that is not understood. */
static bool take_line(struct answer *a, const char *line, const char *end)
{
    if (is_header(line, end, "Content-Length")) {
        a->left = strtoull(line + strlen("Content-Length:"), NULL, 10);
        a->to_end = false;
    }
    return !is_header(line, end, "Transfer-Encoding");
}

/* @head ends behind its empty line. */
static bool read_head(struct answer *a, const char *head, size_t n)
{
    const char *end = head + n - 2, *line = head, *next;

    if (n < sizeof "HTTP/1.1 200\r\n" || memcmp(head, "HTTP/1.", 7) != 0)
        return false;
    a->status = atoi(head + sizeof "HTTP/1.1");
    if (a->status < 100 || a->status > 599)
        return false;
    a->to_end = a->status != 204 && a->status != 304;
    while ((next = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        line = next + 1;
        if (!take_line(a, line, end))
            return false;
    }
    return true;
}

static enum answer_is take_body(struct answer *a, size_t n)
{
    if (a->to_end)
        return ANSWER_PART;
    if (n > a->left)
        return ANSWER_BROKEN;
    a->left -= n;
    return a->left == 0 ? ANSWER_WHOLE : ANSWER_PART;
}

/* A head whose end lies in the bytes at hand, with what is behind it. */
static enum answer_is take_head(struct answer *a, const char *bytes, size_t n,
                                const char *end)
{
    size_t head = (size_t)(end - bytes) + 4;

    if (!read_head(a, bytes, head))
        return ANSWER_BROKEN;
    return take_body(a, n - head);
}

enum answer_is answer_take(struct answer *a, const char *bytes, size_t n)
{
    const char *end;

    if (a->status)
        return take_body(a, n);
    if (a->n == 0 && (end = memmem(bytes, n, "\r\n\r\n", 4)) != NULL)
        return take_head(a, bytes, n, end);
    if (n > ANSWER_HEAD_MAX - a->n)
        return ANSWER_BROKEN;
    memcpy(a->head + a->n, bytes, n);
    a->n += n;
    if ((end = memmem(a->head, a->n, "\r\n\r\n", 4)) == NULL)
        return ANSWER_PART;
    return take_head(a, a->head, a->n, end);
}

enum answer_is answer_end(const struct answer *a)
{
    return a->status && a->to_end ? ANSWER_WHOLE : ANSWER_BROKEN;
}
