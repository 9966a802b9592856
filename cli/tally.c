/* Every line and every beacon is in exactly one count, so a report can be checked:
 * lines = sent + skipped, sent = answered + unanswered. */
#include "tally.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t skipped_all(const struct tally *t)
{
    uint64_t n = 0;

    for (int i = REPLAY_TAKEN + 1; i < REPLAY_SKIPS; i++)
        n += t->skipped[i];
    return n;
}

static double rate_of(const struct tally *t, mono_t ms)
{
    return ms > 0 ? (double)t->answered * 1000 / (double)ms : 0;
}

void tally_line(struct tally *t, enum replay_skip why)
{
    t->lines++;
    if (why != REPLAY_TAKEN)
        t->skipped[why]++;
}

void tally_answer(struct tally *t, const struct answer *a)
{
    t->answered++;
    t->status[a->status]++;
    if (!*a->verdict || strcmp(a->verdict, "ok") == 0)
        return;
    if (t->refused++ == 0)
        snprintf(t->reason, sizeof t->reason, "%s", a->verdict);
}

bool tally_is_good(const struct tally *t)
{
    uint64_t good = 0;

    for (int i = 200; i < 300; i++)
        good += t->status[i];
    return t->sent > 0 && good == t->sent;
}

/* "skipped 12 (asset 10, garbage 2)" */
static void write_skipped(const struct tally *t, struct buf *out)
{
    const char *before = " (";

    buf_printf(out, ", skipped %" PRIu64, skipped_all(t));
    for (int i = REPLAY_TAKEN + 1; i < REPLAY_SKIPS; i++) {
        if (t->skipped[i] == 0)
            continue;
        buf_printf(out, "%s%s %" PRIu64, before, replay_skip_name((enum replay_skip)i),
                   t->skipped[i]);
        before = ", ";
    }
    if (skipped_all(t) > 0)
        buf_str(out, ")");
}

void tally_text_sent(const struct tally *t, mono_t ms, struct buf *out)
{
    buf_printf(out, "sent %" PRIu64 ", answered", t->sent);
    if (t->answered == 0)
        buf_str(out, " 0");
    for (int i = 100; i < TALLY_STATUSES; i++)
        if (t->status[i] > 0)
            buf_printf(out, " %d: %" PRIu64, i, t->status[i]);
    if (t->refused > 0)
        buf_printf(out, " (%" PRIu64 " of them refused, first %s)", t->refused,
                   t->reason);
    if (t->sent > t->answered)
        buf_printf(out, ", unanswered %" PRIu64, t->sent - t->answered);
    buf_printf(out, ", %.1f s, %.0f/s\n", (double)ms / 1000, rate_of(t, ms));
}

void tally_text(const struct tally *t, mono_t ms, struct buf *out)
{
    buf_printf(out, "read %" PRIu64 " lines", t->lines);
    write_skipped(t, out);
    buf_str(out, ", ");
    tally_text_sent(t, ms, out);
}

static void key_count(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_u64(j, v);
}

static void json_statuses(struct json *j, const struct tally *t)
{
    char status[8];

    json_key(j, "answered");
    json_begin_object(j);
    for (int i = 100; i < TALLY_STATUSES; i++) {
        if (t->status[i] == 0)
            continue;
        snprintf(status, sizeof status, "%d", i);
        key_count(j, status, t->status[i]);
    }
    json_end(j);
}

void tally_json_sent(const struct tally *t, mono_t ms, struct json *j)
{
    key_count(j, "sent", t->sent);
    json_statuses(j, t);
    key_count(j, "unanswered", t->sent - t->answered);
    key_count(j, "refused", t->refused);
    json_key(j, "seconds");
    json_fixed(j, (double)ms / 1000, 3);
    json_key(j, "rate");
    json_fixed(j, rate_of(t, ms), 1);
}

void tally_json(const struct tally *t, mono_t ms, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    key_count(&j, "lines", t->lines);
    json_key(&j, "skipped");
    json_begin_object(&j);
    for (int i = REPLAY_TAKEN + 1; i < REPLAY_SKIPS; i++)
        if (t->skipped[i] > 0)
            key_count(&j, replay_skip_name((enum replay_skip)i), t->skipped[i]);
    json_end(&j);
    tally_json_sent(t, ms, &j);
    json_end(&j);
    buf_str(out, "\n");
}
