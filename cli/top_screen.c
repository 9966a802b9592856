/* Columns are taken in the order of their importance while the width lasts, and stand in
 * the order of the table. What is left of the width belongs to the names, then to the
 * bars. */
#include "top_screen.h"

#include <inttypes.h>
#include <stdio.h>
#include "when.h"

#define GAP 2
#define NAME_MIN 10
#define NAME_MAX_COLUMNS 24
#define BARS_MIN 10

enum column { ONLINE, ACTIVE, VISITORS, VIEWS, PEAK, COLUMNS };

static const struct {
    const char *head;
    unsigned width;
    unsigned rank; /* the lower the earlier it gets its place */
} columns[COLUMNS] = {
    [ONLINE] = {"online", 6, 0},     [ACTIVE] = {"active", 6, 2},
    [VISITORS] = {"visitors", 8, 1}, [VIEWS] = {"views", 6, 3},
    [PEAK] = {"peak", 6, 4},
};

struct layout {
    unsigned name, bars; /* columns */
    bool has[COLUMNS];
};

static struct layout layout_of(unsigned width)
{
    struct layout l = {0};
    unsigned used = NAME_MIN, spare;

    for (unsigned rank = 0; rank < COLUMNS; rank++)
        for (size_t i = 0; i < COLUMNS; i++)
            if (columns[i].rank == rank && used + GAP + columns[i].width <= width) {
                l.has[i] = true;
                used += GAP + columns[i].width;
            }
    spare = width > used ? width - used : 0;
    if (l.has[PEAK] && spare >= GAP + BARS_MIN) {
        l.bars = spare - GAP < TOP_MINUTES ? spare - GAP : TOP_MINUTES;
        spare -= GAP + l.bars;
    }
    l.name = NAME_MIN + spare;
    if (l.name > NAME_MAX_COLUMNS)
        l.name = NAME_MAX_COLUMNS;
    return l;
}

static uint64_t value_of(const struct top_site *s, size_t column)
{
    switch (column) {
    case ONLINE:
        return online_total(&s->online);
    case ACTIVE:
        return online_total(&s->online) - s->online.background;
    case VISITORS:
        return s->visitors;
    case VIEWS:
        return s->views;
    default:
        return s->peaks.day;
    }
}

void top_screen_bar(struct canvas *c, uint64_t v, uint64_t most, unsigned line,
                    unsigned lines)
{
    static const char *const blocks[] = {" ",
                                         "\xe2\x96\x81",
                                         "\xe2\x96\x82",
                                         "\xe2\x96\x83",
                                         "\xe2\x96\x84",
                                         "\xe2\x96\x85",
                                         "\xe2\x96\x86",
                                         "\xe2\x96\x87",
                                         "\xe2\x96\x88"};
    static const char *const ascii[] = {" ", ".", ".", ":", ":", "|", "|", "#", "#"};
    uint64_t eighths = most ? (uint64_t)((double)v / (double)most * 8 * lines) : 0;

    if (v > 0 && eighths == 0)
        eighths = 1;
    eighths = eighths > 8 * line ? eighths - 8 * line : 0;
    eighths = eighths < 8 ? eighths : 8;
    canvas_glyph(c, blocks[eighths], ascii[eighths]);
}

/* The newest minute stands at the right. */
static void draw_bars(const struct top_site *s, struct canvas *c, unsigned n)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < n; i++)
        most = s->bar[i].visitors > most ? s->bar[i].visitors : most;
    for (unsigned i = n; i-- > 0;)
        top_screen_bar(c, s->bar[i].visitors, most, 0, 1);
}

static void draw_heads(const struct layout *l, struct canvas *c)
{
    canvas_style(c, STYLE_BOLD);
    canvas_text(c, SLICE("site"));
    canvas_to(c, l->name);
    for (size_t i = 0; i < COLUMNS; i++)
        if (l->has[i])
            canvas_right(c, c->column + GAP + columns[i].width,
                         slice_of(columns[i].head));
    if (l->bars) {
        canvas_to(c, c->column + GAP);
        canvas_printf(c, "last %u min", l->bars);
    }
    canvas_line(c);
}

static void draw_name(const struct top_model *m, uint32_t number, const struct layout *l,
                      struct canvas *c)
{
    c->right = l->name < c->width ? l->name : c->width;
    canvas_text(c, roster_name(&m->roster, number));
    c->right = c->width;
    canvas_to(c, l->name);
}

static void draw_site(const struct top_model *m, size_t place, const struct layout *l,
                      struct canvas *c)
{
    uint32_t number = m->order[place];
    const struct top_site *s = &m->site[number];
    char text[24];

    canvas_style(c, place == m->position ? STYLE_REVERSE
                    : m->away            ? STYLE_DIM
                                         : STYLE_PLAIN);
    draw_name(m, number, l, c);
    for (size_t i = 0; i < COLUMNS; i++) {
        if (!l->has[i])
            continue;
        snprintf(text, sizeof text, "%" PRIu64, value_of(s, i));
        canvas_right(c, c->column + GAP + columns[i].width,
                     slice_of(s->is_read ? text : "?"));
    }
    if (l->bars) {
        canvas_to(c, c->column + GAP);
        draw_bars(s, c, s->is_read ? l->bars : 0);
    }
    canvas_to(c, place == m->position ? c->width : 0);
    canvas_line(c);
}

void top_screen_header(const struct top_model *m, struct canvas *c, const char *left)
{
    struct when now = when_clock(m->wall);

    canvas_style(c, m->away || m->paused ? STYLE_REVERSE : STYLE_BOLD);
    if (m->away)
        canvas_printf(c, "Redis is away since %s, numbers are of then: %s",
                      when_clock(m->away_since).s, m->why);
    else if (m->paused)
        canvas_printf(c, "paused, numbers are of %s: %s", when_clock(m->paused_at).s,
                      left);
    else
        canvas_printf(c, "%s", left);
    canvas_style(c, STYLE_PLAIN);
    if (canvas_columns_left(c) > strlen(now.s) + GAP)
        canvas_right(c, c->width, slice_of(now.s));
    canvas_line(c);
}

void top_screen_keys(const struct top_model *m, struct canvas *c, const char *keys)
{
    canvas_down(c, 1);
    if (m->typing) {
        canvas_printf(c, "name has: %s_   (Enter keeps, Esc clears)", m->filter);
    } else {
        canvas_style(c, STYLE_DIM);
        canvas_printf(c, "%s", keys);
    }
    canvas_line(c);
}

static void draw_list_header(const struct top_model *m, struct canvas *c)
{
    uint64_t online = 0;
    char text[320];
    int n;

    for (size_t i = 0; i < m->shown; i++)
        online += online_total(&m->site[m->order[i]].online);
    n = snprintf(text, sizeof text, "%zu site%s, %" PRIu64 " online, by %s", m->shown,
                 m->shown == 1 ? "" : "s", online, top_sort_name(m->sort));
    if (m->filter[0] && !m->typing)
        n +=
            snprintf(text + n, sizeof text - (size_t)n, ", names with \"%s\"", m->filter);
    if (m->roster.refused > 0)
        snprintf(text + n, sizeof text - (size_t)n, ", and more that are not shown");
    top_screen_header(m, c, text);
}

static void draw_list(const struct top_model *m, struct canvas *c)
{
    struct layout l = layout_of(c->width);
    size_t end = m->scroll + top_model_rows(m);

    draw_list_header(m, c);
    draw_heads(&l, c);
    if (m->shown == 0)
        canvas_text(c, m->filter[0] ? SLICE("No site has that in its name.")
                                    : SLICE("No site yet: none has had hits lately."));
    for (size_t i = m->scroll; i < m->shown && i < end; i++)
        draw_site(m, i, &l, c);
    top_screen_keys(m, c, "q quit  Enter open  s sort  / filter  p pause  ? help");
}

static void draw_help(const struct top_model *m, struct canvas *c)
{
    static const char *const lines[] = {
        "Enter     open the site that is marked",
        "Esc, q    back; from the list: end",
        "up, k     the site above",
        "down, j   the site below",
        "PgUp PgDn a page",
        "g, G      first and last",
        "s         sort by online, visitors, views, name",
        "/         only names that have a text in them",
        "p         pause, and go on",
        "",
        "online    visitors with a tab open",
        "active    of those, with it in front",
        "visitors  distinct, of the last 5 minutes",
        "views     of the last 5 minutes",
        "peak      most online at once today (UTC)",
        "last min  visitors a minute, the running one last",
    };

    top_screen_header(m, c, "headcount top");
    for (size_t i = 0; i < sizeof lines / sizeof *lines && canvas_rows_left(c) > 1; i++) {
        canvas_printf(c, "%s", lines[i]);
        canvas_line(c);
    }
    top_screen_keys(m, c, "any key goes back");
}

void top_screen(const struct top_model *m, const struct term *term, struct buf *out)
{
    struct canvas c;

    canvas_init(&c, out, term, m->width, m->height);
    if (m->help)
        draw_help(m, &c);
    else if (m->opened >= 0)
        top_screen_site(m, &c);
    else
        draw_list(m, &c);
    canvas_down(&c, 0);
}
