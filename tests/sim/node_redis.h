/* node_redis: one Redis and the connections to it, in place of proto/loop/redis_link.
 *
 * Redis itself is redis_model. It is killed and comes back up to some seconds younger, it
 * stops and goes on, it refuses for a while or for once, it forgets its scripts. A
 * connection delivers in order and late; it breaks before a command was executed, or
 * after, when only the reply is lost; and what was in the sockets when it broke may still
 * be executed later, when another connection is up (a kernel goes on sending for a
 * process that closed or died). */
#ifndef HC_SIM_NODE_REDIS_H
#define HC_SIM_NODE_REDIS_H

#include "../../proto/loop/redis_link.h"
#include "../fake/redis_model.h"
#include "world.h"

#define SCRIPTS 4 /* that Redis may know at a time */
#define HOSTS 2   /* that connections come from */

struct straggler;

struct node_redis {
    struct world *world;
    struct redis_model model;
    ms_t wall; /* its clock at the world's beginning; steps are added */
    bool down;
    char script[SCRIPTS][41]; /* sha1 of those that were loaded since it started */
    unsigned nscripts;
    us_t stopped;    /* until then it does nothing */
    us_t cut[HOSTS]; /* until then nothing passes between the host and it */
    uint64_t life;   /* counts its restarts */
    uint64_t flushes;
    ms_t kept; /* the world's time: what it did later it has forgotten, when it lost keys
                */
    /* Per mille of the commands: an error instead of execution; the connection breaks
     * before it, or behind it. */
    unsigned errors, breaks_before, breaks_after;
    bool hard_errors;         /* also such as condemn a site */
    bool slow;                /* latencies up to a second */
    bool stragglers;          /* what was in the sockets may come late */
    bool unfenced;            /* --break fence */
    bool unlinked;            /* a part of a commit needs no predecessor */
    struct redis_link *links; /* all that ever were */
    struct straggler *late;   /* commands of broken connections still on their way */
    uint64_t executed, refused, broken, straggled;
    /* A message was published; read it in model.published. Keys were lost. */
    void (*published)(void *arg);
    void (*lost)(void *arg);
    void *arg;
};

void node_redis_init(struct node_redis *r, struct world *w, ms_t wall);
void node_redis_fini(struct node_redis *r);

/* Brings the model's clock up to now. */
void node_redis_clock(struct node_redis *r);

/* It dies, and what it had done in the last @back microseconds is lost. It accepts
 * connections again after @away. */
void node_redis_kill(struct node_redis *r, us_t back, us_t away);

/* It does nothing until @until. */
void node_redis_stop(struct node_redis *r, us_t until);

/* Nothing passes between it and @host until @until. */
void node_redis_cut(struct node_redis *r, unsigned host, us_t until);

/* All connections break. */
void node_redis_disconnect(struct node_redis *r);

/* It has forgotten the scripts, the keys. */
void node_redis_script_flush(struct node_redis *r);
void node_redis_flush(struct node_redis *r);

/* ---- what the owner of a link does with it ------------------------------ */

struct link_owner {
    void (*up)(void *arg, struct redis_link *link);
    void (*down)(void *arg, struct redis_link *link);
    void (*replied)(void *arg); /* at the end of a turn in which a reply came */
    void *arg;
};

/* Starts dialling from @host. It lives as long as @r. */
struct redis_link *node_redis_dial(struct node_redis *r, unsigned host,
                                   const struct link_owner *owner);

/* The owner is stopped, and goes on: meanwhile replies wait. */
void link_freeze(struct redis_link *link);
void link_thaw(struct redis_link *link);

/* The owner is dead: what it sent may still be executed, nobody is told. */
void link_orphan(struct redis_link *link);

#endif
