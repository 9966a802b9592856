/* What a site's commit costs Redis and its writer, beside increments.
 *
 *   commit_bench SOCKET REDIS_PID ROUNDS [FORM ...]
 *
 * A thousand sites change in each round: so many views each by visitors who are known, on
 * five pages, with browser and device, in tabs. FORM is one of
 *
 * - commit:N: N views a site are folded, then round, commit, commit.lua and redis_link
 *   take them to Redis as in the aggregator;
 * - increments: the five views as eleven commands: three counters, five pages, two
 *   expiries, a message of 120 bytes; redisAppendCommandArgv, 64 sites ahead;
 * - scripted: the same eleven by one script;
 * - events:N: for each of N views a counter, a set of visitors, a page.
 *
 * All forms, one round after the other. A line for each: the form, then a site's ns of
 * Redis' CPU (its schedstat), of ours (CLOCK_PROCESS_CPUTIME_ID, without the folding) and
 * a thousand times the commands that Redis counted for it. */
#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../aggregator/fold.h"
#include "../../aggregator/redis_setup.h"
#include "../../aggregator/round.h"

#define SITES 1000
#define PAGES 5
#define VISITORS 50 /* of a site */
#define AHEAD 64    /* sites, of the increments */
#define WARM_ROUNDS 3
#define ARGS_MAX 16 /* of a command of the increments */

struct bench {
    uv_loop_t loop;
    struct redis_link *link;
    bool up, set_up;
    struct aggregator_counters counters;
    struct clock clock;
    struct redis_setup setup;
    struct store store;
    struct round round;
    redisContext *redis; /* of the increments, and to ask how many commands there were */
    int redis_pid;
    char sha[41]; /* of the script that increments */
    uint64_t seq;
};

struct figure {
    double redis, ours, commands;
};

static uint64_t random_state = 1;

static uint64_t rng(void)
{
    uint64_t z = (random_state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "commit_bench: %s\n", what);
    exit(1);
}

/* ---- what it costs -------------------------------------------------------- */

static double our_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Its main thread's; it has answered, and sleeps. */
static double redis_ns(const struct bench *b)
{
    char path[64];
    double ns = 0;
    FILE *f;

    usleep(2000);
    snprintf(path, sizeof path, "/proc/%d/schedstat", b->redis_pid);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%lf", &ns) != 1)
        fail("no schedstat of Redis");
    fclose(f);
    return ns;
}

/* Calls of all commands but INFO, those of scripts too. */
static double redis_commands(const struct bench *b)
{
    redisReply *r = redisCommand(b->redis, "INFO commandstats");
    double n = 0;

    if (!r || r->type != REDIS_REPLY_STRING)
        fail("no INFO");
    for (char *at = strstr(r->str, "cmdstat_"); at; at = strstr(at + 1, "cmdstat_"))
        if (strncmp(at, "cmdstat_info", 12) != 0)
            n += strtod(strstr(at, "calls=") + 6, NULL);
    freeReplyObject(r);
    return n;
}

/* ---- the commit ------------------------------------------------------------ */

static void on_up(void *arg)
{
    struct bench *b = arg;

    b->up = true;
}

static void on_down(void *arg, const char *why)
{
    (void)arg;
    fail(why);
}

static void on_set_up(void *arg, bool ok)
{
    struct bench *b = arg;

    if (!ok)
        fail("Redis takes no scripts");
    b->set_up = true;
}

static void turn_until(struct bench *b, const bool *done)
{
    while (!*done)
        uv_run(&b->loop, UV_RUN_ONCE);
}

static void open_link(struct bench *b, const char *socket)
{
    static const struct redis_link_events events = {on_up, on_down, NULL};
    struct redis_addr addr = {.is_unix = true};

    snprintf(addr.host, sizeof addr.host, "%s", socket);
    b->link = redis_link_open(&b->loop, &addr, "bench", &events, b);
    turn_until(b, &b->up);
    redis_setup_init(&b->setup, &b->clock, &b->counters, on_set_up, b);
    redis_setup_begin(&b->setup, b->link);
    turn_until(b, &b->set_up);
    b->round.link = b->link;
}

static void fold_views(struct bench *b, unsigned site, unsigned views)
{
    static const char *const path[PAGES] = {
        "/", "/articles/2025/11/how-many-people", "/articles/2025/11/who-is-there-now",
        "/pricing", "/docs/getting-started/first-steps"};
    struct fold_origin from = {.stream = 1, .seq = ++b->seq, .at = b->clock.now};
    struct fold_counts counts = {0};
    struct hit hits[DATAGRAM_HITS_MAX];
    char id[32];
    int n = snprintf(id, sizeof id, "site-%u.example", site);

    assert(views <= DATAGRAM_HITS_MAX);
    for (unsigned i = 0; i < views; i++) {
        uint64_t visitor = rng() % VISITORS;

        hits[i] = (struct hit){.site = {id, (size_t)n},
                               .path = slice_of(path[i % PAGES]),
                               .visitor = (site + 1) * UINT64_C(1000003) + visitor,
                               .tab = visitor + 1,
                               .state = STATE_READING,
                               .device = DEVICE_MOBILE,
                               .browser = BROWSER_SAFARI};
    }
    fold_hits(&b->store, hits, views, &from, &counts);
}

/* Sites that are live and keep their logs, as in the aggregator; nothing was read back.
 */
static void make_sites(struct bench *b)
{
    struct site *s;
    char id[32];

    b->store.lazy = true;
    for (unsigned site = 0; site < SITES; site++) {
        int n = snprintf(id, sizeof id, "site-%u.example", site);

        store_site(&b->store, (struct slice){id, (size_t)n});
        s = store_take_load(&b->store);
        store_loaded(&b->store, s);
        s->full = s->log.rewrite = true;
    }
}

/* A commit for each site that changed. */
static void commit_all(struct bench *b)
{
    round_begin(&b->round, slice_of(b->setup.commit_sha), b->setup.epoch, b->clock.now);
    while (b->round.active) {
        uv_run(&b->loop, UV_RUN_ONCE);
        round_turn(&b->round, b->clock.now);
    }
    if (b->round.outcomes[COMMIT_OK] != SITES)
        fail("commits failed");
}

static struct figure commit_round(struct bench *b, unsigned views)
{
    struct figure f;
    double redis, ours, commands;

    fold_tick(&b->store, clock_now(&b->clock));
    for (unsigned site = 0; site < SITES; site++)
        fold_views(b, site, views);
    commands = redis_commands(b);
    redis = redis_ns(b);
    ours = our_ns();
    commit_all(b);
    f.ours = our_ns() - ours;
    f.redis = redis_ns(b) - redis;
    f.commands = redis_commands(b) - commands;
    return f;
}

/* ---- increments ------------------------------------------------------------ */

static unsigned append(struct bench *b, int argc, const char **argv)
{
    size_t len[ARGS_MAX];

    assert(argc <= ARGS_MAX);
    for (int i = 0; i < argc; i++)
        len[i] = strlen(argv[i]);
    if (redisAppendCommandArgv(b->redis, argc, argv, len) != REDIS_OK)
        fail("redisAppendCommandArgv");
    return 1;
}

static unsigned one(struct bench *b, const char *verb, const char *key, const char *arg,
                    const char *more)
{
    return append(b, more ? 4 : 3, (const char *[]){verb, key, arg, more});
}

/* What a change of a site is told with. */
struct increments {
    char row[48], pages[48], channel[48], page[PAGES][40], message[121];
};

static struct increments increments_of(unsigned site)
{
    struct increments i;

    memset(i.message, 'm', sizeof i.message - 1);
    i.message[sizeof i.message - 1] = '\0';
    snprintf(i.row, sizeof i.row, "inc:{site-%u.example}:b", site);
    snprintf(i.pages, sizeof i.pages, "inc:{site-%u.example}:p", site);
    snprintf(i.channel, sizeof i.channel, "inc:site-%u.example", site);
    for (unsigned k = 0; k < PAGES; k++)
        snprintf(i.page[k], sizeof i.page[k], "/articles/2025/11/number-%u", k);
    return i;
}

/* Eleven commands. */
static unsigned increment(struct bench *b, unsigned site)
{
    struct increments i = increments_of(site);
    unsigned n = 0;

    n += one(b, "HINCRBY", i.row, "pv", "5");
    n += one(b, "HINCRBY", i.row, "ev", "1");
    n += one(b, "HINCRBY", i.row, "uniq", "5");
    for (unsigned k = 0; k < PAGES; k++)
        n += one(b, "ZINCRBY", i.pages, "1", i.page[k]);
    n += one(b, "EXPIRE", i.row, "1860", NULL);
    n += one(b, "EXPIRE", i.pages, "1860", NULL);
    return n + one(b, "PUBLISH", i.channel, i.message, NULL);
}

/* The same eleven, by one script. */
static const char increment_lua[] =
    "redis.call('HINCRBY', KEYS[1], 'pv', ARGV[1])\n"
    "redis.call('HINCRBY', KEYS[1], 'ev', ARGV[2])\n"
    "redis.call('HINCRBY', KEYS[1], 'uniq', ARGV[3])\n"
    "for i = 6, #ARGV do redis.call('ZINCRBY', KEYS[2], 1, ARGV[i]) end\n"
    "redis.call('EXPIRE', KEYS[1], ARGV[4])\n"
    "redis.call('EXPIRE', KEYS[2], ARGV[4])\n"
    "redis.call('PUBLISH', KEYS[3], ARGV[5])\n";

static unsigned increment_scripted(struct bench *b, unsigned site)
{
    struct increments i = increments_of(site);
    const char *argv[] = {"EVALSHA", b->sha,    "3",       i.row,    i.pages,   i.channel,
                          "5",       "1",       "5",       "1860",   i.message, i.page[0],
                          i.page[1], i.page[2], i.page[3], i.page[4]};

    return append(b, sizeof argv / sizeof *argv, argv);
}

static void load_increments(struct bench *b)
{
    redisReply *r = redisCommand(b->redis, "SCRIPT LOAD %s", increment_lua);

    if (!r || r->type != REDIS_REPLY_STRING)
        fail("no script");
    snprintf(b->sha, sizeof b->sha, "%s", r->str);
    freeReplyObject(r);
}

/* Three commands a view. */
static unsigned increment_events(struct bench *b, unsigned site, unsigned views)
{
    char row[48], pages[48], seen[48], page[40], visitor[24];
    unsigned n = 0;

    snprintf(row, sizeof row, "inc:{site-%u.example}:b", site);
    snprintf(pages, sizeof pages, "inc:{site-%u.example}:p", site);
    snprintf(seen, sizeof seen, "inc:{site-%u.example}:v", site);
    for (unsigned i = 0; i < views; i++) {
        snprintf(page, sizeof page, "/articles/2025/11/number-%u", i % PAGES);
        snprintf(visitor, sizeof visitor, "%" PRIu64,
                 UINT64_C(1) << 60 | (site * VISITORS + rng() % VISITORS));
        n += one(b, "HINCRBY", row, "pv", "1");
        n += one(b, "SADD", seen, visitor, NULL);
        n += one(b, "ZINCRBY", pages, "1", page);
    }
    return n;
}

static void take_replies(struct bench *b, unsigned n)
{
    while (n-- > 0) {
        void *reply = NULL;

        if (redisGetReply(b->redis, &reply) != REDIS_OK)
            fail(b->redis->errstr);
        freeReplyObject(reply);
    }
}

/* One of them, of a site: how many replies it has. */
static unsigned tell(struct bench *b, const char *form, unsigned views, unsigned site)
{
    if (strcmp(form, "scripted") == 0)
        return increment_scripted(b, site);
    return views ? increment_events(b, site, views) : increment(b, site);
}

static struct figure increment_round(struct bench *b, const char *form, unsigned views)
{
    struct figure f;
    double commands = redis_commands(b), redis = redis_ns(b), ours = our_ns();
    unsigned waiting = 0;

    for (unsigned site = 0; site < SITES; site++) {
        waiting += tell(b, form, views, site);
        if (site % AHEAD != AHEAD - 1 && site != SITES - 1)
            continue;
        take_replies(b, waiting);
        waiting = 0;
    }
    f.ours = our_ns() - ours;
    f.redis = redis_ns(b) - redis;
    f.commands = redis_commands(b) - commands;
    return f;
}

/* ---- all of them ------------------------------------------------------------ */

static struct figure run(struct bench *b, const char *form)
{
    const char *views = strchr(form, ':');
    unsigned n = views ? (unsigned)strtoul(views + 1, NULL, 10) : 0;

    return strncmp(form, "commit", 6) == 0 ? commit_round(b, n)
                                           : increment_round(b, form, n);
}

int main(int argc, char **argv)
{
    static const char *const all[] = {"commit:5",  "increments", "scripted",  "commit:10",
                                      "events:10", "commit:100", "events:100"};
    static const struct key key = {{1}};
    static struct bench b;
    const char *const *form = argc > 4 ? (const char *const *)argv + 4 : all;
    int forms = argc > 4 ? argc - 4 : (int)(sizeof all / sizeof *all);

    if (argc < 4)
        fail("commit_bench SOCKET REDIS_PID ROUNDS [FORM ...]");
    b.redis_pid = atoi(argv[2]);
    b.redis = redisConnectUnix(argv[1]);
    if (!b.redis || b.redis->err)
        fail("no Redis");
    uv_loop_init(&b.loop);
    clock_init(&b.clock, &clock_host, NULL, NULL);
    store_init(&b.store, 30, &key, clock_now(&b.clock));
    round_init(&b.round, &b.store, &b.clock, &b.counters);
    make_sites(&b);
    load_increments(&b);
    open_link(&b, argv[1]);
    for (int round = -WARM_ROUNDS; round < atoi(argv[3]); round++) {
        for (int i = 0; i < forms; i++) {
            struct figure f = run(&b, form[i]);

            if (round >= 0)
                printf("%s %.0f %.0f %.0f\n", form[i], f.redis / SITES, f.ours / SITES,
                       f.commands / SITES * 1000);
        }
    }
    return 0;
}
