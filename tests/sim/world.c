/* world: a binary heap, a die, and a ring of notes that are formatted only for whom a
 * failure is shown. */
#include "world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void world_init(struct world *w, uint64_t seed)
{
    memset(w, 0, offsetof(struct world, failed));
    w->seed = seed;
    w->dice.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    w->digest = UINT64_C(14695981039346656037);
}

void world_fini(struct world *w)
{
    free(w->queue);
    w->queue = NULL;
    w->n = w->cap = 0;
}

/* ---- the queue ---------------------------------------------------------- */

static bool before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void world_at(struct world *w, us_t at, event_fn fn, void *arg, uint64_t token)
{
    struct event e = {at > w->now ? at : w->now, ++w->order, fn, arg, token};
    size_t i;

    if (at == NEVER)
        return;
    if (w->n == w->cap) {
        w->cap = w->cap ? w->cap * 2 : 256;
        w->queue = realloc(w->queue, w->cap * sizeof *w->queue);
        assert(w->queue);
    }
    for (i = w->n++; i > 0 && before(&e, &w->queue[(i - 1) / 2]); i = (i - 1) / 2)
        w->queue[i] = w->queue[(i - 1) / 2];
    w->queue[i] = e;
}

static struct event take(struct world *w)
{
    struct event first = w->queue[0], last = w->queue[--w->n];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < w->n; i = child) {
        if (child + 1 < w->n && before(&w->queue[child + 1], &w->queue[child]))
            child++;
        if (!before(&w->queue[child], &last))
            break;
        w->queue[i] = w->queue[child];
    }
    w->queue[i] = last;
    return first;
}

void world_run(struct world *w, us_t until)
{
    while (w->n > 0 && w->queue[0].at <= until) {
        struct event e = take(w);

        w->now = e.at;
        if (++w->events > WORLD_EVENTS_MAX)
            world_fail(w, "no end of events: somebody turns in circles");
        e.fn(e.arg, e.token);
    }
    w->now = until;
}

/* ---- chance ------------------------------------------------------------- */

uint64_t draw(struct world *w, uint64_t n)
{
    return dice_below(&w->dice, n);
}

int64_t draw_from(struct world *w, int64_t from, int64_t to)
{
    return from + (int64_t)draw(w, (uint64_t)(to - from) + 1);
}

bool draw_yes(struct world *w, unsigned permille)
{
    return permille > 0 && draw(w, 1000) < permille;
}

us_t draw_one(struct world *w, const us_t *v, size_t n)
{
    return v[draw(w, n)];
}

/* ---- memory ------------------------------------------------------------- */

static void digest_number(struct world *w, uint64_t v)
{
    w->digest = (w->digest ^ v) * UINT64_C(1099511628211);
    w->digest ^= w->digest >> 29;
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void print_note(const struct note *n, FILE *out)
{
    fprintf(out, "  %10.3f ms  ", (double)n->at / 1000);
    fprintf(out, n->format, n->v[0], n->v[1], n->v[2], n->v[3]);
    fputc('\n', out);
}

void world_note(struct world *w, const char *format, long a, long b, long c, long d)
{
    struct note *n = &w->note[w->notes++ % NOTES];

    *n = (struct note){w->now, format, {a, b, c, d}};
    digest_number(w, (uint64_t)w->now);
    digest_number(w, (uint64_t)strlen(format));
    for (unsigned i = 0; i < 4; i++)
        digest_number(w, (uint64_t)n->v[i]);
    if (w->loud)
        print_note(n, stderr);
}

uint64_t world_digest(const struct world *w)
{
    return w->digest;
}

void world_fail(struct world *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(w->failure, sizeof w->failure, format, args);
    va_end(args);
    siglongjmp(w->failed, 1);
}

void world_print(const struct world *w, FILE *out)
{
    uint64_t from = w->notes > NOTES ? w->notes - NOTES : 0;

    for (uint64_t i = from; i < w->notes; i++)
        print_note(&w->note[i % NOTES], out);
}
