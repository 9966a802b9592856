/* The number comes out of the same report as the realtime answer (report.c). */
#include "badges.h"

#include <stdio.h>
#include "badge.h"
#include "etag.h"
#include "report.h"
#include "worker.h"

#define SHARED_HEADERS HEADER_OPEN HEADER_EMBED HEADER_NO_SNIFF
#define BADGE_HEADERS SHARED_HEADERS "Cache-Control: no-cache\r\n"

/* Opened by itself, a picture is a document: it may do nothing but look. */
#define SVG_HEADERS \
    BADGE_HEADERS   \
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"

#define SEEN_MAX 256 /* bytes of If-None-Match that are kept */

struct wish {
    bool is_svg;
    struct badge_look look;
    uint16_t seen_n;
    char seen[SEEN_MAX]; /* only its first seen_n bytes are there */
};

static void show(struct report_answer *a, struct slice site,
                 const struct report_numbers *n, const void *arg)
{
    const struct wish *wish = arg;
    const struct badge_numbers shown = {n->online, n->current, n->epoch, n->commit};
    struct etag tag;

    if (!n->badge) {
        a->reply = (struct reply){.status = 404,
                                  .type = "application/json",
                                  .headers = SHARED_HEADERS HEADER_NO_STORE,
                                  .body = SLICE("{\"error\":\"badge_off\"}\n")};
        return;
    }
    (wish->is_svg ? badge_svg : badge_json)(a->body, &wish->look, site, &shown);
    tag = etag_of(buf_get(a->body));
    snprintf(a->lines, sizeof a->lines, "%sETag: %s\r\n",
             wish->is_svg ? SVG_HEADERS : BADGE_HEADERS, tag.s);
    a->reply = (struct reply){
        .status =
            etag_is_listed(&tag, (struct slice){wish->seen, wish->seen_n}) ? 304 : 200,
        .type = wish->is_svg ? "image/svg+xml; charset=utf-8" : "application/json",
        .headers = a->lines,
        .body = buf_get(a->body)};
}

static enum handled answer(struct exchange *x, bool is_svg)
{
    struct slice seen = x->request->if_none_match;
    struct wish wish = {.is_svg = is_svg};
    const char *error = badge_look_parse(&wish.look, x->request->query);

    if (error) {
        exchange_error(x, 400, error, NULL);
        return ANSWERED;
    }
    if (seen.n > 0 && seen.n <= SEEN_MAX) {
        memcpy(wish.seen, seen.p, seen.n);
        wish.seen_n = (uint16_t)seen.n;
    }
    return report_answer(x, show, &wish, offsetof(struct wish, seen) + wish.seen_n);
}

enum handled badges_svg(struct exchange *x)
{
    return answer(x, true);
}

enum handled badges_json(struct exchange *x)
{
    return answer(x, false);
}
