/* site_read: one site's summary, read from Redis in one instant.
 *
 * The same script and the same merge as the HTTP answer, so that `headcount now` and the
 * dashboard cannot disagree. */
#ifndef HC_SITE_READ_H
#define HC_SITE_READ_H

#include "../proto/summary.h"
#include "command.h"
#include "dial.h"

struct site_read {
    struct slice site;
    struct summary summary; /* its slices point into reply */
    redisReply *reply;
    struct slice *flat; /* of reply */
};

/* Whether @text is a site id, which @site then is; else a sentence was printed. */
bool site_check(char *text, struct slice *site);

/* Checks the arguments of a command that takes one SITE and no more: argv[rest..argc).
 * Returns EXIT_FINE and sets @site, or EXIT_USAGE when a sentence was printed. */
enum command_exit site_argument(int argc, char **argv, int rest, struct slice *site);

/* Connects, reads and disconnects. Returns EXIT_FINE, after which site_read_fini must
 * follow; or EXIT_USAGE or EXIT_UNREACHABLE when a sentence was printed. An unknown site
 * is no error: summary.known tells. */
enum command_exit site_read(struct site_read *r, const struct dial_opts *opts,
                            struct slice site, unsigned minutes);
void site_read_fini(struct site_read *r);

/* The same in two steps, for callers with a connection of their own: asks (the request
 * waits in the connection's buffer), and takes the answer, which then belongs to @r.
 * Returns 0, after which site_read_fini must follow; -1 with a sentence in @err when the
 * answer is an error or makes no sense: then it was freed. */
void site_read_ask(redisContext *c, struct slice site, unsigned minutes);
int site_read_take(struct site_read *r, struct slice site, unsigned minutes,
                   redisReply *reply, char *err, size_t err_n);

/* Says on stderr that nothing is known of the site. Returns EXIT_NO. */
enum command_exit site_unknown(const struct site_read *r);

#endif
