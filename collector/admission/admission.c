/* The cheapest and surest reasons first: what is no visitor at all costs nobody a place
 * in a table. */
#include "admission.h"

#include "../hub.h"
#include "../worker.h"
#include "sieve.h"

const char *admission_name(enum admission a)
{
    static const char *const names[] = {
        [UNCOUNTED_BOT] = "bot",
        [UNCOUNTED_AHEAD] = "prefetch",
        [UNCOUNTED_EXCLUDED] = "excluded",
        [UNCOUNTED_SPAM] = "spam",
        [UNCOUNTED_OPTED_OUT] = "opted_out",
        [UNCOUNTED_LIMITED] = "ratelimited",
        [UNCOUNTED_REPLAYED] = "replayed",
        [REFUSED_SITE] = "unknown_site",
        [REFUSED_ORIGIN] = "foreign_origin",
    };

    return names[a];
}

static void count(struct counters *c, enum admission a)
{
    switch (a) {
    case ADMITTED:
        COUNT(c, hits);
        break;
    case UNCOUNTED_BOT:
        COUNT(c, bots);
        break;
    case UNCOUNTED_AHEAD:
        COUNT(c, prefetched);
        break;
    case UNCOUNTED_EXCLUDED:
        COUNT(c, excluded);
        break;
    case UNCOUNTED_SPAM:
        COUNT(c, spam);
        break;
    case UNCOUNTED_OPTED_OUT:
        COUNT(c, opted_out);
        break;
    case UNCOUNTED_LIMITED:
        COUNT(c, ratelimited);
        break;
    case UNCOUNTED_REPLAYED:
        COUNT(c, replayed);
        break;
    case REFUSED_SITE:
        COUNT(c, unknown_site);
        break;
    case REFUSED_ORIGIN:
        COUNT(c, foreign_origin);
        break;
    }
}

/* What the site's operator has decided (register.h). */
static enum admission judge_site(struct worker *w, struct slice site,
                                 const struct beacon_sender *from)
{
    enum admission a = register_judge(w->site_register, w->setup->open_sites, site, from);

    if (a == REFUSED_SITE)
        register_board_refused(&w->hub->board, site);
    return a;
}

/* Whether it was counted before, or its address sends too much. A replay uses up nothing
 * of what its address may do; and what is over a limit is not remembered, so that it
 * counts if it is sent once more when the address may. */
static enum admission judge_amount(struct worker *w, const struct beacon *b,
                                   const struct beacon_sender *from, const struct hit *h)
{
    struct replays *replays = &w->commons->replays;
    uint64_t id = replays_id(replays, h, b->sent);
    mono_t now = worker_now(w)->mono;
    enum added added;

    if (replays_has(replays, id, now))
        return UNCOUNTED_REPLAYED;
    if (!from->vouched &&
        !quotas_allow_hit(&w->commons->quotas, &from->ip, h, now, &w->counters))
        return UNCOUNTED_LIMITED;
    added = replays_add(replays, id, now);
    if (added == SEEN_DISPLACED)
        COUNT(&w->counters, replays_displaced);
    return added == SEEN_BEFORE ? UNCOUNTED_REPLAYED : ADMITTED;
}

static enum admission judge_sender(struct worker *w, const struct beacon_sender *from,
                                   const struct hit *h)
{
    const struct sieve sieve = {&w->agents, &w->setup->excluded, w->files.spam};

    return sieve_judge(&sieve, from, h);
}

enum admission admission_judge(struct worker *w, const struct beacon *b,
                               const struct beacon_sender *from, const struct hit *h)
{
    enum admission a = judge_site(w, h->site, from);

    if (a == ADMITTED)
        a = judge_sender(w, from, h);
    if (a == ADMITTED)
        a = judge_amount(w, b, from, h);
    count(&w->counters, a);
    return a;
}

enum admission admission_judge_site(struct worker *w, struct slice site,
                                    const struct beacon_sender *from)
{
    const struct hit nothing = {.site = site};
    enum admission a = judge_site(w, site, from);
    struct beacon_sender looking;

    if (a == ADMITTED && from) {
        looking = *from;
        looking.ahead = false; /* or will soon, and the connection is the same then */
        a = judge_sender(w, &looking, &nothing);
    }
    if (a != ADMITTED)
        count(&w->counters, a);
    return a;
}

enum admission admission_judge_visitor(struct worker *w, const struct hit *visitor,
                                       const struct beacon_sender *from)
{
    enum admission a = judge_site(w, visitor->site, from);

    if (a == ADMITTED)
        a = judge_sender(w, from, visitor);
    if (a == ADMITTED && !quotas_allow_hit(&w->commons->quotas, &from->ip, visitor,
                                           worker_now(w)->mono, &w->counters))
        a = UNCOUNTED_LIMITED;
    if (a != ADMITTED)
        count(&w->counters, a);
    return a;
}

enum admission admission_foretell(struct worker *w, struct slice site,
                                  const struct beacon_sender *from)
{
    const struct hit view = {.site = site, .kind = HIT_VIEW};
    enum admission a = register_judge(w->site_register, w->setup->open_sites, site, from);

    return a == ADMITTED ? judge_sender(w, from, &view) : a;
}
