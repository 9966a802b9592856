/* durability: marks, barriers and PINGs.
 *
 * While sites are being read back a barrier leaves out what is parked for them
 * (receiver_mark), so another is made every now and then until nothing is. */
#include "durability.h"

void durability_init(struct durability *d, struct receiver *receiver,
                     const struct store *store, const struct clock *clock,
                     struct aggregator_counters *counters, mono_t hold_ms)
{
    *d = (struct durability){
        .receiver = receiver, .store = store, .clock = clock, .counters = counters};
    d->made_at = d->pinged_at = d->answered = INT64_MIN / 2;
    maturity_init(&d->maturity);
    d->maturity.hold = hold_ms;
    barrier_init(&d->barrier);
    barrier_init(&d->mature);
}

void durability_fini(struct durability *d)
{
    maturity_fini(&d->maturity);
    barrier_fini(&d->barrier);
    barrier_fini(&d->mature);
}

void durability_moved(struct durability *d)
{
    d->moved = true;
}

void durability_begin(struct durability *d, mono_t now)
{
    d->given_up = false;
    d->moved = d->store->nloads > 0;
    d->made_at = now;
    d->barrier.n = 0;
    receiver_mark(d->receiver, &d->barrier);
}

static void unmark(struct durability *d)
{
    receiver_unmark(d->receiver);
    d->moved = true;
}

void durability_end(struct durability *d, bool confirmed, mono_t now)
{
    bool holds = confirmed && !d->given_up;

    if (holds && d->barrier.n > 0) {
        maturity_push(&d->maturity, &d->barrier, now);
        d->counters->barriers++;
    }
    d->barrier.n = 0;
    if (!holds)
        unmark(d);
}

void durability_break(struct durability *d)
{
    maturity_clear(&d->maturity);
    d->given_up = true;
    d->barrier.n = 0;
    d->answered = INT64_MIN / 2;
    unmark(d);
}

mono_t durability_idle_due(const struct durability *d)
{
    return d->moved ? d->made_at + DURABILITY_IDLE_MS : INT64_MAX;
}

static void on_pong(void *arg, const redisReply *reply)
{
    struct durability *d = arg;

    d->pinging = false;
    if (reply && reply->type == REDIS_REPLY_ERROR)
        d->doubted = true;
    else if (reply)
        d->answered = d->pinged_at;
}

static void ping(struct durability *d, struct redis_link *link, mono_t now)
{
    const char *argv[] = {"PING"};

    if (redis_link_call(link, 1, argv, NULL, on_pong, d) < 0)
        return;
    d->pinging = true;
    d->pinged_at = now;
}

static void ripen(struct durability *d, mono_t sent, mono_t now)
{
    while (maturity_take(&d->maturity, sent, &d->mature)) {
        receiver_mature(d->receiver, &d->mature, now);
        d->counters->matured++;
    }
}

mono_t durability_turn(struct durability *d, struct redis_link *link, mono_t sent,
                       mono_t in_flight, mono_t now)
{
    mono_t due;

    ripen(d, sent > d->answered ? sent : d->answered, now);
    due = maturity_due(&d->maturity);
    if (due == INT64_MAX || d->pinging || in_flight >= due)
        return INT64_MAX; /* nothing waits, or a reply comes first */
    if (due < d->pinged_at + DURABILITY_PING_MS)
        due = d->pinged_at + DURABILITY_PING_MS;
    if (now < due)
        return due;
    ping(d, link, now);
    return d->pinging ? INT64_MAX : now + DURABILITY_PING_MS;
}

bool durability_is_complete(const struct durability *d)
{
    return !d->moved && d->store->nloads == 0 && d->barrier.n == 0 &&
           maturity_due(&d->maturity) == INT64_MAX;
}

mono_t durability_age(const struct durability *d, mono_t now)
{
    mono_t due = maturity_due(&d->maturity);

    return due == INT64_MAX ? 0 : now - (due - d->maturity.hold);
}
