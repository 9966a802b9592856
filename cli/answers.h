/* answers: HTTP/1.x answers taken off a connection, as far as a replay needs them: the
 * status, the collector's verdict, and where the next one begins. */
#ifndef HC_ANSWERS_H
#define HC_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "../proto/limits.h"

#define ANSWER_VERDICT_MAX 32

struct answer {
    unsigned status;
    bool last;                        /* the collector ends the connection after it */
    bool lost;                        /* nobody knows where the next one begins */
    char verdict[ANSWER_VERDICT_MAX]; /* of the X-Headcount header, cut; "" for none */
};

struct answers {
    size_t head_n; /* bytes of a head not complete */
    char head[HTTP_HEAD_MAX];
    bool in_body;
    uint64_t body_left;
    struct answer answer; /* whose body is being skipped */
};

void answers_init(struct answers *a);

/* Takes bytes off the front of @p. Returns how many; *whole tells whether an answer ended
 * with them and is in @out (call again with the rest), else all @n were taken. -1 when
 * this is not HTTP, or a head is beyond HTTP_HEAD_MAX.
 *
 * Interim answers (1xx) are passed over. An answer whose end only the end of the
 * connection tells ends with its head and is `last`; one that is chunked is `lost`. */
ssize_t answers_take(struct answers *a, const char *p, size_t n, bool *whole,
                     struct answer *out);

#endif
