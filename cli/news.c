/* Lenient like message.h: a reader at a terminal shows what it can of a newer
 * aggregator's messages. */
#include "news.h"

#include <stdlib.h>

/* Whole, not negative, and not above what is exact, else 0. */
static uint64_t count(const json_t *object, const char *key)
{
    int64_t v = member_int(object, key);

    return v > 0 && (uint64_t)v <= JSON_INTEGER_MAX ? (uint64_t)v : 0;
}

/* The windows are the keys of "visitors"; they come ascending, and DELTA_WINDOWS of them
 * at most. */
static void read_windows(struct delta *d, const json_t *message)
{
    json_t *visitors = json_object_get(message, "visitors"), *v;
    const json_t *views = json_object_get(message, "pv");
    const json_t *engaged = json_object_get(message, "engaged");
    const char *minutes;
    size_t n = 0;

    json_object_foreach(visitors, minutes, v)
    {
        unsigned long m = strtoul(minutes, NULL, 10);

        if (n == DELTA_WINDOWS || m == 0 || m > WINDOW_MAX)
            continue;
        d->window[n].minutes = (unsigned)m;
        d->window[n].visitors = count(visitors, minutes);
        d->window[n].views = count(views, minutes);
        d->window[n].engaged = count(engaged, minutes);
        n++;
    }
}

/* Those who are fresh are told only when that are not all. */
static void read_fresh(struct online *o, const json_t *fresh)
{
    online_all_fresh(o);
    if (fresh == NULL)
        return;
    o->fresh.writing = count(fresh, "writing");
    o->fresh.reading = count(fresh, "reading");
    o->fresh.idle = count(fresh, "idle");
    o->fresh.background = count(fresh, "background");
}

static void read_online(struct online *o, const json_t *online)
{
    o->writing = count(online, "writing");
    o->reading = count(online, "reading");
    o->idle = count(online, "idle");
    o->background = count(online, "background");
    o->tabs = count(online, "tabs");
    o->members = count(online, "members");
    read_fresh(o, json_object_get(online, "fresh"));
}

static void read_peaks(struct peaks *p, const json_t *peak)
{
    p->day = count(peak, "day");
    p->day_at = (ms_t)count(peak, "dayAt");
    p->all = count(peak, "all");
    p->all_at = (ms_t)count(peak, "allAt");
}

static void read_total(struct total *t, const json_t *total)
{
    t->views = count(total, "views");
    t->visits = count(total, "visits");
    t->joins = count(total, "connections");
    t->counted = count(total, "counted");
    t->since = (ms_t)count(total, "since");
}

static void read_pages(struct news *n, const json_t *pages)
{
    size_t all = json_array_size(pages);

    n->delta.pages = n->page;
    for (size_t i = 0; i < all && n->delta.npages < MESSAGE_PAGES_MAX; i++) {
        const json_t *page = json_array_get(pages, i);

        n->page[n->delta.npages++] = (struct page_count){
            .path = member_text(page, "path"),
            .visitors = count(page, "visitors"),
            .online = count(page, "online"),
        };
    }
}

static bool has_flag(const json_t *message, const char *flag)
{
    const json_t *flags = json_object_get(message, "flags");

    for (size_t i = 0; i < json_array_size(flags); i++) {
        const char *text = json_string_value(json_array_get(flags, i));

        if (text && strcmp(text, flag) == 0)
            return true;
    }
    return false;
}

static unsigned read_flags(const json_t *message)
{
    return (has_flag(message, "tick") ? DELTA_TICK : 0) |
           (has_flag(message, "capped") ? DELTA_CAPPED : 0) |
           (has_flag(message, "loading") ? DELTA_LOADING : 0) |
           (has_flag(message, "warming") ? DELTA_WARMING : 0);
}

int news_parse(struct news *n, struct slice text)
{
    struct delta *d = &n->delta;
    const json_t *json, *feed;

    if (memchr(text.p, '\n', text.n) || message_parse(&n->message, text) < 0)
        return -1;
    json = n->message.json;
    feed = json_object_get(json, "feed");
    *d = (struct delta){
        .site = member_text(json, "site"),
        .epoch = n->message.epoch,
        .commit = count(json, "q"),
        .n = n->message.n,
        .at = n->message.at,
        .new_views = n->message.new_views,
        .new_events = n->message.new_events,
        .new_visitors = n->message.new_visitors,
        .life = (ms_t)count(feed, "life"),
        .last = count(feed, "last"),
        .flags = read_flags(json),
    };
    read_windows(d, json);
    read_online(&d->online, json_object_get(json, "online"));
    read_peaks(&d->peaks, json_object_get(json, "peak"));
    read_total(&d->total, json_object_get(json, "total"));
    read_pages(n, json_object_get(json, "pages"));
    return 0;
}

void news_fini(struct news *n)
{
    message_fini(&n->message);
}

uint64_t news_unlisted(const struct news *n)
{
    uint64_t counted = n->delta.new_views + n->delta.new_events, listed = 0;
    struct sighting e;

    for (size_t i = 0; message_event(&n->message, i, &e); i++)
        listed += !sighting_is_message(&e);
    return counted > listed ? counted - listed : 0;
}

size_t news_window(const struct delta *d, unsigned minutes)
{
    size_t best = DELTA_WINDOWS;

    for (size_t i = 0; i < DELTA_WINDOWS; i++)
        if (d->window[i].minutes > 0 && d->window[i].minutes <= minutes &&
            (best == DELTA_WINDOWS || d->window[i].minutes > d->window[best].minutes))
            best = i;
    for (size_t i = 0; best == DELTA_WINDOWS && i < DELTA_WINDOWS; i++)
        if (d->window[i].minutes == 0)
            best = i;
    return best == DELTA_WINDOWS ? 0 : best;
}

void news_state(struct slice text, struct buf *out)
{
    static const char member[] = ",\"events\":["; /* no text has quotes unescaped */
    const char *at = memmem(text.p, text.n, member, sizeof member - 1);

    if (at == NULL) {
        buf_slice(out, text);
        return;
    }
    buf_add(out, text.p, (size_t)(at - text.p));
    buf_str(out, "}");
}
