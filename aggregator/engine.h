/* engine: the aggregator without its sockets: datagrams, replies and time in; ACKs and
 * calls to Redis out.
 *
 *   datagram -> intake -> receiver -> fold -> store -> writer -> Redis
 *                   ^ ACK ------- durable <- maturity <- confirmed rounds
 *
 * Nothing here reads a clock or opens a socket: time comes from config->clock, ACKs go to
 * config->send, and Redis is reached by two links that the shell opens (redis_link.h).
 * The shell (aggregator.c) has libuv behind these; the simulation (tests/sim) has virtual
 * time, a network that loses and a Redis that forgets.
 *
 * It lives in epochs. Without an epoch nothing is taken and nothing answered: senders
 * keep what they have. Being fenced, meeting a sender that has met a higher epoch, a
 * clock set far back, too many streams: each forgets everything and takes a new epoch;
 * then sites are read back from Redis as their hits come again. */
#ifndef HC_ENGINE_H
#define HC_ENGINE_H

#include "intake.h"
#include "loads.h"
#include "roll.h"
#include "seldom.h"
#include "writer.h"

struct engine_config {
    const struct secret *secret;
    unsigned window;    /* minutes, 1..WINDOW_MAX */
    struct key key;     /* of the tables that strangers feed: random */
    mono_t hold_ms;     /* HOLD_MS; another for tests and for other persistence */
    size_t socket_room; /* datagrams that the receive buffer holds */
    const struct clock_source *clock;
    void (*send)(void *arg, const struct peer *to, const uint8_t *bytes, size_t n);
    void *arg;
};

struct engine {
    const struct engine_config *config;
    struct clock clock;
    struct store store;
    struct intake intake; /* one datagram -> store; has the receiver */
    struct loads *loads;  /* Redis -> store */
    struct roll roll;     /* sites with alerts -> store */
    struct writer writer; /* store -> Redis; has the epoch */
    struct redis_link *commit_link, *load_link;
    struct loads_events load_events;
    uint64_t epoch;         /* that is served at present, 0: none */
    bool loads_up, loading; /* the connection is there; and sites are read on it */
    bool in_charge;         /* senders have been heard of late, in this epoch */
    bool noscript;          /* claim.lua was found missing */
    bool reboot;            /* all is to be forgotten */
    uint64_t seen;          /* the highest epoch that a sender or Redis has named */
    struct seldom fenced;
    bool rivalled;    /* and that because another aggregator owns a site */
    mono_t fenced_at; /* when that was last */
    mono_t rest;      /* and how long was rested then, about */
    mono_t noticed;   /* when time was last looked at: a datagram or a turn */
    struct {
        bool open; /* between engine_take and engine_settle */
        ms_t now;
        mono_t mono;
    } batch;
    mono_t tick_due; /* of fold_tick */
    mono_t acks_due; /* of receiver_acks */
    bool finishing, drain;
    mono_t deadline; /* of engine_finish */
    struct aggregator_counters counters;
};

/* The memory must not move; @config must outlive it. Aborts when out of memory. */
void engine_init(struct engine *e, const struct engine_config *config);

/* No reply may come any more: close the links first. */
void engine_fini(struct engine *e);

/* The two connections, one after the other dialled by the shell; borrowed. Before that
 * and between down and up they take no calls. Down is told after the pending calls have
 * failed. */
void engine_links(struct engine *e, struct redis_link *commits, struct redis_link *loads);
void engine_commits_up(struct engine *e);
void engine_commits_down(struct engine *e);
void engine_loads_up(struct engine *e);
void engine_loads_down(struct engine *e);

/* Takes one datagram as it came from @from, of a batch that came together: all have the
 * time of the first. The bytes must stay until engine_settle, which folds what was taken;
 * call that behind the batch, before anything else. */
enum wire_verdict engine_take(struct engine *e, const uint8_t *bytes, size_t n,
                              const struct peer *from);
void engine_settle(struct engine *e);

/* Does everything that is due: ACKs, the minute's turn, rounds, loads, a new epoch. Call
 * it at the end of every turn of the loop in which anything came, and at the time that it
 * returned (monotonic ms; INT64_MAX: never of itself). */
mono_t engine_turn(struct engine *e);

/* Begins the end: no datagrams come any more. Makes a final round; with @drain waits for
 * all to be durable, so that no sender keeps anything. engine_is_finished says when it is
 * done, or @ms are over. */
void engine_finish(struct engine *e, mono_t ms, bool drain);
bool engine_is_finished(struct engine *e);

/* Brings the gauges up to date. */
void engine_measure(struct engine *e);

#endif
