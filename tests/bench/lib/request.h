/* request: one HTTP request as it goes out, with numbers in it that are others each time.
 *
 * In a template, `{u}` is a visitor (16 hexadecimal digits), `{s}` a site and `{p}` a
 * page (five decimal digits), each drawn anew wherever it stands, so that no table of the
 * server stays in its cache because few payloads come again and again. All are of fixed
 * width: the text is made once, and only its digits are written for each request. Other
 * braces stand for themselves. */
#ifndef HC_BENCH_REQUEST_H
#define HC_BENCH_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_MAX 32768
#define REQUEST_BLANKS_MAX 2048

enum request_blank { BLANK_VISITOR, BLANK_SITE, BLANK_PAGE, BLANK_KINDS };

struct request_form {
    const char *target; /* template */
    const char
        *event;     /* template of one event; NULL: GET, else POST a JSON array of them */
    unsigned batch; /* how many */
    bool small;     /* no headers but the necessary ones; else Chrome's */
    bool last;      /* Connection: close */
};

struct request {
    uint64_t random;             /* state of splitmix64; any value begins it */
    uint64_t below[BLANK_KINDS]; /* drawn numbers are below it; 0: any of 64 bits. Of
                                    sites and pages 1 to 100,000 */
    size_t n;
    unsigned nblanks;
    struct {
        uint16_t at;
        uint8_t kind;
    } blank[REQUEST_BLANKS_MAX];
    char text[REQUEST_MAX];
};

/* Makes the text of @f; `random` and `below` are left as they are. Returns 0, or -1: it
 * is longer than REQUEST_MAX, or has more blanks than REQUEST_BLANKS_MAX. */
int request_init(struct request *r, const struct request_form *f);

/* Draws its numbers anew. */
void request_draw(struct request *r);

#endif
