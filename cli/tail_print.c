/* A line is written whole, then cut to what the terminal shows. As JSON a message goes
 * out byte for byte as it came, unless a filter takes events from it. */
#include "tail_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "table.h"
#include "when.h"

#define LINE_MAX_BYTES (256 * 1024) /* a message with every byte escaped stays below */

static void write_change(struct buf *out, uint64_t n, int width)
{
    char text[32] = ".";

    if (n > 0)
        snprintf(text, sizeof text, "+%" PRIu64, n);
    buf_printf(out, "  %*s", width, text);
}

/* "/cart", "buy on /cart" for an event, "\"hello\" by bot" for a message, "\"SELECT 1\"
 * by db in 12 ms" for a query. */
static void write_sighting(struct buf *out, const struct sighting *e, bool first)
{
    bool is_message = sighting_is_message(e);

    buf_str(out, first ? "  " : ", ");
    if (e->name.n > 0 && !is_message) {
        buf_slice(out, e->name);
        buf_str(out, " on ");
    }
    buf_str(out, is_message ? "\"" : "");
    buf_slice(out, e->path);
    buf_str(out, is_message ? "\"" : "");
    if (e->name.n > 0 && is_message) {
        buf_str(out, " by ");
        buf_slice(out, e->name);
    }
    if (sighting_is_query(e))
        buf_printf(out, " in %" PRId64 " ms", e->ms);
}

static void write_sightings(const struct tail_print *p, struct buf *out,
                            const struct message *m)
{
    struct sighting e;
    size_t written = 0;

    for (size_t i = 0; message_event(m, i, &e); i++)
        if (filter_takes(p->filter, &e))
            write_sighting(out, &e, written++ == 0);
}

static void write_line(const struct tail_print *p, struct buf *out, const struct news *n)
{
    const struct message *m = &n->message;
    uint64_t unlisted = news_unlisted(n);

    if (p->site_width)
        buf_printf(out, "%-*.*s  ", p->site_width, (int)n->delta.site.n, n->delta.site.p);
    buf_printf(out, "%-8s  %11" PRIu64 "  %8" PRIu64, when_clock(m->at).s, m->visitors,
               m->views);
    write_change(out, m->new_visitors, 6);
    write_change(out, m->new_views, 6);
    write_change(out, m->new_events, 7);
    write_sightings(p, out, m);
    if (unlisted > 0 && filter_is_open(p->filter))
        buf_printf(out, "  (and %" PRIu64 " not listed)", unlisted);
    if (m->tick)
        buf_str(out, "  (the minute turned)");
}

void tail_print_head(const struct tail_print *p)
{
    if (p->json)
        return;
    printf("%s", term_bold(&p->term));
    if (p->site_width)
        printf("%-*s  ", p->site_width, "site");
    printf("%-8s  %11s  %8s  %6s  %6s  %7s  %s%s\n", "time", "visitors/5m", "views/5m",
           "+new", "+views", "+events", "what", term_plain(&p->term));
    fflush(stdout);
}

static void print_text(const struct tail_print *p, const struct news *n)
{
    struct buf line, shown;

    buf_init(&line, LINE_MAX_BYTES);
    buf_init(&shown, 4 * LINE_MAX_BYTES);
    write_line(p, &line, n);
    text_cut(&shown, buf_get(&line), p->term.width, p->term.utf8);
    printf("%.*s\n", (int)shown.n, shown.p);
    buf_fini(&shown);
    buf_fini(&line);
}

/* The message without the events that the filter leaves out. */
static void print_filtered(const struct tail_print *p, const struct news *n)
{
    json_t *message = json_copy(n->message.json), *events = json_array();
    struct sighting e;
    char *text;

    for (size_t i = 0; message_event(&n->message, i, &e); i++)
        if (filter_takes(p->filter, &e))
            json_array_append(events, json_array_get(n->message.events, i));
    json_object_set_new(message, "events", events);
    text = json_dumps(message, JSON_COMPACT);
    if (text)
        text_json(slice_of(text));
    free(text);
    json_decref(message);
}

void tail_print_message(const struct tail_print *p, const struct news *n,
                        struct slice text)
{
    if (!p->json)
        print_text(p, n);
    else if (filter_is_open(p->filter))
        text_json(text);
    else
        print_filtered(p, n);
    fflush(stdout);
}
