/* visit: what the minute log is told, and that it tells everything: a site read back from
 * its log alone, newest record first, is the site. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../aggregator/fold.h"
#include "../dice.h"

#define NOON (1763812800000LL) /* the start of a minute */
#define MINUTE0 ((minute_t)(NOON / MS_PER_MINUTE))

static const struct key key = {{1, 2, 3}};
static struct fold_counts counts;

static struct site *open_site(struct store *st, unsigned window)
{
    struct site *s;

    memset(&counts, 0, sizeof counts);
    store_init(st, window, &key, NOON);
    st->lazy = true;
    s = store_site(st, SLICE("shop"));
    store_take_load(st);
    fold_parked(st, s, 1, &counts);
    store_loaded(st, s);
    return s;
}

static int begin(void **state)
{
    struct store *st = malloc(sizeof *st);

    open_site(st, 30);
    *state = st;
    return 0;
}

static int end(void **state)
{
    store_fini(*state);
    free(*state);
    return 0;
}

static struct site *shop(struct store *st)
{
    return store_find(st, SLICE("shop"));
}

struct who {
    uint64_t visitor, previous;
};

static void fold(struct store *st, struct who who, const char *path, ms_t age, ms_t now)
{
    struct hit h = {.site = SLICE("shop"),
                    .path = slice_of(path),
                    .visitor = who.visitor,
                    .previous = who.previous,
                    .at = -age};

    fold_hits(st, &h, 1, &(struct fold_origin){.at = now}, &counts);
}

static void expect_record(struct site *s, size_t i, enum log_kind kind, uint64_t visitor,
                          uint16_t page, minute_t m)
{
    assert_true(i < s->log.n);
    assert_int_equal(s->log.pending[i].kind, kind);
    assert_int_equal(s->log.pending[i].visitor, visitor);
    assert_int_equal(s->log.pending[i].page, page);
    assert_int_equal(s->log.pending[i].slot, slot_of(s, m));
    assert_true(s->dirty >> slot_of(s, m) & 1); /* its row has to tell its number */
}

static uint16_t page_id(struct site *s, const char *path)
{
    bool capped;

    return pages_id(&s->pages, pages_hash(&s->pages, slice_of(path)), slice_of(path),
                    &capped);
}

static void a_minute_and_a_page_are_logged_once(void **state)
{
    struct store *st = *state;
    struct site *s = shop(st);
    struct who who = {7, 0};

    for (int i = 0; i < 3; i++)
        fold(st, who, "/a", 0, NOON);
    assert_int_equal(s->log.n, 1);
    expect_record(s, 0, LOG_SEEN, 7, page_id(s, "/a"), MINUTE0);
    fold(st, who, "/b", 0, NOON);
    fold(st, who, "/b", 0, NOON + 60000);
    fold(st, who, "", 0, NOON + 120000);
    assert_int_equal(s->log.n, 4);
    expect_record(s, 1, LOG_SEEN, 7, page_id(s, "/b"), MINUTE0);
    expect_record(s, 2, LOG_SEEN, 7, page_id(s, "/b"), MINUTE0 + 1);
    expect_record(s, 3, LOG_SEEN, 7, page_id(s, "/b"), MINUTE0 + 2);
    assert_int_equal(st->log_waits, 4);
}

static void a_minute_that_is_not_the_latest_is_logged_without_a_page(void **state)
{
    struct store *st = *state;
    struct site *s = shop(st);
    struct who who = {7, 0};

    fold(st, who, "/a", 0, NOON + 5 * 60000);
    for (int i = 0; i < 3; i++)
        fold(st, who, "/b", 2 * 60000, NOON + 5 * 60000);
    assert_int_equal(s->log.n, 2);
    expect_record(s, 1, LOG_SEEN, 7, PAGE_NONE, MINUTE0 + 3);
}

static void a_renaming_is_logged_as_a_pair_in_the_newest_minute(void **state)
{
    struct store *st = *state;
    struct site *s = shop(st);

    fold(st, (struct who){7, 0}, "/a", 0, NOON);
    fold(st, (struct who){8, 7}, "/a", 3 * 60000, NOON + 3 * 60000);
    assert_int_equal(s->log.n, 3); /* and the hit itself tells nothing new */
    expect_record(s, 1, LOG_RENAMED, 8, PAGE_NONE, MINUTE0 + 3);
    expect_record(s, 2, LOG_OLD, 7, PAGE_NONE, MINUTE0 + 3);
}

static void two_that_were_one_are_joined_and_it_is_said_where_that_one_is(void **state)
{
    struct store *st = *state;
    struct site *s = shop(st);
    uint16_t a, b;

    fold(st, (struct who){8, 0}, "/a", 0, NOON);
    fold(st, (struct who){7, 0}, "/a", 0, NOON);
    fold(st, (struct who){7, 0}, "/b", 0, NOON + 60000);
    a = page_id(s, "/a");
    b = page_id(s, "/b");
    assert_int_equal(site_visitors(s, 2), 2);
    s->log.n = 0;
    fold(st, (struct who){8, 7}, "", 60000, NOON + 60000);
    assert_int_equal(site_visitors(s, 1), 1);
    assert_int_equal(site_visitors(s, 2), 1);
    assert_int_equal(s->row[slot_of(s, MINUTE0)].uniques, 1);
    assert_int_equal(s->row[slot_of(s, MINUTE0 + 1)].uniques, 1);
    assert_int_equal(pages_visitors(&s->pages, pages_get(&s->pages, a)), 0);
    assert_int_equal(pages_visitors(&s->pages, pages_get(&s->pages, b)), 1);
    assert_int_equal(st->visitors, 1);
    assert_int_equal(s->log.n, 3);
    expect_record(s, 0, LOG_RENAMED, 8, PAGE_NONE, MINUTE0 + 1);
    expect_record(s, 1, LOG_OLD, 7, PAGE_NONE, MINUTE0 + 1);
    expect_record(s, 2, LOG_SEEN, 8, b, MINUTE0 + 1);
}

/* A hit under yesterday's id came behind today's first, so it tells better. */
static void of_two_that_were_one_in_a_minute_it_is_where_yesterdays_was(void **state)
{
    struct store *st = *state;
    struct site *s = shop(st);

    fold(st, (struct who){8, 0}, "/a", 0, NOON);
    fold(st, (struct who){7, 0}, "/b", 0, NOON);
    s->log.n = 0;
    fold(st, (struct who){8, 7}, "", 0, NOON);
    assert_int_equal(site_visitors(s, 1), 1);
    assert_int_equal(pages_visitors(&s->pages, pages_get(&s->pages, page_id(s, "/a"))),
                     0);
    assert_int_equal(pages_visitors(&s->pages, pages_get(&s->pages, page_id(s, "/b"))),
                     1);
    expect_record(s, 2, LOG_SEEN, 8, page_id(s, "/b"), MINUTE0);
}

/* A hit under yesterday's id that comes behind the renaming, in the same minute or later.
 * What it does not know of is where it was before. */
static void of_two_that_were_one_the_later_without_a_page_is_where_the_other_was(
    void **state)
{
    struct store *st = *state;
    struct site *s = shop(st);

    for (int age = 0; age <= 60000; age += 60000) {
        uint64_t today = 8 + (uint64_t)age, yesterday = today - 1;
        struct page *p;

        fold(st, (struct who){today, 0}, "/a", 60000, NOON + 60000);
        fold(st, (struct who){yesterday, 0}, "", age, NOON + 60000);
        p = pages_get(&s->pages, page_id(s, "/a"));
        s->log.n = 0;
        fold(st, (struct who){today, yesterday}, "", 60000, NOON + 60000);
        assert_int_equal(pages_visitors(&s->pages, p), age ? 2 : 1);
        expect_record(s, 2, LOG_SEEN, today, page_id(s, "/a"),
                      MINUTE0 + 1 - (minute_t)age / 60000);
    }
}

static void who_has_left_the_window_is_renamed_without_a_word(void **state)
{
    struct store *st = *state;
    struct site *s = shop(st);
    ms_t later = NOON + 31 * 60000;

    fold(st, (struct who){7, 0}, "/a", 0, NOON);
    fold(st, (struct who){8, 0}, "/a", 0, NOON);
    s->log.n = 0;
    st->log_waits = 0;
    fold(st, (struct who){17, 7}, "/a", 0, later);
    assert_int_equal(s->log.n, 1);
    fold(st, (struct who){7, 0}, "/a", 0, later);
    fold(st, (struct who){8, 7}, "/b", 0, later); /* 8 is long gone, 7 is here */
    assert_int_equal(site_visitors(s, 30), 2);
    assert_int_equal(s->visitors.n, 2);
    assert_int_equal(st->visitors, 2);
    assert_int_equal(s->stale, 0);
    expect_record(s, 2, LOG_RENAMED, 8, PAGE_NONE, MINUTE0 + 31);
}

static void somebody_who_is_said_to_have_been_himself_is_counted_once(void **state)
{
    struct store *st = *state;

    fold(st, (struct who){7, 7}, "/a", 0, NOON);
    fold(st, (struct who){7, 7}, "/a", 0, NOON);
    assert_int_equal(site_visitors(shop(st), 1), 1);
    assert_int_equal(shop(st)->row[slot_of(shop(st), MINUTE0)].uniques, 1);
    assert_int_equal(st->visitors, 1);
}

static void while_the_log_is_rewritten_a_renaming_tells_every_minute(void **state)
{
    struct store *st = *state;
    struct site *s = shop(st);

    fold(st, (struct who){7, 0}, "/a", 0, NOON);
    fold(st, (struct who){7, 0}, "/a", 0, NOON + 10 * 60000);
    fold(st, (struct who){7, 0}, "/b", 0, NOON + 35 * 60000);
    s->log.n = 0;
    s->committing = s->full_sent = true;
    fold(st, (struct who){8, 7}, "/b", 0, NOON + 35 * 60000);
    assert_int_equal(s->log.n, 4);
    expect_record(s, 0, LOG_RENAMED, 8, PAGE_NONE, MINUTE0 + 35);
    expect_record(s, 1, LOG_OLD, 7, PAGE_NONE, MINUTE0 + 35);
    expect_record(s, 2, LOG_SEEN, 8, page_id(s, "/b"), MINUTE0 + 35);
    expect_record(s, 3, LOG_SEEN, 8, PAGE_NONE, MINUTE0 + 10);
}

static void over_the_bound_a_site_gives_up_its_log_and_is_rewritten(void **state)
{
    struct store *st = *state;
    struct site *s = shop(st);

    fold(st, (struct who){7, 0}, "/a", 0, NOON);
    s->full = false;
    st->log_waits = LOG_PENDING_MAX - 1; /* most of them other sites' */
    fold(st, (struct who){8, 7}, "/a", 0, NOON);
    assert_true(s->full);
    assert_true(s->log.rewrite);
    assert_int_equal(s->log.n, 0); /* of a pair both or none */
    assert_int_equal(st->log_waits, LOG_PENDING_MAX - 2);
    fold(st, (struct who){9, 0}, "/a", 0, NOON);
    assert_int_equal(s->log.n, 0); /* its rewrite will tell */
    assert_int_equal(site_visitors(s, 1), 2);
}

static void who_finds_no_room_is_not_logged(void **state)
{
    struct store *st = *state;

    st->visitors = VISITORS_MAX;
    fold(st, (struct who){7, 0}, "/a", 0, NOON);
    assert_int_equal(counts.capped_visitors, 1);
    assert_int_equal(counts.views, 1);
    assert_int_equal(shop(st)->log.n, 0);
    assert_true(shop(st)->capped);
}

static void nobody_logs_for_nobody(void **state)
{
    struct store st;

    (void)state;
    store_init(&st, 30, &key, NOON);
    fold(&st, (struct who){7, 0}, "/a", 0, NOON);
    fold(&st, (struct who){8, 7}, "/b", 0, NOON + 60000);
    assert_int_equal(st.log_waits, 0);
    assert_int_equal(shop(&st)->log.cap, 0);
    store_fini(&st);
}

static void tab(struct store *st, uint8_t kind, uint8_t state, uint64_t tab, ms_t now)
{
    struct hit h = {.site = SLICE("shop"),
                    .path = SLICE("/a"),
                    .visitor = 7,
                    .tab = tab,
                    .state = state,
                    .kind = kind};

    fold_hits(st, &h, 1, &(struct fold_origin){.at = now}, &counts);
}

static void the_log_tells_who_is_present_and_who_left(void **state)
{
    struct store *st = *state;
    struct site *s = shop(st);

    tab(st, HIT_VIEW, STATE_READING, 0, NOON);
    tab(st, HIT_VIEW, STATE_BACKGROUND, 1, NOON); /* present from here on */
    tab(st, HIT_VIEW, STATE_WRITING, 2, NOON);
    fold_tick(st, NOON + 50000); /* the second has gone */
    tab(st, HIT_HEARTBEAT, STATE_BACKGROUND, 1, NOON + 60000);
    assert_int_equal(s->log.n, 3);
    assert_int_equal(s->log.pending[0].state, STATE_NONE);
    assert_int_equal(s->log.pending[1].state, STATE_BACKGROUND);
    assert_int_equal(s->log.pending[2].state, STATE_BACKGROUND);
    tab(st, HIT_LEAVE, STATE_NONE, 1, NOON + 70000);
    fold_tick(st, NOON + 70900);
    assert_int_equal(s->log.n, 3);
    fold_tick(st, NOON + 71000);
    assert_int_equal(s->log.n, 4);
    expect_record(s, 3, LOG_LEFT, 7, PAGE_NONE, MINUTE0 + 1);
    tab(st, HIT_VIEW, STATE_READING, 3, NOON + 80000); /* same minute, same page */
    assert_int_equal(s->log.n, 5);
    expect_record(s, 4, LOG_SEEN, 7, page_id(s, "/a"), MINUTE0 + 1);
    assert_int_equal(s->log.pending[4].state, STATE_READING);
    assert_int_equal(s->row[slot_of(s, s->now)].uniques, 1);
    tab(st, HIT_LEAVE, STATE_NONE, 3, NOON + 81000);
    tab(st, HIT_VIEW, STATE_READING, 4, NOON + 81500); /* the next page */
    fold_tick(st, NOON + 83000);
    assert_int_equal(s->log.n, 5);
}

static void of_who_left_long_before_the_goodbye_came_it_is_told_too(void **state)
{
    struct store *st = *state;
    struct site *s = shop(st);
    struct hit bye = {.site = SLICE("shop"), .visitor = 7, .tab = 1, .kind = HIT_LEAVE};

    tab(st, HIT_VIEW, STATE_READING, 1, NOON);
    assert_int_equal(s->log.n, 1);
    fold_hits(st, &bye, 1, &(struct fold_origin){.sent = 19000, .at = NOON + 20000},
              &counts);
    assert_int_equal(online_total(&s->presence.online), 0);
    assert_int_equal(s->log.n, 2);
    expect_record(s, 1, LOG_LEFT, 7, PAGE_NONE, MINUTE0);
}

/* ---- the site read back from its log -------------------------------------- */

enum { PEOPLE = 150, IDS = 2 * PEOPLE, PATHS = 30, MINUTES = 260, MIDNIGHT = 60 };

/* What Redis has: the logs of all minutes, and the names of the pages. */
struct redis {
    struct {
        uint8_t *bytes;
        size_t n;
    } log[MINUTES], staged[MINUTES];
    char name[PAGES_MAX][16];
};

/* A site as its log tells it. */
struct told {
    bool known[IDS], seen[IDS][MINUTES];
    bool gone[IDS], present[IDS];
    int last[IDS], renamed[IDS];
    uint16_t page[IDS];
};

static uint64_t id_of(int i)
{
    return (uint64_t)(i + 1) << 53 | 5;
}

/* The ids of a person before and after midnight: either may be the lower one. */
static uint64_t id_before(int p)
{
    return id_of(p % 2 ? p + PEOPLE : p);
}

static uint64_t id_after(int p)
{
    return id_of(p % 2 ? p : p + PEOPLE);
}

static int of_id(uint64_t id)
{
    return (int)(id >> 53) - 1;
}

static void append(struct redis *r, bool staged, int minute, const struct log_record *rec)
{
    uint8_t **bytes = staged ? &r->staged[minute].bytes : &r->log[minute].bytes;
    size_t *n = staged ? &r->staged[minute].n : &r->log[minute].n;

    *bytes = realloc(*bytes, (*n + 1) * LOG_RECORD_BYTES);
    assert_non_null(*bytes);
    log_encode(*bytes + *n * LOG_RECORD_BYTES, rec);
    ++*n;
}

static int minute_of_slot(const struct site *s, unsigned slot)
{
    return (int)(s->now - ((s->now - slot) & (s->slots - 1)) - MINUTE0);
}

static void take_records(struct redis *r, struct store *st, struct site *s, bool staged)
{
    for (size_t i = 0; i < s->log.n; i++)
        if (s->log.pending[i].slot != LOG_GONE)
            append(r, staged, minute_of_slot(s, s->log.pending[i].slot),
                   &s->log.pending[i]);
    st->log_waits -= s->log.n;
    s->log.n = 0;
}

/* The rest of a commit. */
static void confirm(struct redis *r, struct site *s)
{
    s->dirty = 0;
    s->full = false;
    standing_send(&s->pages.standing);
    standing_end(&s->pages.standing, true);
    for (uint16_t id = 0; id < s->pages.ids; id++) {
        struct page *p = pages_get(&s->pages, id);

        if (!p)
            continue;
        if (!p->named)
            snprintf(r->name[id], sizeof r->name[id], "%.*s", p->path_n, p->path);
        p->named = true;
    }
}

static void stage_visitor(struct redis *r, const struct site *s, const struct visitor *v)
{
    minute_t last = s->now - (uint16_t)((uint16_t)s->now - v->last);

    for (unsigned i = 0; i < s->window; i++) {
        struct log_record rec = {.visitor = v->id,
                                 .page = i ? PAGE_NONE : v->page,
                                 .kind = LOG_SEEN,
                                 .state = i ? 0 : presence_state(&s->presence, v->id)};

        if (site_covers(s, last - i) && v->seen >> i & 1)
            append(r, true, (int)(last - i - MINUTE0), &rec);
    }
}

static int resolve(const struct told *t, int i)
{
    for (int n = 0; n < 4 && t->renamed[i] >= 0; n++)
        i = t->renamed[i];
    return i;
}

static void read_record(struct told *t, const struct log_record *rec, int minute,
                        int *old)
{
    int i = resolve(t, of_id(rec->visitor));

    if (rec->kind == LOG_OLD) {
        *old = of_id(rec->visitor);
    } else if (rec->kind == LOG_RENAMED) {
        assert_true(*old >= 0);
        if (i != *old)
            t->renamed[*old] = i;
        *old = -1;
    } else if (rec->kind == LOG_LEFT) {
        t->gone[i] |= !t->known[i];
    } else {
        if (!t->known[i]) {
            t->last[i] = minute;
            t->page[i] = rec->page;
            t->present[i] = rec->state != STATE_NONE && !t->gone[i];
        }
        t->known[i] = t->seen[i][minute] = true;
    }
}

static void read_back(const struct redis *r, const struct site *s, struct told *t)
{
    int now = (int)(s->now - MINUTE0);

    memset(t, 0, sizeof *t);
    memset(t->renamed, -1, sizeof t->renamed);
    for (int m = now, old = -1; m >= 0 && m > now - (int)s->window; m--)
        for (size_t i = r->log[m].n; i > 0; i--) {
            struct log_record rec =
                log_decode(r->log[m].bytes + (i - 1) * LOG_RECORD_BYTES);

            read_record(t, &rec, m, &old);
        }
}

static void compare_pages(const struct redis *r, const struct site *s,
                          const struct told *t, int m)
{
    uint32_t on[PAGES_MAX] = {0},
             nowhere = s->row[slot_of(s, MINUTE0 + (minute_t)m)].last;

    for (int i = 0; i < IDS; i++)
        if (t->known[i] && t->last[i] == m && t->page[i] != PAGE_NONE)
            on[t->page[i]]++;
    for (uint16_t id = 0; id < s->pages.ids; id++) {
        const struct page *p = pages_get(&s->pages, id);
        uint32_t at = p ? pages_on(&s->pages, p, slot_of(s, MINUTE0 + (minute_t)m)) : 0;

        assert_int_equal(on[id], at);
        nowhere -= at;
        if (at)
            assert_true(slice_eq(page_path(p), slice_of(r->name[id])));
    }
    for (int i = 0; i < IDS; i++)
        nowhere -= t->known[i] && t->last[i] == m && t->page[i] == PAGE_NONE;
    assert_int_equal(nowhere, 0);
}

/* Whoever is present is so by the log. Not those who after midnight are so under both ids
 * and left under one; nor who left in this minute, and is back by a hit of an earlier
 * one: its record lies before the goodbye. */
static void compare_present(const struct site *s, const struct told *t)
{
    int now = (int)(s->now - MINUTE0);

    for (int i = 0; i < IDS; i++)
        if (presence_state(&s->presence, id_of(i)) != STATE_NONE && t->known[i])
            assert_true(t->present[i] ||
                        (t->gone[i] && (now >= MIDNIGHT || t->last[i] < now)));
}

static void compare(const struct redis *r, const struct site *s)
{
    static struct told t;
    int now = (int)(s->now - MINUTE0);

    read_back(r, s, &t);
    for (int m = now; m >= 0 && m > now - (int)s->window; m--) {
        const struct site_row *row = &s->row[slot_of(s, MINUTE0 + (minute_t)m)];
        uint32_t uniques = 0, last = 0;

        for (int i = 0; i < IDS; i++) {
            uniques += t.seen[i][m];
            last += t.known[i] && t.last[i] == m;
        }
        assert_int_equal(row->uniques, uniques);
        assert_int_equal(row->last, last);
        compare_pages(r, s, &t, m);
    }
    compare_present(s, &t);
}

static struct hit random_hit(struct dice *d, int minute, bool stragglers)
{
    static char path[PATHS][16];
    int p = (int)dice_below(d, dice_below(d, 3) ? 20 : PEOPLE), w;
    bool after = minute >= MIDNIGHT && dice_below(d, 20) > 0;
    struct hit h = {.site = SLICE("shop"), .kind = (uint8_t)dice_below(d, HIT_KINDS)};

    h.tab = dice_below(d, 3) ? 1 + dice_below(d, 2) : 0;
    h.state = (uint8_t)dice_below(d, HIT_STATES);
    /* Paths come and go, so that ids are used again. */
    w = (minute / 7 * 3 + (int)dice_below(d, 6)) % PATHS;
    snprintf(path[w], sizeof path[w], "/%d", w);
    h.path = dice_below(d, 10) ? slice_of(path[w]) : SLICE("");
    h.at = dice_below(d, 4) ? 0 : -(mono_t)dice_below(d, 4 * MS_PER_MINUTE);
    h.visitor = id_before(p);
    if (minute >= MIDNIGHT && !after)
        h.at = 0; /* one under the old id that is late would be taken for the new one */
    if (after || (minute >= MIDNIGHT && !stragglers)) {
        h.visitor = id_after(p);
        if (minute < MIDNIGHT + 64 && dice_below(d, 5))
            h.previous = id_before(p);
    }
    return h;
}

struct life {
    struct store st;
    struct site *s;
    struct dice d;
    ms_t now;
    uint64_t seq;
};

static void fold_some(struct life *l, bool stragglers)
{
    struct hit hits[DATAGRAM_HITS_MAX];
    struct fold_origin from = {.stream = 1 + dice_below(&l->d, 3), .at = l->now};
    size_t n = 1 + dice_below(&l->d, 20);

    from.seq = ++l->seq;
    for (size_t i = 0; i < n; i++)
        hits[i] = random_hit(&l->d, (int)(minute_of(l->now) - MINUTE0), stragglers);
    fold_hits(&l->st, hits, n, &from, &counts);
}

/* Writes the log anew, some visitors at a time, while hits go on and renamings happen. */
static void rewrite(struct life *l, struct redis *r)
{
    struct visitor *v;
    uint64_t id = 0;

    l->st.log_waits -= l->s->log.n;
    log_overflow(&l->s->log);
    fold_some(l, false);
    assert_int_equal(l->s->log.n, 0);
    for (int m = 0; m < MINUTES; m++)
        r->staged[m].n = 0;
    l->s->log.rewrite = false;
    l->s->committing = l->s->full_sent = true;
    while ((v = visitors_after(&l->s->visitors, id))) {
        stage_visitor(r, l->s, v);
        id = v->id;
        if (dice_below(&l->d, 10) == 0) {
            l->now += (ms_t)dice_below(&l->d, 900);
            fold_some(l, false);
        }
    }
    take_records(r, &l->st, l->s, true);
    for (int m = 0; m < MINUTES; m++) {
        free(r->log[m].bytes);
        r->log[m].bytes = r->staged[m].bytes;
        r->log[m].n = r->staged[m].n;
        r->staged[m].bytes = NULL;
    }
    confirm(r, l->s);
    l->s->committing = l->s->full_sent = false;
}

static void live(unsigned window, uint64_t seed)
{
    static struct redis r;
    struct life l = {.d = {seed}, .now = NOON + 5 * MS_PER_MINUTE};
    size_t compared = 0;

    memset(&r, 0, sizeof r);
    l.s = open_site(&l.st, window);
    while (minute_of(l.now) < MINUTE0 + MIDNIGHT + 100) {
        l.now += (ms_t)dice_below(&l.d, 3000);
        if (dice_below(&l.d, 200) == 0)
            l.now += 3 * MS_PER_MINUTE;
        fold_some(&l, true);
        l.s->committing = true; /* so that it is not dropped when it is empty */
        if (dice_below(&l.d, 5) == 0)
            fold_tick(&l.st, l.now);
        l.s->committing = false;
        if (dice_below(&l.d, 8))
            continue;
        if (dice_below(&l.d, 12) == 0) {
            rewrite(&l, &r);
        } else {
            take_records(&r, &l.st, l.s, false);
            confirm(&r, l.s);
        }
        compare(&r, l.s);
        assert_int_equal(l.st.log_waits, 0);
        assert_int_equal(l.st.visitors, l.s->visitors.n);
        compared++;
    }
    assert_true(compared > 200);
    assert_int_equal(l.s->marks.n, 3);
    for (int m = 0; m < MINUTES; m++)
        free(r.log[m].bytes);
    store_fini(&l.st);
}

static void the_log_read_backwards_is_the_site(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        print_message("seed %d\n", (int)seed);
        live(30, seed);
        live(64, seed);
        live(3, seed);
        live(1, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_minute_and_a_page_are_logged_once, begin, end),
        cmocka_unit_test_setup_teardown(
            a_minute_that_is_not_the_latest_is_logged_without_a_page, begin, end),
        cmocka_unit_test_setup_teardown(
            a_renaming_is_logged_as_a_pair_in_the_newest_minute, begin, end),
        cmocka_unit_test_setup_teardown(
            two_that_were_one_are_joined_and_it_is_said_where_that_one_is, begin, end),
        cmocka_unit_test_setup_teardown(
            of_two_that_were_one_in_a_minute_it_is_where_yesterdays_was, begin, end),
        cmocka_unit_test_setup_teardown(
            of_two_that_were_one_the_later_without_a_page_is_where_the_other_was, begin,
            end),
        cmocka_unit_test_setup_teardown(who_has_left_the_window_is_renamed_without_a_word,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            somebody_who_is_said_to_have_been_himself_is_counted_once, begin, end),
        cmocka_unit_test_setup_teardown(
            while_the_log_is_rewritten_a_renaming_tells_every_minute, begin, end),
        cmocka_unit_test_setup_teardown(
            over_the_bound_a_site_gives_up_its_log_and_is_rewritten, begin, end),
        cmocka_unit_test_setup_teardown(who_finds_no_room_is_not_logged, begin, end),
        cmocka_unit_test_setup_teardown(the_log_tells_who_is_present_and_who_left, begin,
                                        end),
        cmocka_unit_test_setup_teardown(
            of_who_left_long_before_the_goodbye_came_it_is_told_too, begin, end),
        cmocka_unit_test(nobody_logs_for_nobody),
        cmocka_unit_test(the_log_read_backwards_is_the_site),
    };

    return cmocka_run_group_tests_name("visit", tests, NULL, NULL);
}
