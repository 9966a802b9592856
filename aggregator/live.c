/* live: one command that grows until it is sent. */
#include "live.h"

#include <assert.h>

#include "../proto/keys.h"

/* A live site's entry is at most a minute old, and its last commit as old as the window.
 */
#define SLACK_MINUTES 2

void live_init(struct live *l)
{
    l->n = 0;
    command_init(&l->command, LIVE_BATCH * (SITE_MAX + 32));
}

void live_fini(struct live *l)
{
    command_fini(&l->command);
}

void live_add(struct live *l, struct site *s, ms_t now)
{
    assert(!live_is_full(l));
    if (s->live_at > 0 && now - s->live_at < LIVE_EVERY_MS)
        return;
    if (l->n++ == 0) {
        command_clear(&l->command);
        command_arg(&l->command, SLICE("ZADD"));
        command_arg(&l->command, SLICE(KEY_LIVE));
    }
    command_u64(&l->command, (uint64_t)now);
    command_arg(&l->command, site_id(s));
    s->live_at = now;
}

void live_clear(struct live *l)
{
    l->n = 0;
}

void live_sweep(struct command *out, unsigned window, ms_t now)
{
    ms_t end = now - (ms_t)(window + SLACK_MINUTES) * MS_PER_MINUTE;

    command_clear(out);
    command_arg(out, SLICE("ZREMRANGEBYSCORE"));
    command_arg(out, SLICE(KEY_LIVE));
    command_arg(out, SLICE("-inf"));
    command_u64(out, end > 0 ? (uint64_t)end : 0);
}

void live_expiry(struct command *out, unsigned window)
{
    command_clear(out);
    command_arg(out, SLICE("EXPIRE"));
    command_arg(out, SLICE(KEY_LIVE));
    command_u64(out, (uint64_t)(window + SLACK_MINUTES + 1) * 60);
}
