/* dial: a synchronous connection to Redis, as the options --redis and --redis-auth-file
 * say. */
#ifndef HC_DIAL_H
#define HC_DIAL_H

#include <hiredis/hiredis.h>
#include "../proto/opts.h"
#include "../proto/redis_addr.h"

#define DIAL_DEADLINE_MS 3000  /* of connecting */
#define REPLY_DEADLINE_MS 5000 /* of one answer */

/* Member of a command's options struct; DIAL_OPTS are its rows. */
struct dial_opts {
    const char *redis;
    const char *auth_file;
};

#define DIAL_OPTS(opts_type, member)                                        \
    {.name = "redis",                                                       \
     .arg = "ADDRESS",                                                      \
     .type = OPT_TEXT,                                                      \
     .offset = offsetof(opts_type, member.redis),                           \
     .def = "tcp://127.0.0.1:6379",                                         \
     .help = "Where Redis is: unix:PATH[?db=N] or tcp://HOST[:PORT][/DB].", \
     .group = "Redis"},                                                     \
    {                                                                       \
        .name = "redis-auth-file", .arg = "FILE", .type = OPT_TEXT,         \
        .offset = offsetof(opts_type, member.auth_file),                    \
        .help = "A file with PASSWORD or USER:PASSWORD on its first line.", \
    }

/* Reads address and credentials. Returns 0, or -1 when a sentence was printed. */
int dial_address(struct redis_addr *addr, const struct dial_opts *opts);

/* Connects, logs in and selects the database. Returns a connection to be freed with
 * redisFree, every call on which ends after REPLY_DEADLINE_MS; or NULL with a sentence in
 * @err. */
redisContext *dial_open(const struct redis_addr *addr, char *err, size_t err_n);

#endif
