/* access: lets somebody do something with a site when a token allows it, whatever port it
 * came by. */
#ifndef HC_ACCESS_H
#define HC_ACCESS_H

#include <hiredis/hiredis.h>
#include "../proto/loop/redis_link.h"
#include "guesses.h"
#include "settings.h"
#include "waiter.h"

struct worker;

struct asking;

struct access {
    struct guesses guesses;
    struct settings_cache settings;
    struct asking *asking; /* sites that are being asked about for readers (reading.h) */
    unsigned nasking;
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
    bool reads; /* of a site that is not closed nobody who brings no token needs one */
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

/* -- for reading.c -- */

/* What a request that brought a wrong token is told: one more, or one too many. */
struct outcome access_guessed(struct worker *w, const struct ip *ip);

/* The outcome that says @end, counted. */
struct outcome access_outcome(struct worker *w, enum access_end end);

/* Asks Redis for the site's settings. @fn and the result are those of redis_link_call; -1
 * without a link, too. */
int access_ask(struct worker *w, struct slice site, redis_reply_fn fn, void *arg);

/* Keeps what Redis said to that. NULL: nothing of use. */
const struct settings *access_keep(struct worker *w, struct slice site,
                                   const redisReply *reply);

#endif
