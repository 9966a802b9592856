/* load: takes over what claim.lua answered and counts log records.
 *
 * The rows' views and events, the feed, the marks and the record are taken as they are.
 * Visitors come from the log: read from its end, the first record of a visitor tells its
 * latest minute and page, each further one a minute more, and a renaming is met before
 * everything that was logged under the old id.
 *
 * Redis may hold anything. What cannot be read is left out, and then the site's first
 * commit writes the whole of it anew, logs included. Where the log and what the rows say
 * of it differ, because a commit was cut short or two lives of a visitor were joined, the
 * log is right, and the rows are written anew. */
#include "load.h"

#include <assert.h>

#include "../proto/keys.h"
#include "claim.h"
#include "commit.h"
#include "visit.h"

#define CHUNK_RECORDS (LOAD_CHUNK_BYTES / LOG_RECORD_BYTES)
#define PREFETCH 8       /* records ahead */
#define MINUTES_AHEAD 10 /* as far as a clock may be raised (CLOCK_HOLD_MAX_MS) */
#define TTL_SLACK_S 60
#define TIME_MAX \
    (((UINT64_C(1) << 32) - 1) * MS_PER_MINUTE) /* its minute is a minute_t */

static struct slice name_of(const struct key_name *k)
{
    return (struct slice){k->s, k->n};
}

/* ---- visitors ------------------------------------------------------------- */

static minute_t minute_aged(const struct load *l, unsigned age)
{
    return l->site->now - age;
}

static uint64_t present_id(const struct load *l, uint64_t id)
{
    const struct visitor *v = visitors_get(&l->renamed, id);

    return v ? v->seen : id;
}

static void on_renamed(struct load *l, uint64_t to)
{
    struct visitor *v;

    if (to == 0 || l->old == 0 || present_id(l, to) == l->old) {
        l->doubtful = true;
        return;
    }
    v = visitors_get(&l->renamed, l->old);
    if (v)
        return; /* the latest renaming holds */
    v = l->renamed.n < SITE_VISITORS_MAX ? visitors_put(&l->renamed, l->old) : NULL;
    if (v)
        v->seen = present_id(l, to);
    else
        l->doubtful = true;
}

/* A visitor who was not met before: this is its latest minute. */
static void stand(struct load *l, uint64_t id, uint16_t page)
{
    struct site *s = l->site;
    minute_t m = minute_aged(l, l->age);
    unsigned slot = slot_of(s, m);
    struct page *p = pages_get(&s->pages, page);
    struct visitor *v = NULL;

    if (s->visitors.n < SITE_VISITORS_MAX && l->store->visitors < VISITORS_MAX)
        v = visitors_put(&s->visitors, id);
    if (!v) {
        visit_cap(s);
        return;
    }
    l->store->visitors++;
    v->seen = 1;
    v->last = (uint16_t)m;
    v->page = p ? page : PAGE_NONE;
    s->row[slot].last++;
    s->row[slot].uniques++;
    l->doubtful |= !p && page != PAGE_NONE;
    if (!p)
        return;
    p->at[slot]++;
    p->visitors++;
}

static void on_seen(struct load *l, uint64_t id, uint16_t page)
{
    struct site *s = l->site;
    minute_t m = minute_aged(l, l->age);
    struct visitor *v;
    unsigned ago;

    if (id == 0) {
        l->doubtful = true;
        return;
    }
    id = present_id(l, id);
    v = visitors_get(&s->visitors, id);
    if (!v) {
        stand(l, id, page);
        return;
    }
    ago = visitor_minute(s, v) - m;
    if (v->seen >> ago & 1)
        return;
    v->seen |= UINT64_C(1) << ago;
    s->row[slot_of(s, m)].uniques++;
}

static void on_record(struct load *l, const struct log_record *r)
{
    if (l->old && r->kind != LOG_RENAMED) { /* half a pair */
        l->old = 0;
        l->doubtful = true;
    }
    if (r->kind == LOG_SEEN) {
        on_seen(l, r->visitor, r->page);
    } else if (r->kind == LOG_OLD) {
        l->old = r->visitor;
    } else if (r->kind == LOG_RENAMED) {
        on_renamed(l, r->visitor);
        l->old = 0;
    }
}

static struct log_record record_at(struct slice log, size_t i)
{
    return log_decode((const uint8_t *)log.p + i * LOG_RECORD_BYTES);
}

/* Counts the records of @log, of which there should be @n, from the last to the first. */
static void count_records(struct load *l, struct slice log, uint32_t n)
{
    size_t found = log.n / LOG_RECORD_BYTES;

    l->doubtful |= log.n != (size_t)n * LOG_RECORD_BYTES;
    if (found > n)
        found = n;
    while (found-- > 0) {
        struct log_record r = record_at(log, found);

        if (found >= PREFETCH)
            visitors_prefetch(&l->site->visitors,
                              record_at(log, found - PREFETCH).visitor);
        on_record(l, &r);
    }
}

/* All records of the minute are counted. */
static void end_minute(struct load *l)
{
    const struct site_row *row = &l->site->row[slot_of(l->site, minute_aged(l, l->age))];

    l->doubtful |= l->old != 0;
    l->old = 0;
    l->site->full |=
        row->uniques != l->row[l->age].uniques || row->last != l->row[l->age].last;
}

/* From here on the rows hold what is found. */
static void begin_counting(struct load *l)
{
    for (unsigned slot = 0; slot < l->site->slots; slot++)
        l->site->row[slot].uniques = l->site->row[slot].last = 0;
    l->counting = true;
}

/* Goes on to the next minute with records, ending those in between; false: there is none.
 */
static bool next_minute(struct load *l)
{
    for (; l->age < l->site->window; l->age++) {
        if (l->row[l->age].n > 0) {
            l->left = l->row[l->age].n;
            return true;
        }
        end_minute(l);
    }
    return false;
}

/* ---- what the site is else ------------------------------------------------ */

static void restore_pages(struct load *l, const struct claim *c)
{
    struct claim_reader r = c->pages;

    for (size_t i = 0; i < c->npages; i++) {
        struct slice id, path;
        uint64_t v;

        if (!claim_text(&r, &id) || !claim_text(&r, &path) ||
            !claim_number(id, PAGE_NONE, &v) ||
            !pages_restore(&l->site->pages, (uint16_t)v, path))
            l->doubtful = true;
        else
            pages_get(&l->site->pages, (uint16_t)v)->named = true;
    }
}

/* The events of the reply by their place in the ring; the newest where two claim one. */
struct feed {
    uint64_t id[RECENT_MAX];
    struct slice json[RECENT_MAX];
    uint64_t last;
};

static void sort_feed(struct load *l, const struct claim *c, struct feed *f)
{
    ms_t over = minute_start(l->site->now + 1), at;
    struct claim_reader r = c->feed;

    for (size_t i = 0; i < c->nfeed; i++) {
        struct slice json;
        uint64_t id;

        if (!claim_text(&r, &json) || !recent_event_check(json, &id, &at) || at >= over ||
            id > EPOCH_MAX || id <= f->id[id % RECENT_MAX]) {
            l->doubtful = true;
            continue;
        }
        f->id[id % RECENT_MAX] = id;
        f->json[id % RECENT_MAX] = json;
        if (id > f->last)
            f->last = id;
    }
}

/* The newest run of events without a gap. */
static void restore_feed(struct load *l, const struct claim *c)
{
    struct recent *recent = &l->site->recent;
    struct feed f = {.last = 0};
    struct buf text;
    uint64_t id;

    sort_feed(l, c, &f);
    l->doubtful |= c->nfeed > 0 && f.last != c->last_event;
    id = f.last;
    while (id > 1 && f.last - id + 1 < RECENT_MAX &&
           f.id[(id - 1) % RECENT_MAX] == id - 1)
        id--;
    if (f.last == 0 || f.last < c->last_event) {
        recent_restore(recent, c->last_event);
        return;
    }
    recent_restore(recent, id - 1);
    buf_init(&text, PATH_MAX_BYTES + EVENT_NAME_MAX + 16);
    for (; id <= f.last; id++) {
        struct recent_event e;

        if (recent_event_parse(f.json[id % RECENT_MAX], &e, &text))
            recent_add(recent, e.kind, e.at, e.path, e.name);
        if (recent->last == id)
            continue;
        recent_restore(recent, id); /* what came before would be told wrong ids */
        l->doubtful = true;
    }
    buf_fini(&text);
}

static void restore_row(struct load *l, const struct claim_row *row)
{
    struct site *s = l->site;
    unsigned age = s->now - row->minute, slot = slot_of(s, row->minute);

    l->doubtful |= !row->readable;
    if (!site_covers(s, row->minute)) { /* ahead of us, and given up */
        l->doubtful = true;
        return;
    }
    l->row[age] = (struct minute_count){(uint32_t)row->uniques, (uint32_t)row->last,
                                        (uint32_t)row->n};
    s->row[slot].views = (uint32_t)row->views;
    s->row[slot].events = (uint32_t)row->events;
    s->row[slot].uniques = (uint32_t)row->uniques;
    s->row[slot].last = (uint32_t)row->last;
    s->log.written[slot] = s->log.taken[slot] = (uint32_t)row->n;
}

/* Takes the rows, and the logs that came with them. Returns whether all of them did. */
static bool restore_rows(struct load *l, const struct claim *c)
{
    struct claim_reader r = c->rows;
    struct claim_row row;
    bool all = true;

    while (claim_row(&r, &row)) {
        restore_row(l, &row);
        all &= row.inlined || row.n == 0 || !site_covers(l->site, row.minute);
    }
    l->doubtful |= !claim_was_readable(&r);
    if (!all)
        return false;
    begin_counting(l);
    for (r = c->rows; claim_row(&r, &row);) {
        if (!site_covers(l->site, row.minute))
            continue;
        for (; l->age < l->site->now - row.minute; l->age++)
            end_minute(l);
        count_records(l, row.log, (uint32_t)row.n);
        end_minute(l);
        l->age++;
    }
    for (; l->age < l->site->window; l->age++)
        end_minute(l);
    return true;
}

static void restore_record(struct load *l, const struct claim *c)
{
    struct store *st = l->store;
    struct site *s = l->site;

    if (s->commit < c->commit)
        s->commit = c->commit;
    if (s->message < s->commit)
        s->message = s->commit;
    if (st->number < s->commit)
        st->number = s->commit;
    s->commit_floor = c->commit;
    if (c->capped)
        visit_cap(s);
    l->doubtful |= c->window != s->window; /* expiries went by it */
    s->full |= c->cut;
    if (marks_read(&s->marks, c->marks, s->now) < 0)
        l->doubtful = true;
}

/* ---- steps ---------------------------------------------------------------- */

/* The site will be as Redis had it. Its first commit is due in any case: it says that the
 * site is not being loaded any more. */
static enum load_step done(struct load *l)
{
    struct site *s = l->site;

    s->recent_done = s->recent_sent = s->recent.last;
    if (l->doubtful) {
        s->full = true;
        s->log.rewrite = true;
    }
    if (s->full && l->store->ahead < s->now + MINUTES_AHEAD)
        l->store->ahead = s->now + MINUTES_AHEAD; /* a commit may be torn there, too */
    if (l->known)
        s->dirty |= UINT64_C(1) << slot_of(s, s->now);
    return LOAD_DONE;
}

/* Whether Redis has something of minutes that have not come yet: then l->ahead is when.
 */
static bool is_ahead(struct load *l, const struct claim *c)
{
    struct claim_reader r = c->rows;
    struct claim_row row;

    l->ahead = (ms_t)c->time;
    while (claim_row(&r, &row))
        if (minute_of(l->ahead) < row.minute)
            l->ahead = minute_start(row.minute);
    return minute_of(l->ahead) > l->site->now;
}

/* Nothing is known of what lies there. */
static enum load_step refuse(struct load *l)
{
    l->doubtful = true;
    l->known = false;
    done(l);
    return LOAD_REFUSED;
}

static enum load_step take_claim(struct load *l, const redisReply *reply)
{
    struct claim c;

    if (reply->type == REDIS_REPLY_STRING) {
        l->fenced_by = commit_fenced_by(reply->str, (size_t)reply->len);
        return LOAD_FENCED;
    }
    if (!claim_parse(&c, reply))
        return refuse(l);
    l->known = c.known;
    l->doubtful = c.doubtful;
    if (is_ahead(l, &c)) {
        if (!l->drop_ahead)
            return LOAD_AHEAD;
        if (l->store->ahead < minute_of(l->ahead))
            l->store->ahead = minute_of(l->ahead);
        l->doubtful = true;
    }
    l->claimed = true;
    l->site->from_epoch = c.epoch == l->epoch ? c.before : c.epoch;
    l->site->from_commit = c.commit;
    if (!l->known) { /* leftovers of a site whose record is gone */
        l->doubtful = c.cut || c.npages > 0 || c.nfeed > 0 || !claim_is_end(&c.rows);
        return done(l);
    }
    restore_record(l, &c);
    restore_pages(l, &c);
    restore_feed(l, &c);
    if (restore_rows(l, &c) || !next_minute(l))
        return done(l);
    return LOAD_MORE;
}

static enum load_step take_chunk(struct load *l, struct slice log)
{
    uint32_t n = l->left < CHUNK_RECORDS ? l->left : CHUNK_RECORDS;

    count_records(l, log, n);
    l->left -= n;
    if (l->left > 0)
        return LOAD_MORE;
    end_minute(l);
    l->age++;
    return next_minute(l) ? LOAD_MORE : done(l);
}

/* Errors that concern this site alone: a key of another type, or one that may not be
 * read, or what the script says. */
static bool is_its_own(const redisReply *error)
{
    struct slice text = {error->str, (size_t)error->len};

    return slice_starts(text, SLICE("WRONGTYPE")) ||
           slice_starts(text, SLICE("NOPERM")) || slice_starts(text, SLICE("ERR "));
}

static enum load_step take_error(struct load *l, const redisReply *error)
{
    struct site *s = l->site;

    if (!is_its_own(error))
        return LOAD_RETRY;
    if (l->claimed)
        return take_chunk(l, (struct slice){NULL, 0});
    if (++s->failures < LOAD_TRIES)
        return LOAD_RETRY;
    s->failures = 0;
    return refuse(l);
}

void load_begin(struct load *l, struct store *st, struct site *s, uint64_t epoch,
                bool drop_ahead)
{
    assert(s->state == SITE_LOADING && s->log.written);
    *l = (struct load){.store = st, .site = s, .epoch = epoch, .drop_ahead = drop_ahead};
    visitors_init(&l->renamed);
}

void load_fini(struct load *l)
{
    visitors_fini(&l->renamed);
    *l = (struct load){.site = NULL};
}

static void next_claim(const struct load *l, struct slice sha, struct command *out)
{
    const struct site *s = l->site;
    struct key_name meta = key_meta(site_id(s)), recent = key_recent(site_id(s));
    struct key_name row = key_minute(site_id(s), 0), log = key_log(site_id(s), 0);
    struct key_name pages = key_pages(site_id(s));

    command_arg(out, SLICE("EVALSHA"));
    command_arg(out, sha);
    command_arg(out, SLICE("1"));
    command_arg(out, name_of(&meta));
    command_u64(out, l->epoch);
    command_arg(out, (struct slice){row.s, row.n - 1}); /* less the 0 */
    command_arg(out, (struct slice){log.s, log.n - 1});
    command_arg(out, name_of(&recent));
    command_arg(out, name_of(&pages));
    command_u64(out, s->now);
    command_u64(out, s->window);
    command_u64(out, MINUTES_AHEAD);
    command_u64(out, LOAD_INLINE_BYTES);
    command_u64(out, s->window * 60 + TTL_SLACK_S);
}

void load_next(struct load *l, struct slice claim_sha, struct command *out)
{
    struct key_name key;
    uint32_t from;

    command_clear(out);
    if (!l->claimed) {
        next_claim(l, claim_sha, out);
        return;
    }
    if (!l->counting) {
        begin_counting(l);
        for (unsigned age = 0; age < l->age; age++) /* those without a log */
            l->site->full |= l->row[age].uniques || l->row[age].last;
    }
    key = key_log(site_id(l->site), minute_aged(l, l->age));
    from = l->left > CHUNK_RECORDS ? l->left - CHUNK_RECORDS : 0;
    command_arg(out, SLICE("GETRANGE"));
    command_arg(out, name_of(&key));
    command_u64(out, (uint64_t)from * LOG_RECORD_BYTES);
    command_u64(out, (uint64_t)l->left * LOG_RECORD_BYTES - 1);
}

enum load_step load_take(struct load *l, const redisReply *reply)
{
    if (!reply)
        return LOAD_RETRY;
    if (reply->type == REDIS_REPLY_ERROR)
        return take_error(l, reply);
    if (!l->claimed)
        return take_claim(l, reply);
    if (reply->type != REDIS_REPLY_STRING)
        return take_chunk(l, (struct slice){NULL, 0});
    return take_chunk(l, (struct slice){reply->str, (size_t)reply->len});
}
