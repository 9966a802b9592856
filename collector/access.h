/* access: lets somebody change a site when a token allows it, whatever port it came by.
 */
#ifndef HC_ACCESS_H
#define HC_ACCESS_H

#include <hiredis/hiredis.h>
#include "guesses.h"
#include "settings.h"
#include "waiter.h"

struct worker;

struct access {
    struct guesses guesses;
    struct settings_cache settings;
};

enum access_end {
    ACCESS_DONE,
    ACCESS_REFUSED, /* the act said why: outcome.error */
    ACCESS_BAD_SITE,
    ACCESS_STRANGER,  /* no token, or none of the site */
    ACCESS_FORBIDDEN, /* its scope is not enough */
    ACCESS_GUESSER,   /* one more of too many wrong ones; they are for outcome.wait */
    ACCESS_UNHEARD,   /* Redis cannot be asked, or nothing more be held */
};

struct outcome {
    enum access_end end;
    ms_t wait;
    const char *error;
};

/* Does for @site what was asked. Returns NULL, or why it cannot be done: a literal
 * without quotes. */
typedef const char *access_act(struct worker *w, struct slice site, const void *wish);

/* Tells whoever waited, whose waiter is in no list any more. */
typedef void access_tell(struct waiter *waiter, struct slice site,
                         const struct outcome *o);

struct demand {
    struct slice site;
    struct ip ip;       /* whose guesses are counted */
    enum bearer bearer; /* what it brought; */
    struct token_hash hash;
    enum scope need;
    access_act *act;
    const void *wish; /* for the act, copied: @wish_n bytes */
    size_t wish_n;
    access_tell *tell;
};

void access_init(struct access *a);

/* Does what @d asks for if it may. Returns true with the outcome in @o; or false when
 * Redis must be asked first: then @waiter is in a list, and @d->tell is called later,
 * unless the waiter has left by then and nothing is done. */
bool access_decide(struct worker *w, const struct demand *d, struct waiter *waiter,
                   struct outcome *o);

#endif
