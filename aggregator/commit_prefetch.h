/* commit_prefetch: of the sites that are to be committed next, what a commit looks at.
 *
 * A site's memory is in a dozen places, and between two commits of it lie those of all
 * others: most of it is far away then. So of the third one to come the site itself is
 * fetched ahead, of the second what it points to, of the first what that points to. */
#ifndef HC_COMMIT_PREFETCH_H
#define HC_COMMIT_PREFETCH_H

#include "prefetch.h"
#include "site.h"

#define PREFETCH_FEW 8 /* of each kind: most sites have no more that changed */

static inline void prefetch_bytes(const void *from, size_t n)
{
    for (size_t i = 0; i < n; i += 64)
        prefetch((const char *)from + i);
}

static inline size_t prefetch_few(size_t n)
{
    return n < PREFETCH_FEW ? n : PREFETCH_FEW;
}

/* Who is on which page, and what of it is to be told: the bits of most sites' pages, in
 * flight behind dirty, are so few lines. */
static inline void commit_prefetch_pages(const struct pages *t, unsigned slot)
{
    if (t->n == 0)
        return;
    prefetch_bytes(t->page, prefetch_few(t->n) * sizeof *t->page);
    prefetch(t->place);
    prefetch(t->standing.sum);
    prefetch(standing_at(&t->standing, 0, slot));
    prefetch_bytes(t->standing.dirty, PREFETCH_FEW * 64);
}

/* What @s points to; it is near itself. */
static inline void commit_prefetch_parts(const struct site *s)
{
    const struct recent *feed = &s->recent;
    size_t news = prefetch_few(feed->last - s->recent_done);

    commit_prefetch_pages(&s->pages, slot_of(s, s->now));
    prefetch_bytes(s->row, s->slots * sizeof *s->row);
    prefetch_bytes(s->log.pending, prefetch_few(s->log.n) * sizeof *s->log.pending);
    prefetch(s->traits.trait);
    for (size_t i = 0; feed->entry && i < news; i++)
        prefetch_bytes(&feed->entry[(feed->last - i) % RECENT_MAX], sizeof *feed->entry);
}

/* And what these point to. */
static inline void commit_prefetch_far(const struct site *s)
{
    for (size_t i = 0; i < prefetch_few(s->traits.n); i++) {
        prefetch(s->traits.trait[i]);
        prefetch(&s->traits.trait[i]->at[slot_of(s, s->now)]);
    }
    for (size_t i = 0; i < prefetch_few(s->pages.n); i++)
        prefetch(s->pages.page[i].path);
}

/* @next: the first to come, NULL: there is none. */
static inline void commit_prefetch(const struct site *next)
{
    if (next)
        commit_prefetch_far(next);
    if (next && (next = next->next_dirty) != NULL)
        commit_prefetch_parts(next);
    if (next && (next = next->next_dirty) != NULL)
        prefetch_bytes(next, sizeof *next);
}

#endif
