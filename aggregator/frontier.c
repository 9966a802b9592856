/* frontier: the list of streams that moved, and what becomes of it. Stream.barred is the
 * highest mark made for a stream; it falls back to what is durable when marks are given
 * up. */
#include "frontier.h"

void frontier_init(struct frontier *f, struct streams *streams)
{
    *f = (struct frontier){.streams = streams, .moved = NO_STREAM};
}

void frontier_move(struct frontier *f, struct stream *s)
{
    if (s->moved)
        return;
    s->moved = true;
    s->next_moved = f->moved;
    f->moved = streams_place(f->streams, s);
}

struct stream *frontier_stream(const struct frontier *f, const struct barrier_mark *m)
{
    struct stream *s = m->stream < f->streams->n ? &f->streams->v[m->stream] : NULL;

    return s && s->id == m->id ? s : NULL;
}

/* Of the marks of @b from @first on, leaves those that tell something new. A stream that
 * is ahead of its mark is to be marked again. */
static void settle(struct frontier *f, struct barrier *b, size_t first)
{
    size_t n = first;

    for (size_t i = first; i < b->n; i++) {
        struct stream *s = &f->streams->v[b->mark[i].stream];

        if (b->mark[i].seq < s->expected - 1)
            frontier_move(f, s);
        if (b->mark[i].seq <= s->barred)
            continue;
        s->barred = b->mark[i].seq;
        b->mark[n++] = b->mark[i];
    }
    b->n = n;
}

void frontier_mark(struct frontier *f, struct barrier *b,
                   void (*bar)(void *arg, struct barrier *b), void *arg)
{
    size_t first = b->n;

    while (f->moved != NO_STREAM) {
        struct stream *s = &f->streams->v[f->moved];

        if (s->expected - 1 > s->barred)
            barrier_add(b, f->moved, s->id, s->expected - 1);
        f->moved = s->next_moved;
        s->moved = false;
    }
    if (bar)
        bar(arg, b);
    settle(f, b, first);
}

void frontier_unmark(struct frontier *f)
{
    for (uint32_t i = 0; i < f->streams->n; i++) {
        struct stream *s = &f->streams->v[i];

        if (s->barred <= s->durable)
            continue;
        s->barred = s->durable;
        frontier_move(f, s);
    }
}
