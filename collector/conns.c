/* Structs of closed connections are kept for the next ones, up to a bound, so that a
 * client that connects for every beacon costs no malloc. Open connections need no list of
 * their own: each has a deadline, and the lists of those have them all. */
#include "conns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "conn.h"
#include "worker.h"

#define SPARES_MAX 1024 /* some 400 KB */

void conns_init(struct conns *cs, unsigned max)
{
    *cs = (struct conns){.max = max, .budget.max = WORKER_HELD_MAX};
}

void conns_fini(struct conns *cs)
{
    assert(cs->open == 0 && cs->budget.used == 0);
    while (cs->spare) {
        struct conn *c = cs->spare;

        cs->spare = c->tcp.data;
        free(c);
    }
    cs->spares = 0;
}

static struct conn *get(struct conns *cs)
{
    struct conn *c = cs->spare;

    if (c) {
        cs->spare = c->tcp.data;
        cs->spares--;
    } else if ((c = malloc(sizeof *c)) == NULL) {
        abort(); /* who cannot have 400 bytes cannot do anything else either */
    }
    memset(c, 0, sizeof *c);
    return c;
}

void conns_put(struct conns *cs, struct conn *c)
{
    if (cs->spares == SPARES_MAX) {
        free(c);
        return;
    }
    c->tcp.data = cs->spare;
    cs->spare = c;
    cs->spares++;
}

static void count_open(struct worker *w, int change)
{
    w->conns.open += (unsigned)change;
    GAUGE_SET(&w->counters, conns_open, w->conns.open);
}

void conns_forget(struct worker *w)
{
    count_open(w, -1);
}

/* Closes the connection that is idle longest. */
static bool displace(struct worker *w)
{
    struct deadline *oldest = deadlines_oldest(&w->deadlines, DEADLINE_IDLE);

    if (oldest == NULL)
        return false;
    COUNT(&w->counters, conns_displaced);
    conn_close(conn_of_deadline(oldest));
    return true;
}

void conns_accept(struct worker *w, uv_stream_t *listener)
{
    struct conn *c = get(&w->conns);

    count_open(w, 1);
    conn_init(c, w);
    if (uv_accept(listener, (uv_stream_t *)&c->tcp) < 0) {
        COUNT(&w->counters, accept_errors);
        conn_close(c);
        return;
    }
    COUNT(&w->counters, conns);
    if (w->conns.open > w->conns.max && !displace(w)) {
        COUNT(&w->counters, conns_refused);
        conn_close(c);
        return;
    }
    conn_begin(c);
}

/* The classes of those that no answer is under way to. */
static bool is_waiting_for_request(enum deadline_class class)
{
    return class == DEADLINE_IDLE || class == DEADLINE_HEAD || class == DEADLINE_BODY;
}

void conns_close(struct worker *w, bool all)
{
    struct deadline *d;

    for (int class = 0; class < DEADLINE_REPORT; class ++)
        while ((all || is_waiting_for_request(class)) &&
               (d = deadlines_oldest(&w->deadlines, class)))
            conn_close(conn_of_deadline(d));
}
