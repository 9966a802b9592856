/* Happy path: a socket becomes a member and a stream of its site; a moment later it is
 * told how many there are, itself among them, and then whenever that changes. One of the
 * Go protocol is a guest until it has said which site it is of.
 *
 * Failure modes: the request is no handshake, or names no site: it is refused before
 * anything is opened. Another socket has the same clientId: that one is closed, and this
 * one counts on in its place. */
#include "liveuser_socket.h"

#include <stdlib.h>
#include "../beacons.h"
#include "../conn.h"
#include "../query.h"
#include "../worker.h"
#include "liveuser_stream.h"

#define DEFAULT_SITE "default-site"
#define ENCODED 3 /* bytes that one may take in a query */

static bool is_true(struct slice query, struct slice name)
{
    char text[ENCODED * 4];

    return slice_eq(query_find(query, name, text, sizeof text), SLICE("true"));
}

/* @totals: it asked for them; who comes again is counted no more. */
static struct member_intent intent_of(struct exchange *x, struct slice client,
                                      bool totals)
{
    return (struct member_intent){
        .site = x->at.id,
        .tab = client,
        .family = MEMBERS_OF_LIVEUSER,
        .from = beacons_sender(x),
        .counted = totals && !is_true(x->request->query, SLICE("reconnect")),
        .replaced = liveuser_replaced,
        .arg = &x->conn->stream,
    };
}

static enum handled refuse(struct exchange *x, int status, const char *reason)
{
    exchange_error(x, status, reason, status == 503 ? "Retry-After: 5\r\n" : NULL);
    return ANSWERED;
}

/* The connection was admitted. */
static enum handled let_in(struct exchange *x, struct slice client)
{
    struct stream *s = &x->conn->stream;
    bool totals = is_true(x->request->query, SLICE("enableTotalCount"));
    struct member_intent as = intent_of(x, client, totals);
    enum admission judged = admission_judge_site(x->worker, x->at.id, &as.from);
    struct member *member;
    struct liveuser *lu;

    if (admission_refuses(judged))
        return refuse(x, 403, admission_name(judged));
    as.silent = judged != ADMITTED;
    member = member_join(x->worker, &as);
    if (member == NULL)
        return refuse(x, 503, "too_many_members");
    lu = liveuser_new();
    lu->member = member;
    ws_put_head(x);
    stream_begin(s, totals ? &liveuser_of_total : &liveuser_of_count, lu);
    stream_watch(s, x->at.id,
                 &(struct stream_wish){.no_feed = true, .joins = !as.silent});
    return STREAMING;
}

enum handled liveuser_socket(struct exchange *x)
{
    char site[ENCODED * SITE_MAX], client_text[ENCODED * CLIENT_ID_MAX];
    struct slice query = x->request->query, client;
    struct stream_wish wish; /* of its own it has none */

    if (!ws_is_wanted(x))
        return ANSWERED;
    x->at.id = query_find(query, SLICE("siteId"), site, sizeof site);
    if (x->at.id.n == 0)
        x->at.id = SLICE(DEFAULT_SITE);
    client = query_find(query, SLICE("clientId"), client_text, sizeof client_text);
    if (client.n > CLIENT_ID_MAX)
        return refuse(x, 400, "bad_client_id");
    return stream_admit(x, &wish) ? let_in(x, client) : ANSWERED;
}

static struct liveuser_guest *new_guest(struct exchange *x)
{
    const struct beacon_sender from = beacons_sender(x);
    size_t n =
        from.user_agent.n < MEMBER_AGENT_MAX ? from.user_agent.n : MEMBER_AGENT_MAX;
    size_t origin_n = from.origin.n <= ORIGIN_MAX ? from.origin.n : ORIGIN_MAX + 1;
    struct liveuser_guest *guest = malloc(sizeof *guest + n);

    if (guest == NULL)
        abort();
    *guest = (struct liveuser_guest){
        .ip = from.ip, .opts_out = from.opts_out, .origin_n = origin_n, .agent_n = n};
    if (origin_n > 0)
        memcpy(guest->origin, from.origin.p, origin_n);
    if (n > 0)
        memcpy(guest->agent, from.user_agent.p, n);
    return guest;
}

enum handled liveuser_by_root(struct exchange *x)
{
    struct liveuser *lu;

    if (!ws_is_wanted(x))
        return ANSWERED;
    if (!stream_allows(x->worker, x->request->origin))
        return refuse(x, 403, "origin_not_allowed");
    lu = liveuser_new();
    lu->guest = new_guest(x);
    ws_put_head(x);
    stream_begin(&x->conn->stream, &liveuser_of_guest, lu);
    return STREAMING;
}

enum handled liveuser_no_socket(struct exchange *x)
{
    ws_is_wanted(x);
    return ANSWERED;
}
