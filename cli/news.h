/* news: the numbers that a published message tells, as the struct it was made from
 * (delta.h); its events are read with message_event.
 *
 * Whoever shows a site gets the same struct from Redis' rows (summary_delta), so what is
 * on a screen does not depend on where it came from. */
#ifndef HC_NEWS_H
#define HC_NEWS_H

#include "../proto/delta.h"
#include "message.h"

struct news {
    struct message message; /* owns every text */
    struct delta delta;     /* its slices point into that, its pages to: */
    struct page_count page[MESSAGE_PAGES_MAX];
};

/* Takes @text apart. Returns 0, after which news_fini must follow; -1 when it is none of
 * headcount's messages, or has a line end inside. Members that are missing, or no whole
 * numbers, are 0 or empty. */
int news_parse(struct news *n, struct slice text);
void news_fini(struct news *n);

/* How many views and events the message counts, but does not list. */
uint64_t news_unlisted(const struct news *n);

/* The longest window of at most @minutes, as an index of d->window; when there is none of
 * them, of one that is all 0. */
size_t news_window(const struct delta *d, unsigned minutes);

/* Appends the state that is in the message @text: the same JSON without "events". */
void news_state(struct slice text, struct buf *out);

#endif
