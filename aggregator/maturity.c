/* maturity: a ring of barriers.
 *
 * A barrier enters at the end of the ring when its round is confirmed and leaves at the
 * head a hold later. Two of them begin a thirty-second part of that apart, so no more
 * than 33 come in a hold. When replies stay away for longer the newest takes in what
 * follows: the ring never overflows and nothing is dropped, it only matures later. */
#include "maturity.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_MARKS 16

void barrier_init(struct barrier *b)
{
    *b = (struct barrier){0};
}

void barrier_fini(struct barrier *b)
{
    free(b->mark);
    barrier_init(b);
}

static void reserve(struct barrier *b, size_t n)
{
    size_t cap = b->cap ? b->cap : FIRST_MARKS;

    if (n <= b->cap)
        return;
    while (cap < n)
        cap *= 2;
    b->mark = realloc(b->mark, cap * sizeof *b->mark);
    if (!b->mark)
        abort(); /* a mark left out would never be made again */
    b->cap = cap;
}

void barrier_add(struct barrier *b, uint32_t stream, uint64_t id, uint64_t seq)
{
    reserve(b, b->n + 1);
    b->mark[b->n++] = (struct barrier_mark){.stream = stream, .id = id, .seq = seq};
}

/* By stream, its highest number first. */
static int by_stream(const void *a, const void *b)
{
    const struct barrier_mark *x = a, *y = b;

    if (x->stream != y->stream)
        return x->stream < y->stream ? -1 : 1;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->seq < y->seq) - (x->seq > y->seq);
}

/* Leaves the highest mark of every stream. */
static void compact(struct barrier *b)
{
    size_t n = 0;

    qsort(b->mark, b->n, sizeof *b->mark, by_stream);
    for (size_t i = 0; i < b->n; i++)
        if (n == 0 || b->mark[n - 1].stream != b->mark[i].stream ||
            b->mark[n - 1].id != b->mark[i].id)
            b->mark[n++] = b->mark[i];
    b->n = n;
}

/* Adds the marks of @from to @b. Those of one stream may stand there twice, the higher
 * one tells; but where there are more marks than there may be streams they are sifted,
 * which bounds them. */
static void join(struct barrier *b, struct barrier *from)
{
    reserve(b, b->n + from->n);
    if (from->n > 0)
        memcpy(b->mark + b->n, from->mark, from->n * sizeof *from->mark);
    b->n += from->n;
    from->n = 0;
    if (b->n > STREAMS_MAX)
        compact(b);
}

static struct barrier *nth(struct maturity *m, unsigned i)
{
    return &m->queue[(m->first + i) % MATURITY_MAX];
}

static void swap(struct barrier *a, struct barrier *b)
{
    struct barrier t = *a;

    *a = *b;
    *b = t;
}

void maturity_init(struct maturity *m)
{
    *m = (struct maturity){.hold = HOLD_MS};
}

void maturity_fini(struct maturity *m)
{
    for (unsigned i = 0; i < MATURITY_MAX; i++)
        barrier_fini(&m->queue[i]);
    maturity_init(m);
}

/* Whether what is confirmed @now shares the place of the newest. Counted from the
 * newest's first part: from its last, a steady stream would be joined for ever. */
static bool joins(const struct maturity *m, mono_t now)
{
    return m->n == MATURITY_MAX || (m->n > 0 && now - m->opened < m->hold / 32);
}

void maturity_push(struct maturity *m, struct barrier *b, mono_t now)
{
    if (b->n == 0)
        return;
    if (joins(m, now)) {
        join(nth(m, m->n - 1), b);
    } else {
        m->opened = now;
        swap(nth(m, m->n++), b);
    }
    nth(m, m->n - 1)->at = now;
    b->n = 0;
}

void maturity_clear(struct maturity *m)
{
    for (unsigned i = 0; i < m->n; i++)
        nth(m, i)->n = 0;
    m->n = 0;
}

mono_t maturity_due(const struct maturity *m)
{
    return m->n > 0 ? m->queue[m->first].at + m->hold : INT64_MAX;
}

bool maturity_take(struct maturity *m, mono_t sent, struct barrier *out)
{
    out->n = 0;
    if (sent < maturity_due(m) || m->n == 0)
        return false;
    swap(nth(m, 0), out);
    m->first = (m->first + 1) % MATURITY_MAX;
    m->n--;
    return true;
}
