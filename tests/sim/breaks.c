/* breaks: each function stands in for the real one of its name, by the linker's --wrap,
 * and leaves it out or calls it. The log is left out always. */
#include "breaks.h"

#include "../../aggregator/commit.h"
#include "../../aggregator/maturity.h"
#include "../../aggregator/receiver.h"
#include "../../aggregator/store.h"

const char *const break_names[BREAKS] = {
    "nothing", "hold",      "recheck", "marks",    "fence",  "clear", "durable",
    "parts",   "supersede", "goals",   "settings", "alerts", "retell"};

static enum broken broken;

void breaks_set(enum broken what)
{
    broken = what;
}

void __real_store_recheck(struct store *st);
void __wrap_store_recheck(struct store *st);
void __wrap_store_recheck(struct store *st)
{
    if (broken != BREAK_RECHECK)
        __real_store_recheck(st);
}

void __real_marks_write(const struct marks *m, struct buf *out);
void __wrap_marks_write(const struct marks *m, struct buf *out);
void __wrap_marks_write(const struct marks *m, struct buf *out)
{
    if (broken != BREAK_MARKS)
        __real_marks_write(m, out);
}

void __real_maturity_clear(struct maturity *m);
void __wrap_maturity_clear(struct maturity *m);
void __wrap_maturity_clear(struct maturity *m)
{
    if (broken != BREAK_CLEAR)
        __real_maturity_clear(m);
}

enum receiver_verdict __real_receiver_take(struct receiver *r, const struct wire_head *h,
                                           const uint8_t *body, size_t body_n,
                                           const struct peer *from, ms_t wall,
                                           mono_t now);
enum receiver_verdict __wrap_receiver_take(struct receiver *r, const struct wire_head *h,
                                           const uint8_t *body, size_t body_n,
                                           const struct peer *from, ms_t wall,
                                           mono_t now);
enum receiver_verdict __wrap_receiver_take(struct receiver *r, const struct wire_head *h,
                                           const uint8_t *body, size_t body_n,
                                           const struct peer *from, ms_t wall, mono_t now)
{
    enum receiver_verdict v = __real_receiver_take(r, h, body, body_n, from, wall, now);

    return v == RECEIVER_SUPERSEDED && broken == BREAK_SUPERSEDE ? RECEIVER_TAKEN : v;
}

void __real_wire_ack_frame(uint8_t *out, const struct wire_ack *a,
                           const struct secret *s);
void __wrap_wire_ack_frame(uint8_t *out, const struct wire_ack *a,
                           const struct secret *s);
void __wrap_wire_ack_frame(uint8_t *out, const struct wire_ack *a, const struct secret *s)
{
    struct wire_ack lie = *a;

    if (broken == BREAK_DURABLE)
        lie.durable = lie.cum;
    __real_wire_ack_frame(out, &lie, s);
}

bool __real_traits_restore(struct traits *t, enum trait_kind kind, struct slice name,
                           unsigned slot, uint32_t views);
bool __wrap_traits_restore(struct traits *t, enum trait_kind kind, struct slice name,
                           unsigned slot, uint32_t views);
bool __wrap_traits_restore(struct traits *t, enum trait_kind kind, struct slice name,
                           unsigned slot, uint32_t views)
{
    if (broken == BREAK_GOALS && kind == TRAIT_GOAL)
        return true;
    return __real_traits_restore(t, kind, name, slot, views);
}

bool __real_commit_goals(struct site *s, const redisReply *reply, uint64_t *bad);
bool __wrap_commit_goals(struct site *s, const redisReply *reply, uint64_t *bad);
bool __wrap_commit_goals(struct site *s, const redisReply *reply, uint64_t *bad)
{
    return __real_commit_goals(broken == BREAK_SETTINGS ? NULL : s, reply, bad);
}

void __real_alerts_restore(struct alerts *a, struct slice name, struct slice state);
void __wrap_alerts_restore(struct alerts *a, struct slice name, struct slice state);
void __wrap_alerts_restore(struct alerts *a, struct slice name, struct slice state)
{
    if (broken != BREAK_ALERTS)
        __real_alerts_restore(a, name, state);
}

void __wrap_log_line(const char *format, ...);
void __wrap_log_line(const char *format, ...)
{
    (void)format;
}
