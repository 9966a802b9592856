/* files: what the collector knows from files that may be changed while it runs: the
 * secret, Redis' password, robots, spam, countries.
 *
 * The main thread reads them anew on SIGHUP, and each worker is handed what came of it
 * (worker_renew). The tables in it are shared and never change: who holds them last frees
 * them. */
#ifndef HC_FILES_H
#define HC_FILES_H

#include "../proto/redis_addr.h"
#include "../proto/secret.h"
#include "admission/domains.h"
#include "admission/words.h"
#include "geo.h"

/* As the options have them; the texts live as long as the process. */
struct file_names {
    const char *secret;
    const char *bots, *spam; /* a file, "none", or "built-in"; NULL: none */
    const char *geoip;       /* NULL: none */
    const char *redis_auth;  /* NULL: none */
};

/* All zero but for the secret: nobody is a robot or a spammer, and no country is known.
 */
struct files {
    struct secret secret;
    struct redis_addr redis; /* with the password, of which alone it is renewed */
    struct words *bots;
    struct domains *spam;
    struct geo *geo;
};

/* Reads them all, for @redis and its password. Returns 0, or -1 with one sentence that
 * names the option in @err. */
int files_open(struct files *f, const struct file_names *names,
               const struct redis_addr *redis, char *err, size_t err_n);

/* Reads those again that are files. One that is broken stays what it was, and the line of
 * the log that each of them gets says why. */
void files_reload(struct files *f, const struct file_names *names);

/* Makes @copy a further holder of all there is in @f. */
void files_hold(struct files *copy, const struct files *f);

/* Lets go of it all. */
void files_drop(struct files *f);

#endif
