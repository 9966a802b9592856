/* The site that is open: who is on it, the last 30 minutes, pages and feed.
 *
 * A screen of 20 lines and more has bars of several lines; a small one has one line of
 * them. Pages and feed share what is left, side by side where there is the width. */
#include "top_screen.h"

#include <inttypes.h>
#include <stdio.h>
#include "when.h"

#define TALL 20       /* lines from which on bars have several */
#define WIDE 70       /* columns from which on pages and feed stand side by side */
#define LABEL_WIDTH 9 /* "visitors " in front of flat bars: 40 columns hold them */

static void draw_online(const struct top_site *s, struct canvas *c)
{
    const struct online *o = &s->online;

    canvas_style(c, STYLE_BOLD);
    canvas_printf(c, "online %" PRIu64, online_total(o));
    canvas_style(c, STYLE_PLAIN);
    canvas_printf(c,
                  "  writing %" PRIu64 "  reading %" PRIu64 "  idle %" PRIu64
                  "  background %" PRIu64 "  tabs %" PRIu64,
                  o->writing, o->reading, o->idle, o->background, o->tabs);
    canvas_line(c);
}

static void draw_totals(const struct top_site *s, struct canvas *c)
{
    canvas_printf(c, "5 min: visitors %" PRIu64 "  views %" PRIu64, s->visitors,
                  s->views);
    if (s->peaks.day > 0)
        canvas_printf(c, "  most online today %" PRIu64 " at %s", s->peaks.day,
                      when_minute(s->peaks.day_at).s);
    if (s->peaks.all > 0)
        canvas_printf(c, "  ever %" PRIu64, s->peaks.all);
    if (s->flags & DELTA_CAPPED)
        canvas_text(c, SLICE("  capped: there are more"));
    if (s->flags & DELTA_LOADING)
        canvas_text(c, SLICE("  being read back"));
    canvas_line(c);
}

/* ---- bars ---------------------------------------------------------------- */

static uint64_t bar_of(const struct top_site *s, unsigned i, bool views)
{
    return views ? s->bar[i].views : s->bar[i].visitors;
}

static uint64_t most_of(const struct top_site *s, bool views)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < TOP_MINUTES; i++)
        if (bar_of(s, i, views) > most)
            most = bar_of(s, i, views);
    return most;
}

static void draw_bar_line(const struct top_site *s, bool views, unsigned line,
                          unsigned lines, unsigned step, struct canvas *c)
{
    uint64_t most = most_of(s, views);

    for (unsigned i = TOP_MINUTES; i-- > 0;) {
        top_screen_bar(c, bar_of(s, i, views), most, line, lines);
        canvas_to(c, c->column + (i > 0 ? step - 1 : 0));
    }
}

static void draw_tall(const struct top_site *s, bool views, unsigned lines, unsigned step,
                      struct canvas *c)
{
    canvas_style(c, STYLE_DIM);
    canvas_printf(c, "%s a minute, at most %" PRIu64 ", now %" PRIu64,
                  views ? "views" : "visitors", most_of(s, views), bar_of(s, 0, views));
    canvas_line(c);
    for (unsigned line = lines; line-- > 0;) {
        draw_bar_line(s, views, line, lines, step, c);
        canvas_line(c);
    }
}

/* Under the bars: when the first minute was, and which one runs. */
static void draw_axis(const struct top_site *s, unsigned step, struct canvas *c)
{
    unsigned last = (TOP_MINUTES - 1) * step + 1;
    struct when now = when_minute(minute_start(s->minute));

    canvas_style(c, STYLE_DIM);
    canvas_printf(c, "%s", when_minute(minute_start(s->minute - TOP_MINUTES + 1)).s);
    canvas_right(c, last, slice_of(now.s));
    canvas_text(c, SLICE("+ running"));
    canvas_line(c);
}

static void draw_flat(const struct top_site *s, bool views, struct canvas *c)
{
    canvas_text(c, views ? SLICE("views") : SLICE("visitors"));
    canvas_to(c, LABEL_WIDTH);
    draw_bar_line(s, views, 0, 1, 1, c);
    canvas_text(c, SLICE("+"));
    canvas_line(c);
}

static void draw_minutes(const struct top_site *s, struct canvas *c)
{
    unsigned step = c->width >= WIDE ? 2 : 1;

    if (c->height < TALL) {
        draw_flat(s, false, c);
        draw_flat(s, true, c);
        return;
    }
    draw_tall(s, false, 3, step, c);
    draw_tall(s, true, 2, step, c);
    draw_axis(s, step, c);
}

/* ---- pages and feed ------------------------------------------------------ */

/* Line @i of the pages; 0 is the head. */
static void draw_page(const struct top_open *o, unsigned i, struct canvas *c)
{
    const struct top_page *p = i > 0 && i <= o->npages ? &o->page[i - 1] : NULL;

    if (i == 0) {
        canvas_style(c, STYLE_BOLD);
        canvas_text(c, SLICE("online  5 min  page"));
        canvas_style(c, STYLE_PLAIN);
    } else if (p) {
        canvas_printf(c, "%6" PRIu64 "  %5" PRIu64 "  ", p->online, p->visitors);
        canvas_text(c, slice_of(p->path));
    } else if (i == 1) {
        canvas_text(c, o->is_read ? SLICE("nobody on any page") : SLICE("not read yet"));
    }
}

/* Line @i of the feed; 0 is the head. */
static void draw_event(const struct top_open *o, unsigned i, struct canvas *c)
{
    const struct top_event *e = i ? top_open_event(o, i - 1) : NULL;

    if (i == 0) {
        canvas_style(c, STYLE_BOLD);
        canvas_text(c, SLICE("feed"));
        canvas_style(c, STYLE_PLAIN);
    }
    if (e == NULL)
        return;
    canvas_printf(c, "%s ", when_clock(e->at).s);
    if (e->is_message) {
        if (e->name[0]) {
            canvas_text(c, slice_of(e->name));
            canvas_text(c, SLICE(": "));
        }
    } else if (!e->is_view) {
        canvas_text(c, slice_of(e->name));
        canvas_text(c, SLICE(" on "));
    }
    canvas_text(c, slice_of(e->path));
}

static void draw_beside(const struct top_open *o, struct canvas *c)
{
    unsigned half = c->width / 2;

    for (unsigned i = 0; canvas_rows_left(c) > 1; i++) {
        c->right = half - 1;
        draw_page(o, i, c);
        c->right = c->width;
        canvas_to(c, half);
        draw_event(o, i, c);
        canvas_line(c);
    }
}

/* Pages get half of the lines, or fewer if there are not as many. */
static void draw_stacked(const struct top_open *o, struct canvas *c)
{
    unsigned lines = canvas_rows_left(c) > 1 ? canvas_rows_left(c) - 1 : 0;
    unsigned wanted = (o->npages ? (unsigned)o->npages : 1) + 1;
    unsigned pages = wanted < lines / 2 ? wanted : lines / 2;

    for (unsigned i = 0; i < pages; i++) {
        draw_page(o, i, c);
        canvas_line(c);
    }
    for (unsigned i = 0; i < lines - pages; i++) {
        draw_event(o, i, c);
        canvas_line(c);
    }
}

void top_screen_site(const struct top_model *m, struct canvas *c)
{
    const struct top_site *s = &m->site[m->opened];

    top_screen_header(m, c, m->roster.name[m->opened]);
    if (s->is_read) {
        draw_online(s, c);
        draw_totals(s, c);
        draw_minutes(s, c);
        if (c->width >= WIDE)
            draw_beside(&m->open, c);
        else
            draw_stacked(&m->open, c);
    } else {
        canvas_text(c, SLICE("not read yet"));
    }
    top_screen_keys(m, c, "q back  p pause  ? help");
}
