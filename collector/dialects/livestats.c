/* livestats: POST .../livestats.php takes a ping, GET .../getlivestats.php reports.
 *
 * The first ping of a browser gets a cookie with its answer, unless its page is known to
 * be of another origin, where browsers would not send it back: such visitors are told
 * apart by address and User-Agent. So is everybody's first ping; for a while those with
 * the new cookie say so, and the aggregator sees one visitor.
 *
 * Failure modes: no state, a wrong one, or no site: answered 200 without a body, as their
 * server does, and counted as what it was. */
#include "livestats.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include "../beacons.h"
#include "../query.h"
#include "../report.h"
#include "../worker.h"
#include "all.h"
#include "host_site.h"
#include "livestats_report.h"
#include "session.h"

#define COOKIE "hc_livestats"

/* Encoded texts, of which each byte kept may take three. An address with the longest host
 * and the longest path kept has fewer than 800 bytes. */
#define URL_BYTES 3072
#define TITLE_BYTES 768
_Static_assert(URL_BYTES + TITLE_BYTES <= HTTP_REQUEST_LINE_MAX, "fits beacon.text");

static struct slice decode(struct slice raw, size_t max, char *out)
{
    raw.n = raw.n < max ? raw.n : max;
    return query_decode(raw, out);
}

static struct slice name_tab(char *tab, struct slice url, const struct key *key)
{
    char text[LIVESTATS_TAB_TEXT + 1]; /* with a NUL */

    snprintf(text, sizeof text, "%016" PRIx64, siphash(key, url.p, url.n));
    memcpy(tab, text, LIVESTATS_TAB_TEXT);
    return (struct slice){tab, LIVESTATS_TAB_TEXT};
}

static struct slice state_of(struct slice digit)
{
    if (digit.n != 1 || *digit.p < '0' || *digit.p > '2')
        return (struct slice){0};
    return (struct slice){"irw" + (*digit.p - '0'), 1};
}

bool livestats_ping(struct beacon *b, struct slice form, const struct key *key, char *tab)
{
    struct slice name, value, url = {"", 0};
    struct query q;

    beacon_clear(b);
    b->kind = SLICE("h");
    query_init(&q, form);
    while (query_next(&q, &name, &value)) {
        if (slice_eq(name, SLICE("state")))
            b->state = state_of(value);
        else if (slice_eq(name, SLICE("url")))
            url = value;
        else if (slice_eq(name, SLICE("title")))
            b->title = decode(value, TITLE_BYTES, b->text + URL_BYTES);
    }
    b->path = decode(url, URL_BYTES, b->text);
    if (b->path.n > PATH_RAW_MAX)
        b->path.n = PATH_RAW_MAX;
    b->tab = name_tab(tab, url, key);
    return b->state.n > 0;
}

/* Says who it is. Returns the answer's further header lines, in @lines or a literal. */
static const char *identify(struct exchange *x, struct beacon *b, char *minted,
                            char *lines, size_t lines_n)
{
    const struct http_request *rq = x->request;
    struct slice cookie = session_find(rq->cookie, SLICE(COOKIE));
    ms_t now = worker_now(x->worker)->wall;
    uint8_t random[SESSION_RANDOM];

    if (session_valid(cookie)) {
        b->user = cookie;
        b->named_at = session_young(cookie, now) ? session_minted(cookie) : 0;
        return HEADER_OPEN HEADER_NO_STORE;
    }
    if (session_is_foreign(rq->origin, rq->host))
        return HEADER_OPEN HEADER_NO_STORE;
    randombytes_buf(random, sizeof random);
    cookie = session_mint(minted, now, random);
    snprintf(lines, lines_n,
             HEADER_OPEN HEADER_NO_STORE "Set-Cookie: " COOKIE
                                         "=%.*s; Path=/; HttpOnly; SameSite=Lax\r\n",
             (int)cookie.n, cookie.p);
    return lines;
}

static void answer(struct exchange *x, struct slice body, const char *headers)
{
    exchange_reply(x, &(struct reply){.status = 200,
                                      .type = "text/html; charset=utf-8",
                                      .headers = headers,
                                      .body = body});
}

static enum handled take_ping(struct exchange *x)
{
    const struct setup *setup = x->worker->setup;
    const struct key *key = secret_tab_key(&x->worker->files.secret,
                                           worker_now(x->worker)->wall / MS_PER_DAY);
    char tab[LIVESTATS_TAB_TEXT], minted[SESSION_TEXT], host[HTTP_HEAD_MAX], lines[512];
    const char *headers;
    struct beacon b;

    if (!livestats_ping(&b, x->body, key, tab)) {
        COUNT(&x->worker->counters, bad_state);
        answer(x, (struct slice){0}, HEADER_OPEN HEADER_NO_STORE);
        return ANSWERED;
    }
    b.site = host_site(x->request, host);
    b.lasts = setup->livestats_s;
    headers = identify(x, &b, minted, lines, sizeof lines);
    if (beacons_take(x, &b) == BEACON_OK)
        answer(x, SLICE("ok"), headers);
    else
        answer(x, (struct slice){0}, HEADER_OPEN HEADER_NO_STORE);
    return ANSWERED;
}

/* A person's look at the address, which their server answers with nothing. */
static enum handled show_nothing(struct exchange *x)
{
    answer(x, (struct slice){0}, HEADER_OPEN HEADER_NO_STORE);
    return ANSWERED;
}

static void show(struct report_answer *a, struct slice site,
                 const struct report_numbers *n, const void *wish)
{
    (void)site;
    (void)n;
    (void)wish;
    a->reply.headers = HEADER_OPEN "Cache-Control: no-cache, must-revalidate\r\n";
}

static enum handled report(struct exchange *x)
{
    char host[HTTP_HEAD_MAX];

    x->at.id = host_site(x->request, host);
    return report_written(x, MINUTES_DEFAULT, livestats_report, 0, show, NULL, 0);
}

/* clang-format off */
static const struct route route_table[] = {
    {HTTP_GET, "*getlivestats.php", report, .open = true, .later = true,
     .what = "who is on the site now, by state and by page"},
    {HTTP_POST, "*livestats.php", take_ping, .open = true,
     .what = "takes the state of one page"},
    {HTTP_GET, "*livestats.php", show_nothing, .open = true,
     .what = "answers nothing"},
};
/* clang-format on */

const struct dialect dialect_livestats = {
    .name = "livestats",
    .routes = route_table,
    .nroutes = sizeof route_table / sizeof *route_table,
    .what = "Livestats: states of who is there",
};
