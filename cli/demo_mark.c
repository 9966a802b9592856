/* Looking and marking are two commands. Should the first real visitor come in between,
 * the pages say "demo" of it all the same, so nobody takes invented visitors for real. */
#include "demo_mark.h"

#include <time.h>
#include "../proto/keys.h"
#include "setting.h"

/* The reply of type @type, or NULL after a sentence. To be freed. */
static redisReply *expect(redisContext *redis, redisReply *r, int type)
{
    if (r && r->type == type)
        return r;
    complain("cannot mark the site as a demo: %s",
             r == NULL                      ? redis->errstr
             : r->type == REDIS_REPLY_ERROR ? r->str
                                            : "Redis gave an answer that makes no sense");
    if (r)
        freeReplyObject(r);
    return NULL;
}

/* The number that @r is, or -1 after a sentence. Frees @r. */
static long long number_of(redisContext *redis, redisReply *r)
{
    long long n;

    r = expect(redis, r, REDIS_REPLY_INTEGER);
    n = r ? r->integer : -1;
    if (r)
        freeReplyObject(r);
    return n;
}

/* What the shop hopes for are goals; of which aggregators hear by their version. */
static long long write_settings(redisContext *redis, const char *key)
{
    redisReply *r = redisCommand(redis,
                                 "HSET %s " SETTING_DEMO " 1 " SETTING_VERSION
                                 " %lld g:order %s g:in-cart %s g:signup %s",
                                 key, (long long)time(NULL) * 1000, "path /thanks",
                                 "event add-to-cart", "event signup");

    return number_of(redis, r);
}

/* As `headcount site add` does: the site counts at collectors without --open-sites, too.
 */
static long long add(redisContext *redis, struct slice site)
{
    long long n =
        number_of(redis, redisCommand(redis, "SADD " KEY_SITES " %b", site.p, site.n));

    if (n <= 0)
        return n;
    return number_of(
        redis, redisCommand(redis, "PUBLISH " CHANNEL_SETTINGS " %b", site.p, site.n));
}

static enum command_exit mark(redisContext *redis, struct slice site)
{
    struct key_name settings = key_settings(site), totals = key_totals(site);
    long long is_demo, is_used = 0;

    is_demo =
        number_of(redis, redisCommand(redis, "HEXISTS %s " SETTING_DEMO, settings.s));
    if (is_demo == 0)
        is_used = number_of(redis, redisCommand(redis, "EXISTS %s", totals.s));
    if (is_demo < 0 || is_used < 0)
        return EXIT_UNREACHABLE;
    if (is_used > 0) {
        complain("site %.*s has visitors of its own: give a demo another --site",
                 (int)site.n, site.p);
        return EXIT_USAGE;
    }
    return write_settings(redis, settings.s) < 0 || add(redis, site) < 0
               ? EXIT_UNREACHABLE
               : EXIT_FINE;
}

enum command_exit demo_mark(const struct dial_opts *dial, struct slice site)
{
    struct redis_addr addr;
    redisContext *redis;
    enum command_exit code;
    char err[256];

    if (dial_address(&addr, dial) < 0)
        return EXIT_USAGE;
    redis = dial_open(&addr, err, sizeof err);
    if (redis == NULL) {
        complain("cannot mark the site as a demo in Redis at %s: %s; see --redis",
                 dial->redis, err);
        return EXIT_UNREACHABLE;
    }
    code = mark(redis, site);
    redisFree(redis);
    return code;
}
