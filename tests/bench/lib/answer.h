/* answer: finds the end of one HTTP answer in the bytes that come, whatever the parts. It
 * understands Content-Length and answers that end with their connection; no chunks. */
#ifndef HC_BENCH_ANSWER_H
#define HC_BENCH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_HEAD_MAX 2048

enum answer_is { ANSWER_PART, ANSWER_WHOLE, ANSWER_BROKEN };

struct answer {
    int status;    /* 0: the head is not whole yet */
    bool to_end;   /* has no length, so it ends with the connection */
    uint64_t left; /* of the body */
    size_t n;      /* of a head that came in parts */
    char head[ANSWER_HEAD_MAX];
};

/* Begins anew. */
void answer_clear(struct answer *a);

/* The next @n bytes. Broken: no HTTP/1.x, a head beyond ANSWER_HEAD_MAX, chunks, or bytes
 * behind its end, which nobody has asked for. */
enum answer_is answer_take(struct answer *a, const char *bytes, size_t n);

/* The connection was closed in order. */
enum answer_is answer_end(const struct answer *a);

#endif
