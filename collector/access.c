/* Happy path: the token's hash is found among those of the site, which were read within
 * SETTINGS_CACHE_MS or are read now; then the act is done and told.
 *
 * Failure modes: no token, or one that is none of the site's, is a stranger's; the latter
 * counts as a guess of its address, which is told after TOKEN_GUESSES_MAX of them that
 * there were too many. A right one works whatever came from its address before: whoever
 * shares an address with others must not be locked out by them. Whether a site exists
 * cannot be told from the outcomes. The link is
 * down or breaks, or the worker may hold no more: nothing was done. Who goes away before
 * Redis answered has not been served: its question finds nobody and does nothing. */
#include "access.h"

#include <sodium.h>
#include <stdlib.h>
#include "../proto/hit.h"
#include "../proto/keys.h"
#include "worker.h"

extern const char settings_lua[];

/* One demand whose site's settings are being read. */
struct question {
    struct worker *worker;
    struct waiter *waiter; /* who waits, NULL: gone */
    access_tell *tell;
    struct ip ip;
    enum bearer bearer;
    struct token_hash hash;
    enum scope need;
    access_act *act;
    char site[SITE_MAX];
    size_t site_n;
    size_t wish_n;
    char wish[];
};

void access_init(struct access *a)
{
    struct key key;

    memset(a, 0, sizeof *a);
    randombytes_buf(&key, sizeof key);
    guesses_init(&a->guesses, &key);
}

struct outcome access_outcome(struct worker *w, enum access_end end)
{
    if (end == ACCESS_STRANGER)
        COUNT(&w->counters, unauthorized);
    else if (end == ACCESS_FORBIDDEN)
        COUNT(&w->counters, forbidden);
    else if (end == ACCESS_UNHEARD)
        COUNT(&w->counters, settings_failed);
    return (struct outcome){.end = end};
}

struct outcome access_guessed(struct worker *w, const struct ip *ip)
{
    mono_t now = worker_now(w)->mono;
    ms_t wait = guesses_wait(&w->access.guesses, ip, now);

    if (wait > 0) {
        COUNT(&w->counters, guessers);
        return (struct outcome){.end = ACCESS_GUESSER, .wait = wait};
    }
    if (guesses_add(&w->access.guesses, ip, now))
        COUNT(&w->counters, guessers_forgotten);
    return access_outcome(w, ACCESS_STRANGER);
}

/* The site's settings are known: does it, or not. Who brings no token got here only to
 * read (demand.reads). */
static struct outcome decide(const struct question *q, const struct settings *s)
{
    struct worker *w = q->worker;
    enum scope scope = token_scope(s->tokens, s->ntokens, &q->hash);
    struct outcome o;

    if (q->bearer == BEARER_NONE && s->closed)
        return access_outcome(w, ACCESS_STRANGER);
    if (q->bearer == BEARER_TOKEN && scope == SCOPE_NONE)
        return access_guessed(w, &q->ip);
    if (q->bearer == BEARER_TOKEN && scope < q->need)
        return access_outcome(w, ACCESS_FORBIDDEN);
    o = access_outcome(w, ACCESS_DONE);
    o.error = q->act(w, (struct slice){q->site, q->site_n}, q->wish);
    if (o.error)
        o.end = ACCESS_REFUSED;
    return o;
}

static bool is_pairs(const redisReply *reply)
{
    if (reply == NULL || reply->type != REDIS_REPLY_ARRAY || reply->elements % 2)
        return false;
    for (size_t i = 0; i < reply->elements; i++)
        if (reply->element[i]->type != REDIS_REPLY_STRING)
            return false;
    return true;
}

const struct settings *access_keep(struct worker *w, struct slice site,
                                   const redisReply *reply)
{
    struct settings *s;

    if (!is_pairs(reply))
        return NULL;
    s = settings_begin(&w->access.settings, site, worker_now(w)->mono);
    for (size_t i = 0; i < reply->elements; i += 2) {
        const redisReply *field = reply->element[i], *value = reply->element[i + 1];

        if (!settings_take(s, (struct slice){field->str, field->len},
                           (struct slice){value->str, value->len}))
            COUNT(&w->counters, tokens_left_out);
    }
    return s;
}

/* The wish counts with what the worker holds of requests. */
static void question_free(struct question *q)
{
    budget_give(&q->worker->conns.budget, q->wish_n);
    free(q);
}

static void on_settings(void *arg, const redisReply *reply)
{
    struct question *q = arg;
    struct waiter *waiter = q->waiter;
    const struct settings *s =
        access_keep(q->worker, (struct slice){q->site, q->site_n}, reply);

    if (waiter) {
        struct outcome o = s ? decide(q, s) : access_outcome(q->worker, ACCESS_UNHEARD);

        waiter_leave(waiter);
        q->tell(waiter, (struct slice){q->site, q->site_n}, &o);
    }
    question_free(q);
}

int access_ask(struct worker *w, struct slice site, redis_reply_fn fn, void *arg)
{
    struct key_name key = key_settings(site);
    const char *argv[] = {"EVAL", settings_lua, "1", key.s};

    return w->redis ? redis_link_call(w->redis, 4, argv, NULL, fn, arg) : -1;
}

/* NULL: the worker may hold no more. */
static struct question *question_new(struct worker *w, const struct demand *d)
{
    struct question *q;

    if (!budget_take(&w->conns.budget, d->wish_n))
        return NULL;
    q = malloc(sizeof *q + d->wish_n);
    if (q == NULL)
        abort();
    *q = (struct question){.worker = w,
                           .tell = d->tell,
                           .ip = d->ip,
                           .bearer = d->bearer,
                           .hash = d->hash,
                           .need = d->need,
                           .act = d->act,
                           .site_n = d->site.n,
                           .wish_n = d->wish_n};
    memcpy(q->site, d->site.p, d->site.n);
    if (d->wish_n > 0)
        memcpy(q->wish, d->wish, d->wish_n);
    return q;
}

/* The token is one by its shape: is it one of the site's? Or there need not be one. */
static bool check(struct worker *w, const struct demand *d, struct waiter *waiter,
                  struct outcome *o)
{
    const struct settings *s =
        settings_find(&w->access.settings, d->site, worker_now(w)->mono);
    struct question *q = question_new(w, d);

    if (q == NULL) {
        *o = access_outcome(w, ACCESS_UNHEARD);
        return true;
    }
    if (s) {
        *o = decide(q, s);
    } else if (access_ask(w, d->site, on_settings, q) == 0) {
        waiter_join(waiter, &q->waiter);
        return false;
    } else {
        *o = access_outcome(w, ACCESS_UNHEARD);
    }
    question_free(q);
    return true;
}

bool access_decide(struct worker *w, const struct demand *d, struct waiter *waiter,
                   struct outcome *o)
{
    if (!site_valid(d->site))
        *o = access_outcome(w, ACCESS_BAD_SITE);
    else if (d->bearer == BEARER_TOKEN || (d->bearer == BEARER_NONE && d->reads))
        return check(w, d, waiter, o);
    else if (d->bearer == BEARER_BAD)
        *o = access_guessed(w, &d->ip);
    else
        *o = access_outcome(w, ACCESS_STRANGER);
    return true;
}
