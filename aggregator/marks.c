/* marks: a small array, searched from its start: a site has one mark for each thread of
 * each collector, and few have many of those. */
#include "marks.h"

#include <endian.h>
#include <stdlib.h>

#define CAP_MIN 2
#define MARK_BYTES 16
#define RETENTION_MINUTES (SENDER_RETENTION_MS / MS_PER_MINUTE)

void marks_init(struct marks *m)
{
    *m = (struct marks){0};
}

void marks_fini(struct marks *m)
{
    free(m->v);
    marks_init(m);
}

static struct mark *find(const struct marks *m, uint64_t stream)
{
    for (struct mark *k = m->v; k < m->v + m->n; k++)
        if (k->stream == stream)
            return k;
    return NULL;
}

static bool reserve(struct marks *m)
{
    unsigned cap = m->cap ? m->cap * 2u : CAP_MIN;
    struct mark *v;

    if (m->n < m->cap)
        return true;
    v = realloc(m->v, cap * sizeof *v);
    if (!v)
        return false;
    m->v = v;
    m->cap = (uint16_t)cap;
    return true;
}

/* The one whose loss is likeliest to cost nothing. After a load all have moved in the
 * same minute, those of senders that are no more as well: but these are not heard of. */
static struct mark *least(const struct marks *m, marks_base_fn base, void *arg)
{
    struct mark *least = m->v;
    bool is_known = base && base(arg, least->stream) > 0;

    for (struct mark *k = m->v + 1; k < m->v + m->n; k++) {
        bool known = base && base(arg, k->stream) > 0;

        if (known == is_known ? k->at >= least->at : known)
            continue;
        least = k;
        is_known = known;
    }
    return least;
}

struct mark *marks_get(struct marks *m, uint64_t stream, minute_t now, marks_base_fn base,
                       void *arg, uint64_t *evicted)
{
    struct mark *k = find(m, stream);

    if (k)
        return k;
    if (m->n == SITE_MARKS_MAX) {
        k = least(m, base, arg);
        ++*evicted;
    } else if (reserve(m)) {
        k = &m->v[m->n++];
    } else {
        return NULL;
    }
    *k = (struct mark){.stream = stream, .at = now};
    return k;
}

/* Minutes may lie ahead of @now when another host's clock was: such a mark is young. */
static bool is_over(const struct mark *k, minute_t now, uint64_t base)
{
    return base > k->seq || (now > k->at && now - k->at > RETENTION_MINUTES);
}

void marks_prune(struct marks *m, minute_t now, marks_base_fn base, void *arg)
{
    uint16_t kept = 0;

    for (uint16_t i = 0; i < m->n; i++)
        if (!is_over(&m->v[i], now, base ? base(arg, m->v[i].stream) : 0))
            m->v[kept++] = m->v[i];
    m->n = kept;
    if (kept == 0)
        marks_fini(m);
}

void marks_write(const struct marks *m, struct buf *out)
{
    for (uint16_t i = 0; i < m->n; i++) {
        uint64_t pair[2] = {htole64(m->v[i].stream), htole64(m->v[i].seq)};

        buf_add(out, pair, sizeof pair);
    }
}

int marks_read(struct marks *m, struct slice text, minute_t now)
{
    size_t n = text.n / MARK_BYTES;
    struct mark *v;

    if (text.n % MARK_BYTES || n > SITE_MARKS_MAX)
        return -1;
    if (n == 0) {
        marks_fini(m);
        return 0;
    }
    if (!(v = malloc(n * sizeof *v)))
        return -1;
    marks_fini(m);
    for (size_t i = 0; i < n; i++) {
        uint64_t pair[2];

        memcpy(pair, text.p + i * MARK_BYTES, sizeof pair);
        v[i] = (struct mark){
            .stream = le64toh(pair[0]),
            .seq = le64toh(pair[1]),
            .loaded = le64toh(pair[1]),
            .at = now,
        };
    }
    *m = (struct marks){.v = v, .n = (uint16_t)n, .cap = (uint16_t)n};
    return 0;
}
