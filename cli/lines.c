/* Bytes are put behind each other and lines taken off the front; what is left of a line
 * moves to the front before the next read. A line that fills ACCESS_LINE_MAX without an
 * end is dropped piece by piece until its end comes, and reported once, there. */
#include "lines.h"

#include <assert.h>

void lines_init(struct lines *l)
{
    l->at = l->n = 0;
    l->skipping = l->ended = false;
    l->taken = 0;
}

char *lines_room(struct lines *l, size_t *n)
{
    memmove(l->bytes, l->bytes + l->at, l->n - l->at);
    l->n -= l->at;
    l->at = 0;
    *n = sizeof l->bytes - l->n;
    return l->bytes + l->n;
}

void lines_filled(struct lines *l, size_t n)
{
    assert(n <= sizeof l->bytes - l->n);
    l->n += n;
}

void lines_end(struct lines *l)
{
    l->ended = true;
}

/* Takes @n bytes off the front. */
static struct slice take(struct lines *l, size_t n)
{
    struct slice s = {l->bytes + l->at, n};

    l->at += n;
    l->taken += n;
    return s;
}

/* A line of which no end is in sight. */
static enum line_result next_open(struct lines *l, struct slice *line)
{
    size_t left = l->n - l->at;

    if (l->skipping || left > ACCESS_LINE_MAX) {
        bool was_skipping = l->skipping;

        take(l, left);
        l->skipping = !l->ended;
        return l->ended && (was_skipping || left > 0) ? LINE_TOO_LONG : LINE_NONE;
    }
    if (!l->ended || left == 0)
        return LINE_NONE;
    *line = take(l, left);
    return LINE_WHOLE;
}

enum line_result lines_next(struct lines *l, struct slice *line)
{
    const char *end = memchr(l->bytes + l->at, '\n', l->n - l->at);
    size_t n;

    if (end == NULL)
        return next_open(l, line);
    n = (size_t)(end - (l->bytes + l->at));
    *line = take(l, n + 1);
    line->n = n;
    if (l->skipping || n > ACCESS_LINE_MAX) {
        l->skipping = false;
        return LINE_TOO_LONG;
    }
    if (n > 0 && line->p[n - 1] == '\r')
        line->n--;
    return LINE_WHOLE;
}
