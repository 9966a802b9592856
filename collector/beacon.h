/* beacon: what a browser said -> a hit. The native dialect of GET /hc.gif and POST /e.
 *
 *   i  site id, required
 *   p  path, or the page's URL; without it the Referer header's page counts, else "/"
 *   k  kind: v view (default), h heartbeat, l leave, e event
 *   e  event name, which makes it an event; e=1 or e=true: p is the name
 *   u  the visitor's own id
 *   v  page-view id, one per page shown: the tab
 *   _  when it was sent, ms of the page's clock: with v it makes the beacon one that
 *      counts once, however often it comes within an hour (replays.h)
 *   a  state: r reading, w writing, i idle, b background
 *   d  ms of attention since this page's last report, a fraction cut off; what is more
 *      than ENGAGED_MAX_MS is cut to that, what is no number is 0
 *   t  the page's title
 *   r  the address or host of the page that led here; "-": the site's own pages
 *   q  the page's query, of which utm_campaign, utm_term and utm_source are taken; they
 *      may also be parameters of their own, or stand in the query of p
 *
 * s screen, n sequence and rnd are for later versions and ignored now, as is
 * everything else. */
#ifndef HC_BEACON_H
#define HC_BEACON_H

#include "../proto/hit.h"
#include "agent_cache.h"
#include "campaign.h"
#include "http.h"
#include "visitor.h"

/* The decoded fields of one beacon. Slices point into the caller's query or JSON, or into
 * `text` where something had to be decoded. */
struct beacon {
    struct slice site, path, name, kind, state, user, tab, engaged, title, referrer;
    struct slice query, campaign, term, source, sent;
    struct slice image; /* send_image */
    bool no_image;      /* it is 0 */

    /* Of dialects alone; all zero otherwise. */
    uint8_t lasts; /* as in struct hit */
    ms_t named_at; /* the wall time, if it was a moment ago, when who has the id `user`
                      got it, and was known by address and User-Agent before; else 0 */
    char text[HTTP_REQUEST_LINE_MAX];
};

enum beacon_verdict {
    BEACON_OK,
    BEACON_NO_SITE,        /* i is missing */
    BEACON_BAD_SITE,       /* i is not a site id */
    BEACON_BAD_KIND,       /* k is none of v h l e */
    BEACON_BAD_STATE,      /* a is none of r w i b */
    BEACON_BAD_PATH,       /* p is longer than PATH_RAW_MAX */
    BEACON_BAD_NAME,       /* an event without a name */
    BEACON_BAD_VISITOR,    /* u or v is longer than CLIENT_ID_MAX */
    BEACON_UNKNOWN_SITE,   /* these two by admission.h: the site was not added, */
    BEACON_FOREIGN_ORIGIN, /* or the page is another site's */
    BEACON_BAD_QUERY,      /* POST /e: a program's query without text or time */
    BEACON_BAD_BODY,       /* POST /e: neither a form nor JSON */
    BEACON_TOO_MANY,       /* POST /e: more than BATCH_MAX events */
};

/* "ok", "no_site", ...: the X-Headcount header, the "reason" in answers, and the counter.
 */
const char *beacon_verdict_name(enum beacon_verdict v);

/* Reads a query string or form of at most HTTP_REQUEST_LINE_MAX bytes; longer is
 * BEACON_BAD_BODY. The first of a repeated name counts. */
enum beacon_verdict beacon_from_query(struct beacon *b, struct slice query);

/* What the request itself says about the sender. */
struct beacon_sender {
    struct ip ip;
    struct slice user_agent, referer;
    struct slice country; /* two capitals, or empty */
    struct slice host;    /* that was asked, to tell the site's own pages; may be empty */
    struct slice origin;  /* of the page that sent it, as browsers say; may be empty */
    bool ahead;           /* the browser fetches it before anybody looks */
    bool opts_out;        /* DNT or Sec-GPC */
    bool tells_agent;     /* user_agent is a visitor's, of whom a program tells; */
    bool tells_ip;        /* and so is ip */
    bool vouched;         /* a token of the site came with it, or it came by a port that
                             is for this host's programs */
};

/* What a hit is made with. What is remembered from one to the next is the worker's, and
 * changes no hit. */
struct beacon_tools {
    const struct secret *secret;
    struct day_keys *keys;
    struct agent_cache *agents;
};

/* Where the texts of one hit lie until it is in a datagram. */
struct beacon_texts {
    char path[PATH_MAX_BYTES];
    char name[EVENT_NAME_MAX];
    char referrer[REFERRER_MAX];
    struct campaign_texts campaign;
};

/* Checks the fields and makes the hit. On BEACON_OK @h is complete, its slices pointing
 * into @texts and where those of @b do. */
enum beacon_verdict beacon_hit(const struct beacon *b, const struct beacon_sender *from,
                               const struct beacon_tools *tools, ms_t now, mono_t at,
                               struct hit *h, struct beacon_texts *texts);

/* The tab that a page-view id, or another name a client gave, stands for on the UTC day
 * @day. Never 0. */
uint64_t beacon_tab(const struct secret *secret, int64_t day, struct slice tab);

/* Forgets all fields; for those who fill them from elsewhere (batch.c). */
void beacon_clear(struct beacon *b);

#endif
