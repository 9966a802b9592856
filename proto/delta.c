/* A message is nearly always far below its bound and written once. Paths come from
 * strangers, though, and one byte of theirs may take six of JSON; then the least is
 * looked for, by halving, that must be left out. The numbers alone always fit. */
#include "delta.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "hit.h"

#define VERSION 1

/* The lists of a message, cut. */
struct lists {
    const struct page_count *pages;
    size_t npages;
    const struct recent_event *events;
    size_t nevents;
};

static struct lists lists_of(const struct delta *d)
{
    struct lists l = {d->pages, d->npages, d->events, d->nevents};

    if (l.npages > MESSAGE_PAGES_MAX)
        l.npages = MESSAGE_PAGES_MAX;
    if (l.nevents > MESSAGE_EVENTS_MAX) {
        l.events += l.nevents - MESSAGE_EVENTS_MAX;
        l.nevents = MESSAGE_EVENTS_MAX;
    }
    return l;
}

/* Without the @n least interesting entries: pages at the tail, then the oldest events. */
static struct lists lists_without(struct lists l, size_t n)
{
    size_t pages = n < l.npages ? n : l.npages;
    size_t events = n - pages;

    l.npages -= pages;
    l.nevents -= events;
    if (events > 0)
        l.events += events;
    return l;
}

static void write_change(struct json *j, const struct delta *d)
{
    json_key(j, "d");
    json_begin_object(j);
    json_key(j, "pv");
    json_u64(j, d->new_views);
    json_key(j, "ev");
    json_u64(j, d->new_events);
    json_key(j, "new");
    json_u64(j, d->new_visitors);
    json_end(j);
}

/* The windows are ascending, so equal ones are neighbours. */
static void write_windows(struct json *j, const struct delta *d, const char *key,
                          bool visitors)
{
    unsigned before = 0;
    char minutes[16];

    json_key(j, key);
    json_begin_object(j);
    for (size_t i = 0; i < DELTA_WINDOWS; i++) {
        if (d->window[i].minutes == before)
            continue;
        before = d->window[i].minutes;
        snprintf(minutes, sizeof minutes, "%u", before);
        json_key(j, minutes);
        json_u64(j, visitors ? d->window[i].visitors : d->window[i].views);
    }
    json_end(j);
}

static void write_lists(struct json *j, const struct lists *l)
{
    json_key(j, "pages");
    json_begin_array(j);
    for (size_t i = 0; i < l->npages; i++) {
        json_begin_object(j);
        json_key(j, "path");
        json_slice(j, l->pages[i].path);
        json_key(j, "visitors");
        json_u64(j, l->pages[i].visitors);
        json_end(j);
    }
    json_end(j);
    json_key(j, "events");
    json_begin_array(j);
    for (size_t i = 0; i < l->nevents; i++)
        recent_event_json(j, &l->events[i]);
    json_end(j);
}

static void write_flags(struct json *j, unsigned flags)
{
    json_key(j, "flags");
    json_begin_array(j);
    if (flags & DELTA_TICK)
        json_str(j, "tick");
    if (flags & DELTA_CAPPED)
        json_str(j, "capped");
    if (flags & DELTA_LOADING)
        json_str(j, "loading");
    if (flags & DELTA_WARMING)
        json_str(j, "warming");
    json_end(j);
}

/* Returns whether it fitted. */
static bool write_message(struct buf *out, const struct delta *d, struct lists lists)
{
    struct json j;

    buf_clear(out);
    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "v");
    json_u64(&j, VERSION);
    json_key(&j, "site");
    json_slice(&j, d->site);
    json_key(&j, "e");
    json_u64(&j, d->epoch);
    json_key(&j, "q");
    json_u64(&j, d->commit);
    json_key(&j, "n");
    json_u64(&j, d->n);
    json_key(&j, "t");
    json_i64(&j, d->at);
    write_change(&j, d);
    write_windows(&j, d, "visitors", true);
    write_windows(&j, d, "pv", false);
    write_lists(&j, &lists);
    write_flags(&j, d->flags);
    json_end(&j);
    return !out->full && out->n <= MESSAGE_MAX;
}

static bool take(struct slice *s, struct slice literal)
{
    if (!slice_starts(*s, literal))
        return false;
    *s = slice_skip(*s, literal.n);
    return true;
}

/* A whole number as JSON has them: no sign, no leading zero. */
static bool take_number(struct slice *s, uint64_t *v)
{
    size_t n;

    *v = 0;
    for (n = 0; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++) {
        *v = *v * 10 + (uint64_t)(s->p[n] - '0');
        if (*v > JSON_INTEGER_MAX)
            return false;
    }
    if (n == 0 || (n > 1 && s->p[0] == '0'))
        return false;
    *s = slice_skip(*s, n);
    return true;
}

static bool take_member(struct slice *s)
{
    uint64_t v;

    if (!json_take_text(s) || !take(s, SLICE(":")))
        return false;
    return s->n > 0 && s->p[0] == '"' ? json_take_text(s) : take_number(s, &v);
}

/* The character that an escape of this writer stands for; @s is behind the backslash. */
static uint32_t take_escape(struct slice *s)
{
    static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const char *at = strchr(letters, s->p[0]);
    char c = s->p[0], hex[5] = "";

    *s = slice_skip(*s, 1);
    if (at)
        return (uint32_t)meant[at - letters];
    if (c != 'u')
        return (unsigned char)c;
    memcpy(hex, s->p, 4);
    *s = slice_skip(*s, 4);
    return (uint32_t)strtoul(hex, NULL, 16);
}

static void add_code(struct buf *out, uint32_t code)
{
    if (code < 0x80)
        buf_add(out, (char[]){(char)code}, 1);
    else if (code < 0x800)
        buf_add(out, (char[]){(char)(0xc0 | code >> 6), (char)(0x80 | (code & 63))}, 2);
    else
        buf_add(out,
                (char[]){(char)(0xe0 | code >> 12), (char)(0x80 | (code >> 6 & 63)),
                         (char)(0x80 | (code & 63))},
                3);
}

/* Takes a text off @s and appends what it says to @out. Returns how many bytes, -1 for
 * none. */
static int decode_text(struct slice *s, struct buf *out)
{
    struct slice text = *s;
    size_t before = out->n;

    if (!json_take_text(s))
        return -1;
    text = (struct slice){text.p + 1, (size_t)(s->p - text.p) - 2};
    while (text.n > 0) {
        const char *escape = memchr(text.p, '\\', text.n);
        size_t plain = escape ? (size_t)(escape - text.p) : text.n;

        buf_add(out, text.p, plain);
        text = slice_skip(text, plain);
        if (!escape)
            break;
        text = slice_skip(text, 1);
        add_code(out, take_escape(&text));
    }
    return out->full ? -1 : (int)(out->n - before);
}

void delta_encode(const struct delta *d, struct buf *out)
{
    struct lists all = lists_of(d);
    size_t low = 1, high = all.npages + all.nevents;

    assert(out->max >= MESSAGE_MAX);
    if (write_message(out, d, all))
        return;
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (write_message(out, d, lists_without(all, mid)))
            high = mid;
        else
            low = mid + 1;
    }
    write_message(out, d, lists_without(all, high));
}

void recent_event_json(struct json *j, const struct recent_event *e)
{
    json_begin_object(j);
    json_key(j, "id");
    json_u64(j, e->id);
    json_key(j, "type");
    json_str(j, hit_kind_name(e->kind));
    json_key(j, "timestamp");
    json_i64(j, e->at);
    json_key(j, "path");
    json_slice(j, e->path);
    if (e->kind == HIT_EVENT) {
        json_key(j, "name");
        json_slice(j, e->name);
    }
    json_end(j);
}

bool recent_event_check(struct slice json, uint64_t *id, ms_t *at)
{
    uint64_t t;

    if (!take(&json, SLICE("{\"id\":")) || !take_number(&json, id) ||
        !take(&json, SLICE(",\"type\":")) || !json_take_text(&json) ||
        !take(&json, SLICE(",\"timestamp\":")) || !take_number(&json, &t))
        return false;
    *at = (ms_t)t;
    while (take(&json, SLICE(",")))
        if (!take_member(&json))
            return false;
    return take(&json, SLICE("}")) && json.n == 0;
}

/* Takes the member @name, a text. Returns its length in @text, -1 if it is not there. */
static int take_named(struct slice *s, const char *name, struct buf *text)
{
    struct slice rest = *s;
    int n;

    if (!take(&rest, SLICE(",\"")) || !take(&rest, slice_of(name)) ||
        !take(&rest, SLICE("\":")))
        return -1;
    n = decode_text(&rest, text);
    if (n >= 0)
        *s = rest;
    return n;
}

bool recent_event_parse(struct slice json, struct recent_event *e, struct buf *text)
{
    uint64_t v;
    int path, name = 0;

    buf_clear(text);
    if (!recent_event_check(json, &e->id, &e->at) || e->id == 0)
        return false;
    take(&json, SLICE("{\"id\":"));
    take_number(&json, &v);
    e->kind = take(&json, SLICE(",\"type\":\"pageview\"")) ? HIT_VIEW : HIT_EVENT;
    if (e->kind == HIT_EVENT && !take(&json, SLICE(",\"type\":\"event\"")))
        return false;
    take(&json, SLICE(",\"timestamp\":"));
    take_number(&json, &v);
    path = take_named(&json, "path", text);
    if (e->kind == HIT_EVENT)
        name = take_named(&json, "name", text);
    if (path < 0 || name < 0 || path > PATH_MAX_BYTES || name > EVENT_NAME_MAX)
        return false;
    e->path = (struct slice){text->p, (size_t)path};
    e->name = (struct slice){text->p + path, (size_t)name};
    return true;
}
