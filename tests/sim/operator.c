/* operator: each change is one command, after which the version is another. Before it
 * the site is named among those that have alerts. */
#include "operator.h"

#include <stdio.h>
#include "../../proto/keys.h"

#define ALERT_RULE "above current 5 3 0"
#define LATE_RULE "below online 1 2 2"

static void run(const struct operator* o, const char *const *words)
{
    struct command c;

    command_init(&c, COMMIT_BYTES_MAX);
    for (; *words; words++)
        command_arg(&c, slice_of(*words));
    freeReplyObject(redis_model_call(o->redis, &c));
    command_fini(&c);
}

static void write_site(const struct operator* o, const char *site, const char *key)
{
    const char *const first[] = {
        "HSET",      key,        "g:all",  "path *",  "g:buy",
        "event buy", "g:gone",   "path *", "al:busy", ALERT_RULE,
        "al:gone",   ALERT_RULE, "v",      "1",       NULL,
    };
    const char *const then[] = {
        "HSET",      key,       "g:all",  "path *",  "g:buy",
        "event buy", "g:late",  "path *", "al:busy", ALERT_RULE,
        "al:late",   LATE_RULE, "v",      "2",       NULL,
    };

    if (slice_eq(redis_model_get(o->redis, key, "v"), operator_version(o)))
        return;
    run(o, (const char *const[]){"SADD", KEY_ALERTED, site, NULL});
    run(o, (const char *const[]){"DEL", key, NULL});
    run(o, o->changed ? then : first);
}

void operator_write(const struct operator* o)
{
    for (unsigned i = 0; i < o->nsites; i++) {
        struct key_name key;
        char site[16];

        snprintf(site, sizeof site, "site-%u", i);
        key = key_settings(slice_of(site));
        write_site(o, site, key.s);
    }
}

void operator_change(struct operator* o)
{
    o->changed = true;
    operator_write(o);
}

struct slice operator_version(const struct operator* o)
{
    return o->changed ? SLICE("2") : SLICE("1");
}
