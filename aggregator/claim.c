/* claim: a reader that never passes the end of the list; counts are checked against what
 * is left. */
#include "claim.h"

#include "minute_log.h"

#define TIME_MAX \
    (((UINT64_C(1) << 32) - 1) * MS_PER_MINUTE) /* its minute is a minute_t */
#define DAY_MAX (TIME_MAX / (24 * 60 * MS_PER_MINUTE))

/* A window of such rows is a number that JSON carries. */
#define ENGAGED_ROW_MAX (EPOCH_MAX / WINDOW_MAX)

bool claim_number(struct slice text, uint64_t max, uint64_t *v)
{
    *v = 0;
    if (text.n == 0 || text.n > 18) /* 18 digits cannot overflow */
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        *v = *v * 10 + (uint64_t)(text.p[i] - '0');
    }
    return *v <= max;
}

bool claim_text(struct claim_reader *r, struct slice *text)
{
    if (r->left == 0 || r->next[0]->type != REDIS_REPLY_STRING)
        return false;
    *text = (struct slice){r->next[0]->str, (size_t)r->next[0]->len};
    r->next++;
    r->left--;
    return true;
}

/* Takes the next text if it is @tag. */
static bool take_tag(struct claim_reader *r, const char *tag)
{
    struct claim_reader rest = *r;
    struct slice text;

    if (!claim_text(&rest, &text) || !slice_eq(text, slice_of(tag)))
        return false;
    *r = rest;
    return true;
}

/* Takes the head of a part: @n entries of @per texts each. */
static bool take_head(struct claim_reader *r, const char *tag, size_t per, size_t *n)
{
    struct slice text;
    uint64_t v;

    if (!take_tag(r, tag) || !claim_text(r, &text) ||
        !claim_number(text, r->left / per, &v))
        return false;
    *n = v;
    return true;
}

static void pass_over(struct claim_reader *r, size_t n)
{
    r->next += n;
    r->left -= n;
}

/* A field of a hash that is a number, and where to put it. */
struct number {
    const char *name;
    uint64_t *to, max;
};

/* Takes the field if it is one of @fields; what cannot be read is in doubt. */
static void take_number(struct claim *c, const struct number *fields, size_t n,
                        struct slice name, struct slice value)
{
    for (size_t i = 0; i < n; i++) {
        if (!slice_eq(name, slice_of(fields[i].name)))
            continue;
        if (!claim_number(value, fields[i].max, fields[i].to)) {
            *fields[i].to = 0;
            c->doubtful = true;
        }
    }
}

static void take_meta_field(struct claim *c, struct slice name, struct slice value)
{
    const struct number fields[] = {
        {"q", &c->commit, EPOCH_MAX},     {"t", &c->time, TIME_MAX},
        {"W", &c->window, UINT32_MAX},    {"c", &c->capped, 1},
        {"i", &c->last_event, EPOCH_MAX}, {"x", &c->cut, 1},
        {"e", &c->epoch, EPOCH_MAX},      {"o", &c->before, EPOCH_MAX},
        {"n", &c->message, EPOCH_MAX},
    };

    if (slice_eq(name, SLICE("w")))
        c->marks = value;
    if (slice_eq(name, SLICE("q")))
        c->known = true;
    take_number(c, fields, sizeof fields / sizeof *fields, name, value);
}

static void take_total(struct claim *c, struct slice name, struct slice value)
{
    struct claim_totals *t = &c->totals;
    const struct number fields[] = {
        {"pv", &t->views, EPOCH_MAX},       {"vis", &t->visits, EPOCH_MAX},
        {"since", &t->since, TIME_MAX},     {"peak", &t->peak, EPOCH_MAX},
        {"peak_at", &t->peak_at, TIME_MAX}, {"day", &t->day, DAY_MAX},
        {"dpeak", &t->day_peak, EPOCH_MAX}, {"dpeak_at", &t->day_peak_at, TIME_MAX},
        {"life", &t->life, TIME_MAX},       {"i", &t->last_event, EPOCH_MAX},
        {"con", &t->joins, EPOCH_MAX},      {"cnt", &t->counted, EPOCH_MAX},
    };

    take_number(c, fields, sizeof fields / sizeof *fields, name, value);
}

static void take_online(struct claim *c, struct slice name, struct slice value)
{
    struct online *o = &c->online;
    const struct number fields[] = {
        {"w", &o->writing, EPOCH_MAX},        {"r", &o->reading, EPOCH_MAX},
        {"i", &o->idle, EPOCH_MAX},           {"b", &o->background, EPOCH_MAX},
        {"tabs", &o->tabs, EPOCH_MAX},        {"m", &o->members, EPOCH_MAX},
        {"fw", &o->fresh.writing, EPOCH_MAX}, {"fr", &o->fresh.reading, EPOCH_MAX},
        {"fi", &o->fresh.idle, EPOCH_MAX},    {"fb", &o->fresh.background, EPOCH_MAX},
    };

    take_number(c, fields, sizeof fields / sizeof *fields, name, value);
}

/* Takes a hash: its head, then its fields. */
static bool take_hash(struct claim *c, struct claim_reader *r, const char *tag,
                      void (*take)(struct claim *c, struct slice name,
                                   struct slice value))
{
    struct slice name, value;
    size_t n;

    if (!take_head(r, tag, 2, &n))
        return false;
    for (; n > 0; n--) {
        if (!claim_text(r, &name) || !claim_text(r, &value))
            return false;
        take(c, name, value);
    }
    return true;
}

bool claim_parse(struct claim *c, const redisReply *reply)
{
    struct claim_reader r = {reply->element, reply->elements};

    *c = (struct claim){.window = WINDOW_DEFAULT};
    if (reply->type != REDIS_REPLY_ARRAY || !take_hash(c, &r, "M", take_meta_field))
        return false;
    if (!take_head(&r, "P", 2, &c->npages))
        return false;
    c->pages = r;
    pass_over(&r, c->npages * 2);
    if (!take_head(&r, "R", 1, &c->nfeed))
        return false;
    c->feed = r;
    pass_over(&r, c->nfeed);
    c->online.fresh.writing = UINT64_MAX;
    if (!take_hash(c, &r, "T", take_total) || !take_hash(c, &r, "O", take_online))
        return false;
    if (c->online.fresh.writing == UINT64_MAX) /* it is there only where it differs */
        online_all_fresh(&c->online);
    if (!take_head(&r, "G", 2, &c->ngoals))
        return false;
    c->goals = r;
    pass_over(&r, c->ngoals * 2);
    if (!take_head(&r, "A", 2, &c->nalerts))
        return false;
    c->alerts = r;
    pass_over(&r, c->nalerts * 2);
    if (!take_head(&r, "N", 2, &c->ntitles))
        return false;
    c->titles = r;
    pass_over(&r, c->ntitles * 2);
    c->rows = r;
    return true;
}

/* Where the number of this field goes, NULL: it is none of these. */
static uint64_t *place_of(struct claim_row *row, struct slice name)
{
    return slice_eq(name, SLICE("pv"))     ? &row->views
           : slice_eq(name, SLICE("ev"))   ? &row->events
           : slice_eq(name, SLICE("uniq")) ? &row->uniques
           : slice_eq(name, SLICE("last")) ? &row->last
           : slice_eq(name, SLICE("eng"))  ? &row->engaged
           : slice_eq(name, SLICE("n"))    ? &row->n
                                           : NULL;
}

bool claim_row(struct claim_reader *r, struct claim_row *row)
{
    struct slice minute, name, value;
    uint64_t m;
    size_t n;

    *row = (struct claim_row){.readable = true};
    if (!take_tag(r, "B") || !claim_text(r, &minute) ||
        !claim_number(minute, UINT32_MAX, &m))
        return false;
    row->minute = (minute_t)m;
    if (!claim_text(r, &value) || !claim_number(value, r->left / 2, &m))
        return false;
    row->traits = *r;
    row->ntraits = m;
    for (n = m; n > 0; n--) {
        uint64_t *to = NULL, max = UINT32_MAX / LOG_RECORD_BYTES;

        if (!claim_text(r, &name) || !claim_text(r, &value))
            return false;
        to = place_of(row, name);
        if (!to)
            continue;
        if (to == &row->engaged)
            max = ENGAGED_ROW_MAX;
        if (!claim_number(value, max, to)) {
            row->readable = false;
            *to = 0;
        }
    }
    row->inlined = take_tag(r, "L");
    return !row->inlined || claim_text(r, &row->log);
}

bool claim_was_readable(const struct claim_reader *r)
{
    struct claim_reader rest = *r;

    return take_tag(&rest, "E") && take_tag(&rest, "0");
}
