/* Texts are copied: messages go, the screen stays. What is longer than any path or name
 * of headcount's is cut, and whoever draws makes it safe. */
#include "top_open.h"

#include <string.h>

static void copy(char *out, size_t out_n, struct slice text)
{
    size_t n = text.n < out_n - 1 ? text.n : out_n - 1;

    memcpy(out, text.p, n);
    out[n] = '\0';
}

static void take_pages(struct top_open *o, const struct page_count *pages, size_t n)
{
    o->npages = n < MESSAGE_PAGES_MAX ? n : MESSAGE_PAGES_MAX;
    for (size_t i = 0; i < o->npages; i++) {
        copy(o->page[i].path, sizeof o->page[i].path, pages[i].path);
        o->page[i].visitors = pages[i].visitors;
        o->page[i].online = pages[i].online;
    }
}

static void add_event(struct top_open *o, const struct sighting *s)
{
    struct top_event *e;

    o->newest = (o->newest + 1) % RECENT_MAX;
    if (o->nevents < RECENT_MAX)
        o->nevents++;
    e = &o->event[o->newest];
    e->at = s->at;
    e->is_view = slice_eq(s->type, SLICE("pageview"));
    e->is_message = sighting_is_message(s);
    copy(e->name, sizeof e->name, s->name);
    copy(e->path, sizeof e->path, s->path);
}

void top_open_clear(struct top_open *o)
{
    o->is_read = false;
    o->npages = 0;
    o->nevents = 0;
}

void top_open_read(struct top_open *o, const struct summary *s)
{
    take_pages(o, s->pages, s->npages);
    o->nevents = 0;
    for (size_t i = s->nrecent; i-- > 0;) { /* oldest first */
        json_t *json =
            json_loadb(s->recent[i].p, s->recent[i].n, JSON_REJECT_DUPLICATES, NULL);
        struct sighting e;

        if (sighting_read(&e, json))
            add_event(o, &e);
        json_decref(json);
    }
    o->is_read = true;
}

void top_open_message(struct top_open *o, const struct delta *d, const struct message *m)
{
    struct sighting e;

    take_pages(o, d->pages, d->npages);
    for (size_t i = 0; message_event(m, i, &e); i++)
        add_event(o, &e);
}

const struct top_event *top_open_event(const struct top_open *o, size_t i)
{
    if (i >= o->nevents)
        return NULL;
    return &o->event[(o->newest + RECENT_MAX - i) % RECENT_MAX];
}
