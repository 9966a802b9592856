/* request: the body is written behind the head before its length is known, for the length
 * has a fixed width, too. */
#include "request.h"

#include <string.h>
#include "chrome.h"

/* With the target of rows/pixel.mjs a request has 803 bytes. */
static const char chromes[] = CHROME_HEADERS(
    "131", "https://www.example.com/articles/2025/11/how-many-people-are-here-now"
           "-and-which-of-its-pages-each-of-them-is-reading");

static const struct {
    const char *name;
    unsigned digits, base;
} blanks[BLANK_KINDS] = {
    [BLANK_VISITOR] = {"{u}", 16, 16},
    [BLANK_SITE] = {"{s}", 5, 10},
    [BLANK_PAGE] = {"{p}", 5, 10},
};

/* ---- making the text ---- */

/* Writes on behind what is there. What does not fit is only counted in `n`. */
static void put(struct request *r, const char *text, size_t n)
{
    if (r->n + n <= REQUEST_MAX)
        memcpy(r->text + r->n, text, n);
    r->n += n;
}

static void put_text(struct request *r, const char *text)
{
    put(r, text, strlen(text));
}

static void put_blank(struct request *r, unsigned kind)
{
    if (r->nblanks < REQUEST_BLANKS_MAX) {
        r->blank[r->nblanks].at = (uint16_t)r->n;
        r->blank[r->nblanks].kind = (uint8_t)kind;
    }
    r->nblanks++;
    put(r, "0000000000000000", blanks[kind].digits);
}

static unsigned kind_at(const char *text)
{
    unsigned kind = 0;

    while (kind < BLANK_KINDS &&
           strncmp(text, blanks[kind].name, strlen(blanks[kind].name)) != 0)
        kind++;
    return kind;
}

static void put_template(struct request *r, const char *text)
{
    while (*text) {
        unsigned kind = kind_at(text);

        if (kind < BLANK_KINDS) {
            put_blank(r, kind);
            text += strlen(blanks[kind].name);
        } else {
            put(r, text++, 1);
        }
    }
}

/* @number into the @digits places at @at, zeros in front. */
static void write_number(char *at, unsigned digits, unsigned base, uint64_t number)
{
    while (digits-- > 0) {
        at[digits] = "0123456789abcdef"[number % base];
        number /= base;
    }
}

static void put_body(struct request *r, const struct request_form *f)
{
    size_t length_at, begin;

    put_text(r, "Content-Type: application/json\r\nContent-Length: ");
    length_at = r->n;
    put_text(r, "00000\r\n\r\n[");
    begin = r->n - 1;
    for (unsigned i = 0; i < f->batch; i++) {
        if (i > 0)
            put_text(r, ",");
        put_template(r, f->event);
    }
    put_text(r, "]");
    if (r->n <= REQUEST_MAX)
        write_number(r->text + length_at, 5, 10, r->n - begin);
}

int request_init(struct request *r, const struct request_form *f)
{
    r->n = 0;
    r->nblanks = 0;
    put_text(r, f->event ? "POST " : "GET ");
    put_template(r, f->target);
    put_text(r, f->small ? " HTTP/1.1\r\nHost: x\r\n"
                         : " HTTP/1.1\r\nHost: stats.example.com\r\n");
    if (f->last)
        put_text(r, "Connection: close\r\n");
    else if (!f->small)
        put_text(r, "Connection: keep-alive\r\n");
    if (!f->small)
        put_text(r, chromes);
    if (f->event)
        put_body(r, f);
    else
        put_text(r, "\r\n");
    return r->n <= REQUEST_MAX && r->nblanks <= REQUEST_BLANKS_MAX ? 0 : -1;
}

/* ---- drawing ---- */

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void request_draw(struct request *r)
{
    for (unsigned i = 0; i < r->nblanks; i++) {
        unsigned kind = r->blank[i].kind;
        uint64_t number = random_next(&r->random);

        if (r->below[kind])
            number %= r->below[kind];
        write_number(r->text + r->blank[i].at, blanks[kind].digits, blanks[kind].base,
                     number);
    }
}
