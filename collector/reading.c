/* Happy path: the settings are here and decide. If they are not, Redis is asked for them,
 * once for all who want to know of the site; then their requests, which lie in their
 * connections, are served once more and find them.
 *
 * Failure modes: Redis cannot be asked, gives an error, or READINGS_MAX sites are being
 * asked about: who brings a token is answered 503, as its token cannot be looked up. Who
 * brings none is, too, if the site was closed when a stream of this worker read it last;
 * else the stream opens: it is told nothing that is not read from Redis before, and is
 * dismissed then if the site is closed (watch.c). */
#include "reading.h"

#include <stdio.h>
#include <stdlib.h>
#include "access_http.h"
#include "conn.h"
#include "worker.h"

#define HEADERS HEADER_OPEN HEADER_NO_STORE HEADER_NO_SNIFF

/* A site whose settings are being read, and who waits for them. */
struct asking {
    struct asking *next;
    struct worker *worker;
    struct waiter *waiters;
    size_t site_n;
    char site[SITE_MAX];
};

const struct reply reading_closed = {
    .status = 401,
    .type = "application/json",
    .headers = HEADERS "WWW-Authenticate: Bearer realm=\"headcount\"\r\n",
    .body = {"{\"error\":\"unauthorized\"}\n", 25},
};

static struct slice site_of(const struct asking *a)
{
    return (struct slice){a->site, a->site_n};
}

static void take_out(struct asking *a)
{
    struct access *access = &a->worker->access;
    struct asking **at = &access->asking;

    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    access->nasking--;
}

/* It is in the list no more, so a request that asks again is asked for anew. */
static void on_settings(void *arg, const redisReply *reply)
{
    struct asking *a = arg;

    take_out(a);
    if (access_keep(a->worker, site_of(a), reply) == NULL)
        COUNT(&a->worker->counters, settings_failed);
    while (a->waiters) {
        struct waiter *waiter = a->waiters;

        waiter_leave(waiter);
        conn_again(conn_of_waiter(waiter));
    }
    free(a);
}

/* NULL: it cannot be asked about. */
static struct asking *begin(struct worker *w, struct slice site)
{
    struct asking *a;

    if (w->access.nasking == READINGS_MAX)
        return NULL;
    if ((a = calloc(1, sizeof *a)) == NULL)
        abort();
    a->worker = w;
    a->site_n = site.n;
    memcpy(a->site, site.p, site.n);
    if (access_ask(w, site, on_settings, a) < 0) {
        free(a);
        return NULL;
    }
    a->next = w->access.asking;
    w->access.asking = a;
    w->access.nasking++;
    return a;
}

/* Puts the request among those who wait for the site's settings. Returns whether somebody
 * will tell them. */
static bool ask(struct exchange *x)
{
    struct worker *w = x->worker;
    struct asking *a = w->access.asking;

    if (x->conn->asked)
        return false; /* what was told is of no use */
    while (a && !slice_eq(site_of(a), x->at.id))
        a = a->next;
    if (a == NULL)
        a = begin(w, x->at.id);
    if (a == NULL)
        COUNT(&w->counters, settings_failed);
    else
        waiter_join(&x->conn->waiter, &a->waiters);
    return a != NULL;
}

static enum reading refuse(struct exchange *x, const struct outcome *o)
{
    struct verdict v;
    char lines[sizeof v.lines + sizeof HEADER_OPEN];

    access_judge(&v, x->worker, x->at.id, o);
    snprintf(lines, sizeof lines, HEADER_OPEN "%s", v.reply.headers);
    v.reply.headers = lines;
    exchange_reply(x, &v.reply);
    return READING_REFUSED;
}

static enum reading refuse_for(struct exchange *x, enum access_end end)
{
    struct outcome o = access_outcome(x->worker, end);

    return refuse(x, &o);
}

/* By what is set of the site. */
static enum reading judge(struct exchange *x, const struct demand *d,
                          const struct settings *s)
{
    struct outcome o;

    switch (settings_reader(s, d->bearer, &d->hash)) {
    case READER_GRANTED:
        return READING_GRANTED;
    case READER_OPEN:
        return READING_OPEN;
    case READER_STRANGER:
        return refuse_for(x, ACCESS_STRANGER);
    case READER_GUESSER:
        break;
    }
    o = access_guessed(x->worker, &d->ip);
    return refuse(x, &o);
}

static enum reading decide(struct exchange *x, const struct demand *d)
{
    struct worker *w = x->worker;
    const struct settings *s =
        settings_find(&w->access.settings, x->at.id, worker_now(w)->mono);

    if (s)
        return judge(x, d, s);
    if (ask(x))
        return READING_ASKED;
    if (d->bearer != BEARER_NONE || watches_closed(&w->watches, x->at.id))
        return refuse_for(x, ACCESS_UNHEARD);
    return READING_OPEN;
}

enum reading reading_by_token(struct exchange *x)
{
    struct demand d;

    if (x->request->authorization.n == 0)
        return READING_OPEN;
    d = access_of(x, x->at.id, SCOPE_READ);
    return d.bearer == BEARER_NONE ? READING_OPEN : decide(x, &d);
}

enum reading reading_by_site(struct exchange *x)
{
    struct demand d = access_of(x, x->at.id, SCOPE_READ);

    return decide(x, &d);
}
