/* While it is paused, messages only mark their site for reading: then one read for each
 * brings all up to date. */
#include "top_model.h"

#include <stdio.h>
#include <stdlib.h>

#define LINES_AROUND 3 /* header, head of the columns, keys */

const char *top_sort_name(enum top_sort sort)
{
    static const char *const names[TOP_SORTS] = {"online", "visitors", "views", "name"};

    return names[sort];
}

void top_model_init(struct top_model *m, enum top_sort sort, const char *filter)
{
    *m = (struct top_model){
        .width = 80, .height = 24, .sort = sort, .chosen = -1, .opened = -1};
    snprintf(m->filter, sizeof m->filter, "%s", filter ? filter : "");
}

void top_model_fini(struct top_model *m)
{
    roster_fini(&m->roster);
    free(m->site);
    free(m->order);
}

/* ---- what comes in ------------------------------------------------------- */

static minute_t running_minute(const struct top_model *m)
{
    ms_t there = m->wall + m->ahead;

    return there > 0 ? minute_of(there) : 0;
}

/* Bars move on, also those of sites nobody tells of; the open one is read again, because
 * hits may have come late. */
static void turn(struct top_model *m)
{
    minute_t minute = running_minute(m);
    minute_t before = m->opened >= 0 ? m->site[m->opened].minute : minute;

    for (size_t i = 0; i < m->roster.n; i++)
        if (m->site[i].is_read)
            top_site_turn(&m->site[i], minute);
    if (before < minute)
        top_site_want(&m->site[m->opened], m->now);
}

void top_model_time(struct top_model *m, ms_t wall, mono_t now)
{
    m->wall = wall;
    m->now = now;
    if (m->away || m->paused)
        return;
    turn(m);
    for (size_t i = 0; i < m->roster.n; i++)
        if (top_site_is_silent(&m->site[i], now))
            top_site_want(&m->site[i], now);
}

void top_model_resize(struct top_model *m, unsigned width, unsigned height)
{
    m->width = width;
    m->height = height;
}

static void grow(struct top_model *m, size_t before)
{
    m->site = realloc(m->site, m->roster.cap * sizeof *m->site);
    m->order = realloc(m->order, m->roster.cap * sizeof *m->order);
    if (m->site == NULL || m->order == NULL)
        abort();
    memset(m->site + before, 0, (m->roster.cap - before) * sizeof *m->site);
}

int top_model_site(struct top_model *m, struct slice site)
{
    size_t n = m->roster.n, cap = m->roster.cap;
    int number = roster_add(&m->roster, site);

    if (m->roster.cap > cap)
        grow(m, cap);
    if (m->roster.n > n)
        top_site_want(&m->site[number], m->now);
    return number;
}

void top_model_read(struct top_model *m, int number, const struct summary *s)
{
    struct top_site *site = &m->site[number];

    m->outstanding--;
    if (s == NULL) { /* perhaps better later; its messages are shown */
        site->asked = false;
        top_site_want(site, m->now + TOP_SILENT_MS);
        return;
    }
    m->ahead = s->as_of - m->wall;
    top_site_read(site, s, m->now);
    if (number == m->opened && s->minutes > 1)
        top_open_read(&m->open, s);
    else if (number == m->opened) /* it was opened while its read was on the way */
        top_site_want(site, m->now);
}

void top_model_message(struct top_model *m, struct slice site, const struct news *n)
{
    int number = top_model_site(m, site);

    if (number < 0)
        return;
    if (m->paused) {
        top_site_want(&m->site[number], m->now);
        return;
    }
    if (top_site_message(&m->site[number], &n->delta, m->now) && number == m->opened)
        top_open_message(&m->open, &n->delta, &n->message);
}

void top_model_away(struct top_model *m, const char *why, mono_t silence)
{
    if (!m->away)
        m->away_since = m->wall - silence;
    m->away = true;
    snprintf(m->why, sizeof m->why, "%s", why);
    for (size_t i = 0; i < m->roster.n; i++)
        m->site[i].asked = false;
    m->outstanding = 0;
}

void top_model_here(struct top_model *m)
{
    m->away = false;
    for (size_t i = 0; i < m->roster.n; i++)
        top_site_want(&m->site[i], m->now);
}

/* ---- what goes out ------------------------------------------------------- */

static bool is_due(const struct top_model *m, size_t i)
{
    const struct top_site *s = &m->site[i];

    return s->wanted && !s->asked && s->due <= m->now;
}

static bool next_due(struct top_model *m, int *number)
{
    if (m->opened >= 0 && is_due(m, (size_t)m->opened)) {
        *number = m->opened;
        return true;
    }
    for (size_t n = m->roster.n; n > 0; n--) {
        if (m->reading >= m->roster.n)
            m->reading = 0;
        if (is_due(m, m->reading)) {
            *number = (int)m->reading++;
            return true;
        }
        m->reading++;
    }
    return false;
}

bool top_model_next_read(struct top_model *m, int *number, unsigned *minutes)
{
    if (m->away || m->paused || !next_due(m, number))
        return false;
    *minutes = *number == m->opened ? MINUTES_DEFAULT : 1;
    top_site_asked(&m->site[*number]);
    m->outstanding++;
    return true;
}

bool top_model_is_complete(const struct top_model *m)
{
    for (size_t i = 0; i < m->roster.n; i++)
        if (m->site[i].asked || is_due(m, i))
            return false;
    return true;
}

static bool passes(const struct top_model *m, size_t i)
{
    return strstr(m->roster.name[i], m->filter) != NULL;
}

static uint64_t measure(const struct top_model *m, uint32_t i)
{
    const struct top_site *s = &m->site[i];

    switch (m->sort) {
    case TOP_BY_ONLINE:
        return online_total(&s->online);
    case TOP_BY_VISITORS:
        return s->visitors;
    case TOP_BY_VIEWS:
        return s->views;
    case TOP_BY_NAME:
        break;
    }
    return 0;
}

/* The most first; equal ones by name. */
static int compare(const void *a, const void *b, void *model)
{
    const struct top_model *m = model;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    uint64_t p = measure(m, x), q = measure(m, y);

    if (p != q)
        return p > q ? -1 : 1;
    return strcmp(m->roster.name[x], m->roster.name[y]);
}

/* The site that is chosen stays so wherever it moves; when it is gone its place is. Until
 * somebody chooses it is the first, whichever that is. */
static void keep_chosen(struct top_model *m)
{
    if (m->chosen < 0) {
        m->position = 0;
        return;
    }
    for (size_t i = 0; i < m->shown; i++)
        if ((int)m->order[i] == m->chosen) {
            m->position = i;
            return;
        }
    if (m->position >= m->shown)
        m->position = m->shown ? m->shown - 1 : 0;
    m->chosen = m->shown ? (int)m->order[m->position] : -1;
}

static void keep_in_sight(struct top_model *m)
{
    size_t rows = top_model_rows(m);

    if (m->scroll + rows > m->shown)
        m->scroll = m->shown > rows ? m->shown - rows : 0;
    if (m->position < m->scroll)
        m->scroll = m->position;
    if (m->position >= m->scroll + rows)
        m->scroll = m->position - rows + 1;
}

void top_model_arrange(struct top_model *m)
{
    m->shown = 0;
    for (size_t i = 0; i < m->roster.n; i++)
        if (passes(m, i))
            m->order[m->shown++] = (uint32_t)i;
    if (m->shown > 0)
        qsort_r(m->order, m->shown, sizeof *m->order, compare, m);
    keep_chosen(m);
    keep_in_sight(m);
}

unsigned top_model_rows(const struct top_model *m)
{
    return m->height > LINES_AROUND + 1 ? m->height - LINES_AROUND : 1;
}
