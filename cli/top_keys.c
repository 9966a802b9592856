/* What keys do to the model: in the list, in a site that is open, while a filter is
 * typed. Most of it is moving one line; the rest are switches. */
#include "top_model.h"

#include "keystroke.h"

static void open_chosen(struct top_model *m)
{
    if (m->shown == 0)
        return;
    m->chosen = m->opened = (int)m->order[m->position];
    top_open_clear(&m->open);
    top_site_want(&m->site[m->opened], m->now);
}

static void move(struct top_model *m, long by)
{
    long to = (long)m->position + by, last = (long)m->shown - 1;

    if (m->shown == 0)
        return;
    to = to < 0 ? 0 : to > last ? last : to;
    m->chosen = (int)m->order[to];
    m->position = (size_t)to;
}

static void pause_or_go_on(struct top_model *m)
{
    m->paused = !m->paused;
    m->paused_at = m->wall;
}

static void type(struct top_model *m, int key)
{
    size_t n = strlen(m->filter);

    if (key == KEY_ENTER || key == KEY_ESCAPE)
        m->typing = false;
    if (key == KEY_ESCAPE)
        m->filter[0] = '\0';
    else if (key == KEY_BACKSPACE && n > 0)
        m->filter[n - 1] = '\0';
    else if (key > ' ' && key < 0x7f && n + 1 < sizeof m->filter)
        m->filter[n] = (char)key;
}

static void on_list_key(struct top_model *m, int key)
{
    long page = top_model_rows(m), all = (long)m->shown;
    long by = key == KEY_UP || key == 'k'     ? -1
              : key == KEY_DOWN || key == 'j' ? 1
              : key == KEY_PAGE_UP            ? -page
              : key == KEY_PAGE_DOWN          ? page
              : key == KEY_HOME || key == 'g' ? -all
              : key == KEY_END || key == 'G'  ? all
                                              : 0;

    if (by != 0)
        move(m, by);
    else if (key == KEY_ENTER)
        open_chosen(m);
    else if (key == 's')
        m->sort = (m->sort + 1) % TOP_SORTS;
    else if (key == '/')
        m->typing = true;
    else if (key == KEY_ESCAPE && m->filter[0])
        m->filter[0] = '\0';
    else if (key == 'q' || key == KEY_ESCAPE)
        m->quit = true;
}

static void on_site_key(struct top_model *m, int key)
{
    if (key == 'q' || key == KEY_ESCAPE || key == KEY_BACKSPACE)
        m->opened = -1;
}

void top_model_key(struct top_model *m, int key)
{
    if (m->typing)
        type(m, key);
    else if (m->help)
        m->help = false;
    else if (key == '?')
        m->help = true;
    else if (key == 'p')
        pause_or_go_on(m);
    else if (m->opened >= 0)
        on_site_key(m, key);
    else
        on_list_key(m, key);
}
