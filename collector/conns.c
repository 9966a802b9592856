/* Structs of closed connections are kept for the next ones, up to a bound, so that a
 * client that connects for every beacon costs no malloc. Open connections need no list of
 * their own: each has a deadline, and the lists of those have them all. */
#include "conns.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "conn.h"
#include "feed_session.h"
#include "worker.h"

#define SPARES_MAX 1024 /* some 300 KB */

void conns_init(struct conns *cs, unsigned max)
{
    *cs = (struct conns){.max = max, .budget.max = WORKER_HELD_MAX, .reserve = -1};
    conns_keep_reserve(cs);
}

void conns_give_reserve(struct conns *cs)
{
    if (cs->reserve >= 0)
        close(cs->reserve);
    cs->reserve = -1;
}

void conns_keep_reserve(struct conns *cs)
{
    if (cs->reserve < 0)
        cs->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static struct conn *get(struct conns *cs)
{
    struct conn *c = cs->spare;

    if (c) {
        cs->spare = c->next;
        cs->spares--;
    } else if ((c = malloc(sizeof *c)) == NULL) {
        abort(); /* who cannot have 300 bytes cannot do anything else either */
    }
    memset(c, 0, sizeof *c);
    return c;
}

static void put(struct conns *cs, struct conn *c)
{
    carry_fini(&c->carry, &cs->budget); /* not before: it may have held what was served */
    if (cs->spares == SPARES_MAX) {
        free(c);
        return;
    }
    c->next = cs->spare;
    cs->spare = c;
    cs->spares++;
}

static void put_closed(struct conns *cs)
{
    struct conn *c;

    while ((c = cs->closed)) {
        cs->closed = c->next;
        put(cs, c);
    }
}

void conns_fini(struct conns *cs)
{
    struct conn *c;

    put_closed(cs);
    assert(cs->open == 0 && cs->budget.used == 0);
    while ((c = cs->spare)) {
        cs->spare = c->next;
        free(c);
    }
    conns_give_reserve(cs);
}

static void count_open(struct conn *c, int change)
{
    struct conns *cs = &c->worker->conns;

    cs->open += (unsigned)change;
    if (c->port == PORT_FEED)
        cs->feed += (unsigned)change;
    GAUGE_SET(&c->worker->counters, conns_open, cs->open - cs->feed);
    GAUGE_SET(&c->worker->counters, feed_open, cs->feed);
}

void conns_forget(struct conn *c)
{
    struct conns *cs = &c->worker->conns;

    c->next = cs->closed;
    cs->closed = c;
    count_open(c, -1);
    if (c->crowd_place)
        crowd_leave(&c->worker->commons->crowd, c->crowd_place);
}

static void trim(struct conns *cs, mono_t now)
{
    size_t held = cs->budget.used;

    if (cs->held_most < held)
        cs->held_most = held;
    if (cs->held_most < WORKER_TRIM_BYTES || held > cs->held_most / 8 ||
        now - cs->trimmed < WORKER_TRIM_MS)
        return;
    malloc_trim(0);
    cs->held_most = held;
    cs->trimmed = now;
}

void conns_turn(struct conns *cs, mono_t now)
{
    put_closed(cs);
    trim(cs, now);
}

static void displace_one(struct worker *w, struct deadline *d)
{
    COUNT(&w->counters, conns_displaced);
    conn_close(conn_of_deadline(d));
}

/* Closes the connection that is idle longest, else the one that takes longest over a
 * head, then over a body: requests of browsers come whole, those who hold connections
 * send theirs by and by. */
static bool displace(struct worker *w)
{
    struct deadline *oldest = deadlines_oldest(&w->deadlines, DEADLINE_IDLE);

    if (oldest == NULL)
        oldest = deadlines_oldest(&w->deadlines, DEADLINE_HEAD);
    if (oldest == NULL)
        oldest = deadlines_oldest(&w->deadlines, DEADLINE_BODY);
    if (oldest)
        displace_one(w, oldest);
    return oldest != NULL;
}

/* Whether another file can be opened when this one is closed: not if the limit was
 * lowered to its number or below. */
static bool is_within_limit(int fd)
{
    struct rlimit files;

    return getrlimit(RLIMIT_NOFILE, &files) == 0 && (rlim_t)fd < files.rlim_cur;
}

void conns_regain_reserve(struct worker *w)
{
    struct deadline *idle = deadlines_oldest(&w->deadlines, DEADLINE_IDLE);

    conns_keep_reserve(&w->conns);
    if (w->conns.reserve >= 0 || errno != EMFILE || idle == NULL ||
        !is_within_limit(conn_of_deadline(idle)->socket.fd))
        return;
    displace_one(w, idle);
    conns_keep_reserve(&w->conns);
}

/* It has begun a session, or was told that it may not. */
static void begin_feed(struct conn *c)
{
    struct counters *n = &c->worker->counters;

    COUNT(n, feed_conns);
    if (c->worker->conns.feed <= FEED_CONNS_MAX) {
        conn_begin(c);
        return;
    }
    COUNT(n, feed_refused);
    feed_session_refuse(c);
}

/* What is for this host's programs alone, and proxies, through which everybody comes, may
 * have what they like. */
bool conns_crowded(struct conn *c)
{
    const struct trusted *trusted = &c->worker->setup->trusted;

    if (c->port != PORT_HTTP || c->peer.n == 0 || ip_is_loopback(&c->peer) ||
        trusted_has(trusted, &c->peer) ||
        crowd_enter(&c->worker->commons->crowd, &c->peer, &c->crowd_place))
        return false;
    COUNT(&c->worker->counters, conns_crowded);
    conn_close(c);
    return true;
}

void conns_accept(struct listener *listener, int fd, const struct address *from)
{
    struct worker *w = listener->worker;
    struct conn *c = get(&w->conns);

    conn_init(c, w, listener->port, fd, from);
    count_open(c, 1);
    if (c->port == PORT_FEED) {
        begin_feed(c);
        return;
    }
    COUNT(&w->counters, conns);
    if (conns_crowded(c))
        return;
    if (w->conns.open > w->conns.max && !displace(w)) {
        COUNT(&w->counters, conns_refused);
        conn_close(c);
        return;
    }
    conn_begin(c);
}

/* The classes of those that no answer is under way to. */
static bool is_waiting(enum deadline_class class)
{
    return class == DEADLINE_IDLE || class == DEADLINE_HEAD || class == DEADLINE_BODY ||
           class == DEADLINE_SILENCE || class == DEADLINE_PING ||
           class == DEADLINE_FEED || class == DEADLINE_FIRST ||
           class == DEADLINE_AUDIENCE;
}

void conns_close(struct worker *w, bool all)
{
    struct deadline *d;

    for (int class = 0; class < DEADLINE_CONN_CLASSES; class ++)
        while ((all || is_waiting(class)) && (d = deadlines_oldest(&w->deadlines, class)))
            (all ? conn_close : conn_dismiss)(conn_of_deadline(d));
}
