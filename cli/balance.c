/* The counters of a collector at work are read one after the other while it counts on, so
 * a difference of a few hits means nothing as long as hits come in. */
#include "balance.h"

#include <inttypes.h>
#include "../proto/json.h"

static const char *const losses[] = {"lost_full", "lost_heartbeat", "lost_restart",
                                     "lost_expired", "lost_poison"};

static void add(struct balance *b, const struct told *t)
{
    b->accepted += told_counter(t, "accepted");
    b->durable += told_counter(t, "durable");
    b->in_ring += told_counter(t, "in_ring");
    b->open += told_counter(t, "open");
    b->unprotected += told_counter(t, "unprotected");
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        b->lost += told_counter(t, losses[i]);
}

static uint64_t accounted(const struct balance *b)
{
    return b->durable + b->in_ring + b->open + b->unprotected + b->lost;
}

bool balance_of(struct balance *b, const struct told *collectors, size_t n)
{
    bool any = false;

    *b = (struct balance){0};
    for (size_t i = 0; i < n; i++) {
        any |= told_has(&collectors[i], "accepted");
        add(b, &collectors[i]);
    }
    return any;
}

bool balance_is_even(const struct balance *b)
{
    return b->accepted == accounted(b);
}

void balance_text(const struct balance *b, struct buf *out)
{
    buf_printf(out,
               "accepted %" PRIu64 " = durable %" PRIu64 " + in ring %" PRIu64
               " + open %" PRIu64 " + unprotected %" PRIu64 " + lost %" PRIu64,
               b->accepted, b->durable, b->in_ring, b->open, b->unprotected, b->lost);
    if (balance_is_even(b))
        buf_str(out, ": balanced.\n");
    else
        buf_printf(out,
                   ": not balanced, the sum is %" PRIu64 ". While hits come in it may be "
                   "off by a few; ask again.\n",
                   accounted(b));
}

void balance_json(const struct balance *b, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "accepted");
    json_u64(&j, b->accepted);
    json_key(&j, "durable");
    json_u64(&j, b->durable);
    json_key(&j, "in_ring");
    json_u64(&j, b->in_ring);
    json_key(&j, "open");
    json_u64(&j, b->open);
    json_key(&j, "unprotected");
    json_u64(&j, b->unprotected);
    json_key(&j, "lost");
    json_u64(&j, b->lost);
    json_key(&j, "balanced");
    json_bool(&j, balance_is_even(b));
    json_end(&j);
}
