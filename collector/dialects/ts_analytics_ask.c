/* What is asked for beside the site goes through report.c in one number, so that those
 * who ask for the same share an answer. */
#include "ts_analytics_ask.h"

#include "../../proto/hit.h"
#include "../../proto/iso.h"
#include "../query.h"
#include "ts_analytics.h"

#define LIMIT_DEFAULT 10

struct wanted {
    unsigned limit;   /* items of a list, 1 to TS_LIMIT_MAX */
    unsigned minutes; /* 0: it did not say */
    bool range;       /* it asked for days */
};

static unsigned pack(struct wanted w)
{
    return w.limit | w.minutes << 8 | (unsigned)w.range << 16;
}

static struct wanted unpack(unsigned how)
{
    return (struct wanted){
        .limit = how & 255, .minutes = how >> 8 & 255, .range = how >> 16};
}

unsigned ts_limit(unsigned how)
{
    return unpack(how).limit;
}

static bool asks(const struct exchange *x, const char *name)
{
    char text[64];

    return query_find(x->request->query, slice_of(name), text, sizeof text).n > 0;
}

static unsigned limit_of(const struct exchange *x)
{
    char text[4];
    struct slice s = query_find(x->request->query, SLICE("limit"), text, sizeof text);
    unsigned limit = 0;

    for (size_t i = 0; i < s.n && limit <= TS_LIMIT_MAX; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return LIMIT_DEFAULT;
        limit = limit * 10 + (unsigned)(s.p[i] - '0');
    }
    return limit == 0 ? LIMIT_DEFAULT : limit > TS_LIMIT_MAX ? TS_LIMIT_MAX : limit;
}

/* @minutes: of who does not say. */
enum handled ts_ask(struct exchange *x, unsigned minutes, report_writer *write)
{
    struct wanted w = {.limit = limit_of(x),
                       .range = asks(x, "startDate") || asks(x, "endDate") ||
                                asks(x, "period")};

    if (asks(x, "minutes")) {
        minutes = w.minutes = report_minutes(x);
        if (minutes == 0 && site_valid(x->at.id)) {
            exchange_error(x, 400, "minutes must be a whole number of at least 1", NULL);
            return ANSWERED;
        }
    }
    return report_written(x, minutes, write, pack(w), NULL, NULL, 0);
}

void ts_write_time(struct json *j, const char *key, ms_t t)
{
    struct iso iso = iso_of(t);

    json_key(j, key);
    json_str(j, iso.s);
}

void ts_write_count(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_u64(j, v);
}

void ts_write_null(struct json *j, const char *key)
{
    json_key(j, key);
    json_none(j);
}

void ts_begin(struct json *j, struct buf *out, struct slice site)
{
    json_init(j, out);
    json_begin_object(j);
    json_key(j, "site");
    json_slice(j, site);
}

/* What the numbers are of, and what they were asked of. */
void ts_finish(struct json *j, const struct summary *s, unsigned how)
{
    struct wanted w = unpack(how);

    json_key(j, "window");
    json_begin_object(j);
    ts_write_count(j, "minutes", s->minutes);
    ts_write_time(j, "from", minute_start(s->now - s->minutes + 1));
    ts_write_time(j, "to", s->as_of);
    json_end(j);
    json_key(j, "requested");
    json_begin_object(j);
    if (w.minutes)
        ts_write_count(j, "minutes", w.minutes);
    else
        ts_write_null(j, "minutes");
    json_key(j, "range");
    json_bool(j, w.range);
    json_end(j);
    json_end(j);
    buf_slice(j->out, SLICE("\n"));
}

void ts_write_text(struct json *j, const char *key, struct slice text)
{
    json_key(j, key);
    if (text.n > 0)
        json_slice(j, text);
    else
        json_none(j);
}
