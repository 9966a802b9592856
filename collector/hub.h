/* hub: the one subscriber of a process: which sites are watched, and by which workers.
 *
 * However many streams there are, each site is subscribed once. The hub lives on worker
 * 0's loop and has a connection to Redis of its own; other workers reach it, and are
 * reached, by mailboxes. A site that nobody watches any more stays subscribed for
 * HUB_RELEASE_MS, in case that they come back, or until its place is needed.
 *
 * It also subscribes hc:!settings, for sites that are closed while they are watched and
 * for the register, and hc:!joined, for members (member.h). */
#ifndef HC_HUB_H
#define HC_HUB_H

#include "../proto/limits.h"
#include "../proto/loop/redis_link.h"
#include "mailbox.h"
#include "admission/register_board.h"
#include "site_map.h"

struct deadline;
struct worker;

struct hub {
    struct worker *host;                /* whose loop it runs on: worker[0] */
    struct worker *worker[WORKERS_MAX]; /* NULL: not opened */
    struct redis_link *link;
    struct mailbox inbox; /* from workers that are not the host */
    struct register_board board;
    struct site_map sites;
    unsigned waiting;   /* nodes of `sites` that wait to be let go: nobody watches them */
    unsigned watched;   /* the others; read by any thread, atomically */
    bool refused;       /* Redis refused a subscription, and the log says so */
    bool joins_refused; /* the same of hc:!joined */
};

/* Starts dialling on @host's loop; @host is worker 0. Returns 0, or -1 with one sentence
 * in @err. */
int hub_open(struct hub *h, struct worker *host, char *err, size_t err_n);

/* Before any thread runs: there is worker @w, too. */
void hub_add_worker(struct hub *h, struct worker *w);

/* On the worker's thread: it wants a site's messages, or does not any more. It is told
 * MAIL_CONFIRMED each time that Redis has taken the subscription, and when Redis will
 * not: then no messages come, but the site can still be read. */
void hub_watch(struct hub *h, struct worker *w, struct slice site);
void hub_unwatch(struct hub *h, struct worker *w, struct slice site);

/* From worker @w's thread: tells the members of all other workers (members_told). */
void hub_tell_joined(struct hub *h, struct worker *w, struct slice message);

/* On the host's thread: there is another register on the board. */
void hub_tell_register(struct hub *h);

/* Whether WATCHED_SITES_MAX are watched, not counting those that nobody watches any more;
 * from any thread. */
bool hub_is_full(const struct hub *h);

/* Nobody watches a site, and has not for a while. */
void hub_released(struct deadline *d);

/* On the host's thread, once; then, when all threads have ended, fini. */
void hub_close(struct hub *h);
void hub_fini(struct hub *h);

#endif
