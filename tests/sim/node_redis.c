/* node_redis: calls wait in a queue per connection; the first that is not executed is the
 * one that an arrival means, the first of all the one that a reply means. */
#include "node_redis.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/backoff.h"
#include "../../proto/keys.h"
#include "../written_call.h"

struct call {
    struct command command;
    redis_reply_fn fn;
    void *arg;
    us_t sent;
    bool executed;
    redisReply *reply; /* NULL: it was lost */
    struct call *next;
};

struct straggler {
    struct node_redis *redis;
    struct command command;
    bool done;
    uint64_t life; /* of the Redis that it was sent to */
    struct straggler *next;
};

struct redis_link {
    struct node_redis *redis;
    struct link_owner owner;
    unsigned host;
    bool up, orphan;
    bool frozen;   /* its owner is: of what befalls it, it hears when it goes on */
    bool called;   /* meanwhile a dial fell due */
    bool dead;     /* or the connection broke */
    uint64_t life; /* of the Redis that it reached */
    uint64_t generation;
    uint64_t dial; /* the latest; older dialling events mean nothing */
    struct call *first, *last;
    size_t n;
    us_t arrival; /* of the newest call */
    us_t answer;  /* and of the newest reply */
    struct backoff backoff;
    struct redis_link_stats stats;
    struct redis_link *next;
};

#define HARD_ERRORS 2 /* the last of them */
static const char *const errors[] = {
    "OOM command not allowed when used memory > 'maxmemory'.",
    "BUSY Redis is busy running a script.",
    "MISCONF Redis is configured to save RDB snapshots.",
    "READONLY You can't write against a read only replica.",
    "MASTERDOWN Link with MASTER is down.",
    "CLUSTERDOWN The cluster is down",
    "TRYAGAIN Multiple keys request during rehashing of slot",
    "NOREPLICAS Not enough good replicas to write.",
    "NOSCRIPT No matching script.",
    /* and those for good, for one site alone */
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "ERR something else",
};

static void on_arrival(void *arg, uint64_t generation);
static void link_break(struct redis_link *l);

/* ---- Redis -------------------------------------------------------------- */

void node_redis_init(struct node_redis *r, struct world *w, ms_t wall)
{
    memset(r, 0, sizeof *r);
    r->world = w;
    r->wall = wall;
    redis_model_init(&r->model, wall);
}

void node_redis_clock(struct node_redis *r)
{
    redis_model_at(&r->model, r->wall + r->world->now / MS);
}

static redisReply *error_reply(const char *text)
{
    redisReply *reply = calloc(1, sizeof *reply);

    assert(reply);
    reply->type = REDIS_REPLY_ERROR;
    reply->str = strdup(text);
    reply->len = strlen(text);
    return reply;
}

static bool is_known(const struct node_redis *r, const char *sha)
{
    for (unsigned i = 0; i < r->nscripts; i++)
        if (strcmp(r->script[i], sha) == 0)
            return true;
    return false;
}

static void remember(struct node_redis *r, const redisReply *sha)
{
    assert(sha->type == REDIS_REPLY_STRING && sha->len < sizeof r->script[0]);
    if (is_known(r, sha->str))
        return;
    assert(r->nscripts < SCRIPTS);
    strcpy(r->script[r->nscripts++], sha->str);
}

/* argv[@i] as a string. */
static bool says(struct command *c, size_t i, const char *word)
{
    return i < c->n &&
           slice_eq((struct slice){command_argv(c)[i], c->len[i]}, slice_of(word));
}

/* Whoever comes may write: the epoch that would keep him out is lowered to his. */
static void open_gate(struct node_redis *r, struct command *c)
{
    size_t at = says(c, 2, "2") ? 5 : 4; /* of the epoch, behind two keys or one */
    struct slice meta = {command_argv(c)[3], c->len[3]};
    struct slice mine = {command_argv(c)[at], c->len[at]}, has;
    char key[KEY_MAX], line[KEY_MAX + 40];

    snprintf(key, sizeof key, "%.*s", (int)meta.n, meta.p);
    has = redis_model_get(&r->model, key, "e");
    if (has.n < mine.n || (has.n == mine.n && memcmp(has.p, mine.p, mine.n) <= 0))
        return;
    snprintf(line, sizeof line, "HSET %s e %.*s", key, (int)mine.n, mine.p);
    redis_model_say(&r->model, line);
}

static long long_at(struct command *c, size_t i)
{
    char text[24] = "";

    if (i < c->n && c->len[i] < sizeof text)
        memcpy(text, command_argv(c)[i], c->len[i]);
    return atol(text);
}

/* Whatever part comes is the one that is waited for. */
static void link_part(struct node_redis *r, struct command *c)
{
    char line[KEY_MAX + 80];

    if (says(c, 2, "2") && long_at(c, 8) > 0) {
        snprintf(line, sizeof line, "HSET %.*s p %ld.%ld", (int)c->len[3],
                 command_argv(c)[3], long_at(c, 7), long_at(c, 8) - 1);
        redis_model_say(&r->model, line);
    }
}

/* The keys are of sites called site-0 to site-9. */
static void note(struct node_redis *r, struct command *c, const redisReply *reply)
{
    bool commit = says(c, 2, "2");
    long site = command_argv(c)[3][strlen("hc:{site-")] - '0';
    long ok = reply->type == REDIS_REPLY_ARRAY || strncmp(reply->str, "OK", 2) == 0;

    if (commit)
        world_note(r->world, "site-%ld is committed: e %ld q %ld, ok %ld", site,
                   long_at(c, 5), long_at(c, 7), ok);
    else
        world_note(r->world, "site-%ld is claimed: e %ld, ok %ld", site, long_at(c, 4),
                   ok, 0);
}

static redisReply *execute(struct node_redis *r, struct command *c)
{
    size_t messages = r->model.messages;
    char sha[41] = "";
    redisReply *reply;

    node_redis_clock(r);
    r->executed++;
    if (says(c, 0, "EVALSHA") && c->len[1] < sizeof sha) {
        memcpy(sha, command_argv(c)[1], c->len[1]);
        if (!is_known(r, sha))
            return error_reply("NOSCRIPT No matching script. Please use EVAL.");
    }
    if (r->unfenced && says(c, 0, "EVALSHA"))
        open_gate(r, c);
    if (r->unlinked && says(c, 0, "EVALSHA"))
        link_part(r, c);
    reply = redis_model_call(&r->model, c);
    if (says(c, 0, "EVALSHA"))
        note(r, c, reply);
    if (says(c, 0, "SCRIPT") && says(c, 1, "LOAD"))
        remember(r, reply);
    if (r->model.messages > messages && r->published)
        r->published(r->arg);
    return reply;
}

/* Until when nothing happens between @host and Redis. */
static us_t blocked(const struct node_redis *r, unsigned host)
{
    return r->stopped > r->cut[host] ? r->stopped : r->cut[host];
}

static us_t latency(struct node_redis *r)
{
    if (r->slow && draw_yes(r->world, 20))
        return draw_from(r->world, 0, SECOND);
    return DRAW_ONE(r->world, 200, 200, MS, MS, 3 * MS, 30 * MS);
}

/* ---- what comes late ---------------------------------------------------- */

static void on_straggler(void *arg, uint64_t token)
{
    struct straggler *s = arg;
    struct node_redis *r = s->redis;

    (void)token;
    if (s->life == r->life && !r->down) {
        freeReplyObject(execute(r, &s->command));
        r->straggled++;
        world_note(r->world, "redis executes a command of a broken connection", 0, 0, 0,
                   0);
    }
    command_fini(&s->command);
    s->done = true;
}

static void straggle(struct node_redis *r, struct command *c, us_t at)
{
    struct straggler *s = calloc(1, sizeof *s);

    assert(s);
    *s = (struct straggler){.redis = r, .command = *c, .life = r->life, .next = r->late};
    r->late = s;
    world_at(r->world, at, on_straggler, s, 0);
}

/* ---- a connection ------------------------------------------------------- */

static struct call *pop(struct redis_link *l)
{
    struct call *c = l->first;

    l->first = c->next;
    if (!l->first)
        l->last = NULL;
    l->n--;
    return c;
}

static void free_call(struct call *c, bool with_command)
{
    if (with_command)
        command_fini(&c->command);
    if (c->reply)
        freeReplyObject(c->reply);
    free(c);
}

static void on_dial(void *arg, uint64_t dial);

static void rest(struct redis_link *l)
{
    uint64_t ms = backoff_next(&l->backoff, dice_u64(&l->redis->world->dice));

    world_at(l->redis->world, l->redis->world->now + (us_t)ms * MS + MS, on_dial, l,
             ++l->dial);
}

/* What has not been executed: the first of it arrives all the same, at once or later. */
static us_t lateness(struct node_redis *r, unsigned host)
{
    us_t at = r->world->now;

    if (r->stragglers && draw_yes(r->world, 500))
        at += draw_yes(r->world, 700) ? draw_from(r->world, 0, 200 * MS)
                                      : draw_from(r->world, 0, 8 * SECOND);
    return at > blocked(r, host) ? at : blocked(r, host);
}

/* Every call in the queue gets NULL; some of them will be executed. */
static void fail_calls(struct redis_link *l)
{
    struct node_redis *r = l->redis;
    size_t arrive = draw(r->world, l->n + 1);
    us_t at = lateness(r, l->host);

    while (l->first) {
        struct call *c = pop(l);
        bool late = !c->executed && arrive > 0 && l->life == r->life;

        arrive -= arrive > 0;
        if (late)
            straggle(r, &c->command, at);
        l->stats.unknown++;
        if (!l->orphan)
            c->fn(c->arg, NULL);
        free_call(c, !late);
    }
}

static void link_break(struct redis_link *l)
{
    if (!l->up)
        return;
    l->dead = l->frozen;
    if (l->frozen)
        return;
    world_note(l->redis->world, "connection of host %ld breaks, %ld calls in flight",
               l->host, (long)l->n, 0, 0);
    l->redis->broken++;
    l->up = false;
    l->generation++;
    l->stats.downs++;
    fail_calls(l);
    if (l->orphan)
        return;
    l->owner.down(l->owner.arg, l);
    rest(l);
}

static void on_dial(void *arg, uint64_t dial)
{
    struct redis_link *l = arg;
    struct node_redis *r = l->redis;

    if (l->orphan || l->up || dial != l->dial)
        return;
    l->called |= l->frozen;
    if (l->frozen)
        return;
    l->stats.dials++;
    if (r->down || blocked(r, l->host) > r->world->now) {
        rest(l);
        return;
    }
    l->up = true;
    l->life = r->life;
    l->arrival = l->answer = r->world->now;
    l->stats.ups++;
    world_note(r->world, "connection of host %ld is up", l->host, 0, 0, 0);
    l->owner.up(l->owner.arg, l);
}

static void on_deadline(void *arg, uint64_t generation)
{
    struct redis_link *l = arg;
    struct world *w = l->redis->world;
    us_t due;

    if (generation != l->generation || !l->first || l->orphan || l->frozen)
        return;
    due = l->first->sent + REDIS_REPLY_DEADLINE_MS * MS;
    if (due > w->now) {
        world_at(w, due, on_deadline, l, generation);
        return;
    }
    l->stats.timeouts++;
    link_break(l);
}

static void answer_first(struct redis_link *l)
{
    struct call *c = pop(l);

    if (!l->orphan)
        c->fn(c->arg, c->reply);
    free_call(c, true);
}

static void on_answer(void *arg, uint64_t generation)
{
    struct redis_link *l = arg;
    us_t until = l->redis->cut[l->host];

    if (generation != l->generation || !l->first || !l->first->executed)
        return;
    if (l->frozen)
        return; /* link_thaw has it */
    if (until > l->redis->world->now) {
        world_at(l->redis->world, until, on_answer, l, generation);
        return;
    }
    answer_first(l);
    if (!l->orphan)
        l->owner.replied(l->owner.arg);
}

/* What a load is refused for good, a site is given up for: that would be no accident. */
static size_t errors_for(const struct node_redis *r, struct command *c)
{
    bool is_commit = says(c, 0, "EVALSHA") && says(c, 2, "2");

    return sizeof errors / sizeof *errors -
           (r->hard_errors && is_commit ? 0 : HARD_ERRORS);
}

static bool refused(struct redis_link *l, struct call *c)
{
    struct node_redis *r = l->redis;

    if (!draw_yes(r->world, r->errors))
        return false;
    c->reply = error_reply(errors[draw(r->world, errors_for(r, &c->command))]);
    r->refused++;
    world_note(r->world, "redis says an error to host %ld", l->host, 0, 0, 0);
    return true;
}

static void arrive(struct redis_link *l, struct call *c)
{
    struct node_redis *r = l->redis;
    struct world *w = r->world;
    us_t at;

    if (!refused(l, c))
        c->reply = execute(r, &c->command);
    c->executed = true;
    if (draw_yes(w, r->breaks_after)) {
        link_break(l);
        return;
    }
    at = w->now + latency(r);
    l->answer = at > l->answer ? at : l->answer;
    world_at(w, l->answer, on_answer, l, l->generation);
}

static void on_arrival(void *arg, uint64_t generation)
{
    struct redis_link *l = arg;
    struct node_redis *r = l->redis;
    struct call *c = l->first;

    if (generation != l->generation || l->dead)
        return;
    while (c && c->executed)
        c = c->next;
    if (!c)
        return;
    if (blocked(r, l->host) > r->world->now)
        world_at(r->world, blocked(r, l->host), on_arrival, l, generation);
    else if (draw_yes(r->world, r->breaks_before))
        link_break(l);
    else
        arrive(l, c);
}

struct redis_link *node_redis_dial(struct node_redis *r, unsigned host,
                                   const struct link_owner *owner)
{
    struct redis_link *l = calloc(1, sizeof *l);

    assert(l);
    *l = (struct redis_link){
        .redis = r,
        .owner = *owner,
        .host = host,
        .next = r->links,
        .backoff = {.first_ms = REDIS_REST_FIRST_MS, .max_ms = REDIS_REST_MAX_MS}};
    r->links = l;
    world_at(r->world, r->world->now + MS, on_dial, l, ++l->dial);
    return l;
}

void link_freeze(struct redis_link *l)
{
    l->frozen = true;
}

/* Timers run before sockets are read: a reply that has been there for long may find its
 * connection given up. */
void link_thaw(struct redis_link *l)
{
    struct world *w = l->redis->world;
    uint64_t generation = l->generation;

    l->frozen = false;
    if (l->dead) {
        l->dead = false;
        link_break(l);
        return;
    }
    if (l->called) {
        l->called = false;
        world_at(w, w->now, on_dial, l, l->dial);
    }
    if (l->first && l->first->sent + REDIS_REPLY_DEADLINE_MS * MS <= w->now)
        on_deadline(l, generation);
    while (generation == l->generation && l->first && l->first->executed)
        answer_first(l);
    if (generation == l->generation && l->first)
        world_at(w, l->first->sent + REDIS_REPLY_DEADLINE_MS * MS, on_deadline, l,
                 generation);
}

/* The kernel closes the sockets; what is in them goes on its way. */
void link_orphan(struct redis_link *l)
{
    l->orphan = true;
    l->frozen = false;
    link_break(l);
}

/* ---- redis_link.h ------------------------------------------------------- */

int redis_link_call(struct redis_link *l, int argc, const char **argv, const size_t *lens,
                    redis_reply_fn fn, void *arg)
{
    struct world *w = l->redis->world;
    struct call *c;
    us_t at;

    if (!l->up)
        return -1;
    c = calloc(1, sizeof *c);
    assert(c);
    *c = (struct call){.fn = fn, .arg = arg, .sent = w->now};
    command_init(&c->command, REDIS_OUTBOX_MAX);
    for (int i = 0; i < argc; i++)
        command_arg(&c->command,
                    (struct slice){argv[i], lens ? lens[i] : strlen(argv[i])});
    if (l->last)
        l->last->next = c;
    else {
        l->first = c;
        world_at(w, w->now + REDIS_REPLY_DEADLINE_MS * MS, on_deadline, l, l->generation);
    }
    l->last = c;
    l->n++;
    l->stats.calls++;
    at = w->now + latency(l->redis);
    l->arrival = at > l->arrival ? at : l->arrival;
    world_at(w, l->arrival, on_arrival, l, l->generation);
    return 0;
}

bool redis_link_is_up(const struct redis_link *l)
{
    return l->up;
}

size_t redis_link_in_flight(const struct redis_link *l)
{
    return l->n;
}

uint64_t redis_link_generation(const struct redis_link *l)
{
    return l->generation;
}

const struct redis_link_stats *redis_link_stats(const struct redis_link *l)
{
    return &l->stats;
}

void redis_link_reset(struct redis_link *l, const char *why)
{
    (void)why;
    link_break(l);
}

/* ---- what befalls Redis ------------------------------------------------- */

static void on_back(void *arg, uint64_t life)
{
    struct node_redis *r = arg;

    if (life == r->life)
        r->down = false;
    world_note(r->world, "redis is back", 0, 0, 0, 0);
}

void node_redis_disconnect(struct node_redis *r)
{
    for (struct redis_link *l = r->links; l; l = l->next)
        link_break(l);
}

void node_redis_kill(struct node_redis *r, us_t back, us_t away)
{
    world_note(r->world, "redis is killed, loses %ld ms, away %ld ms", back / MS,
               away / MS, 0, 0);
    node_redis_clock(r);
    r->down = true;
    r->life++;
    r->nscripts = 0;
    r->stopped = 0;
    node_redis_disconnect(r);
    redis_model_regress(&r->model, (ms_t)(back / MS));
    r->kept = r->world->now / MS - back / MS;
    if (r->lost)
        r->lost(r->arg);
    world_at(r->world, r->world->now + away, on_back, r, r->life);
}

void node_redis_stop(struct node_redis *r, us_t until)
{
    if (until > r->stopped)
        r->stopped = until;
}

void node_redis_script_flush(struct node_redis *r)
{
    r->nscripts = 0;
}

void node_redis_flush(struct node_redis *r)
{
    redis_model_flush(&r->model);
    r->flushes++;
    r->kept = -1;
    if (r->lost)
        r->lost(r->arg);
}

void node_redis_cut(struct node_redis *r, unsigned host, us_t until)
{
    if (until > r->cut[host])
        r->cut[host] = until;
}

void node_redis_fini(struct node_redis *r)
{
    for (struct redis_link *l = r->links, *next; l; l = next) {
        next = l->next;
        while (l->first)
            free_call(pop(l), true);
        free(l);
    }
    for (struct straggler *s = r->late, *next; s; s = next) {
        next = s->next;
        if (!s->done)
            command_fini(&s->command);
        free(s);
    }
    redis_model_fini(&r->model);
}
