/* The head is gathered until its blank line, whatever the pieces; the body is only
 * counted down. A collector says Content-Length in every answer that has a body; a proxy
 * in between may not, and then every answer costs a connection. Chunks are not taken
 * apart: no program that stands there sends a pixel or its own error pages so. */
#include "answers.h"

#include <string.h>
#include <strings.h>
#include "../proto/slice.h"

void answers_init(struct answers *a)
{
    a->head_n = 0;
    a->in_body = false;
    a->body_left = 0;
}

/* "HTTP/1.1 200 OK" */
static bool read_status(struct slice line, struct answer *out)
{
    const char *p = line.p;

    if (line.n < 12 || memcmp(p, "HTTP/1.", 7) != 0 || (p[7] != '0' && p[7] != '1') ||
        p[8] != ' ')
        return false;
    out->status = 0;
    for (int i = 9; i < 12; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        out->status = out->status * 10 + (unsigned)(p[i] - '0');
    }
    out->last = p[7] == '0';
    out->lost = false;
    out->verdict[0] = '\0';
    return out->status >= 100 && out->status <= 599;
}

/* Cuts a line off the front, without its CRLF or LF. */
static struct slice take_line(struct slice *rest)
{
    const char *end = memchr(rest->p, '\n', rest->n);
    struct slice line = {rest->p, end ? (size_t)(end - rest->p) : rest->n};

    *rest = slice_skip(*rest, end ? line.n + 1 : line.n);
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* The value of @line if it is the field @name (with its colon). */
static bool is_field(struct slice line, const char *name, struct slice *value)
{
    size_t n = strlen(name);

    if (line.n < n || strncasecmp(line.p, name, n) != 0)
        return false;
    *value = slice_skip(line, n);
    while (value->n > 0 && (value->p[0] == ' ' || value->p[0] == '\t'))
        *value = slice_skip(*value, 1);
    return true;
}

static bool read_length(struct slice value, uint64_t *length)
{
    *length = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9' || *length > UINT32_MAX)
            return false;
        *length = *length * 10 + (uint64_t)(value.p[i] - '0');
    }
    return value.n > 0;
}

static void read_verdict(struct slice value, struct answer *out)
{
    size_t n = value.n < ANSWER_VERDICT_MAX - 1 ? value.n : ANSWER_VERDICT_MAX - 1;

    memcpy(out->verdict, value.p, n);
    out->verdict[n] = '\0';
}

/* Whatever Content-Length says (RFC 9112, section 6.3). */
static bool has_no_body(unsigned status)
{
    return status / 100 == 1 || status == 204 || status == 304;
}

/* Reads a whole head into @out and the length of the body that follows. */
static bool read_head(struct slice head, struct answer *out, uint64_t *body)
{
    bool framed = false;
    struct slice value;

    if (!read_status(take_line(&head), out))
        return false;
    *body = 0;
    while (head.n > 0) {
        struct slice line = take_line(&head);

        if (is_field(line, "Content-Length:", &value)) {
            if (!read_length(value, body))
                return false;
            framed = true;
        } else if (is_field(line, "Transfer-Encoding:", &value)) {
            out->lost = true;
        } else if (is_field(line, "Connection:", &value)) {
            out->last = value.n >= 5 && strncasecmp(value.p, "close", 5) == 0;
        } else if (is_field(line, "X-Headcount:", &value)) {
            read_verdict(value, out);
        }
    }
    if (has_no_body(out->status) || out->lost || !framed)
        *body = 0;
    if (!has_no_body(out->status) && !framed && !out->lost)
        out->last = true;
    return true;
}

/* Whether the head is complete: an empty line ends it. */
static bool ends_head(const struct answers *a)
{
    const char *end = a->head + a->head_n;

    return (a->head_n >= 4 && memcmp(end - 4, "\r\n\r\n", 4) == 0) ||
           (a->head_n >= 2 && memcmp(end - 2, "\n\n", 2) == 0);
}

/* Takes bytes of a head up to its end. Returns -1 when it is none. */
static ssize_t take_head(struct answers *a, const char *p, size_t n)
{
    size_t i = 0;

    while (i < n) {
        if (a->head_n == sizeof a->head)
            return -1;
        a->head[a->head_n++] = p[i++];
        if (p[i - 1] != '\n' || !ends_head(a))
            continue;
        if (!read_head((struct slice){a->head, a->head_n}, &a->answer, &a->body_left))
            return -1;
        a->head_n = 0;
        a->in_body = a->answer.status / 100 != 1;
        break;
    }
    return (ssize_t)i;
}

ssize_t answers_take(struct answers *a, const char *p, size_t n, bool *whole,
                     struct answer *out)
{
    size_t taken = 0;

    *whole = false;
    while (!a->in_body && taken < n) {
        ssize_t head = take_head(a, p + taken, n - taken);

        if (head < 0)
            return -1;
        taken += (size_t)head;
    }
    if (!a->in_body)
        return (ssize_t)taken;
    if (a->body_left > n - taken) {
        a->body_left -= n - taken;
        return (ssize_t)n;
    }
    taken += a->body_left;
    a->in_body = false;
    *whole = true;
    *out = a->answer;
    return (ssize_t)taken;
}
