/* demo_visitor: one visitor of the demo's shop, from the first page to the last. Pure.
 *
 * What is told of a visitor is what hc.js would tell (PROTOCOL.md, Tracker): a view of
 * each page, a heartbeat after 5 s and then each 15 s, once a minute while the page is in
 * the background, at once when it goes there or comes back, events, and a leave. */
#ifndef HC_DEMO_VISITOR_H
#define HC_DEMO_VISITOR_H

#include "demo_shop.h"

#define DEMO_VIEWS_MAX 30 /* pages of one visitor, then it goes */
#define DEMO_STAY_MAX_MS (INT64_C(20) * MS_PER_MINUTE) /* on one page */

/* One thing to tell. Texts are static. */
struct demo_beacon {
    ms_t at;
    uint64_t who;
    unsigned view;        /* which of the visitor's pages, from 1 */
    char kind;            /* v, h, l or e, as in a beacon */
    char state;           /* w, r, i or b */
    ms_t engaged;         /* attention since the last beacon */
    size_t page;          /* of shop_page */
    const char *event;    /* its name; NULL: it is none */
    const char *referrer; /* of a view: the whole address, or */
    const char *from;     /* a path of the shop; both NULL: it was not told */
    const char *query;    /* of the page's address */
    const char *agent;
    const char *country;
};

struct demo_visitor {
    ms_t due; /* of the next beacon */
    uint64_t id;
    const struct shop_source *source;
    const char *agent, *country;
    bool lingers; /* does not go after the first page */
    bool shown;   /* a page is open; else one is being loaded */
    bool hidden;
    unsigned views;
    size_t page, before; /* shown or to be shown; the one that led there */
    enum shop_kind next; /* where `go` leads */

    /* What is going to happen on the page, and when; DEMO_NEVER what is not. */
    ms_t beat, act, hide, show, go;
    ms_t typing, typed; /* something is being typed between these */
    ms_t rests;         /* nothing is done any more */

    ms_t since; /* attention has not been told since; DEMO_NEVER: there is none */
};

#define DEMO_NEVER INT64_MAX

/* Somebody comes at @at; the first beacon is due then. @lingers: as one who was there
 * already when one begins to look, and so is not about to go. */
void demo_visitor_arrive(struct demo_visitor *v, struct chance *c, ms_t at,
                         const struct shop_source *source, bool lingers);

/* Fills in what is due at v->due, and sets the next one. Returns false when it was the
 * last; @v is over then. */
bool demo_visitor_step(struct demo_visitor *v, struct chance *c, struct demo_beacon *b);

/* Closes what is open. Returns false when nothing was, and @b is not filled in. */
bool demo_visitor_end(struct demo_visitor *v, ms_t at, struct demo_beacon *b);

#endif
