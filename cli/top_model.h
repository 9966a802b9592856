/* top_model: everything that `headcount top` shows: sites, how they are sorted and
 * filtered, which is chosen or open, whether Redis is there. Pure: what happens comes in
 * as reads, messages, keys and times; what should be read is asked for. */
#ifndef HC_TOP_MODEL_H
#define HC_TOP_MODEL_H

#include "news.h"
#include "roster.h"
#include "top_open.h"
#include "top_site.h"

enum top_sort { TOP_BY_ONLINE, TOP_BY_VISITORS, TOP_BY_VIEWS, TOP_BY_NAME };
#define TOP_SORTS 4

/* "online", "visitors", "views", "name". Static strings. */
const char *top_sort_name(enum top_sort sort);

#define TOP_WHY_MAX 256

struct top_model {
    unsigned width, height; /* of the screen */
    ms_t wall;
    mono_t now;
    ms_t ahead; /* how far the clock of Redis is ahead of wall */

    struct roster roster;
    struct top_site *site; /* by the roster's numbers, as many as the roster's cap */
    size_t reading;        /* where the search for the next read begins */
    size_t outstanding;    /* reads asked for */

    enum top_sort sort;
    char filter[SITE_MAX + 1]; /* part of a name; "" takes all */
    bool typing;               /* a filter */

    uint32_t *order; /* numbers of the sites shown, made by top_model_arrange */
    size_t shown;
    int chosen;      /* a site's number, -1: nobody has chosen yet */
    size_t position; /* of it in order, else 0 */
    size_t scroll;   /* first place of order on the screen */

    int opened; /* a site's number, -1: the list is shown */
    struct top_open open;

    bool away; /* Redis; numbers are of away_since */
    ms_t away_since;
    char why[TOP_WHY_MAX];
    bool paused;
    ms_t paused_at;
    bool help;
    bool quit;
};

void top_model_init(struct top_model *m, enum top_sort sort, const char *filter);
void top_model_fini(struct top_model *m);

/* ---- what comes in ------------------------------------------------------- */

void top_model_time(struct top_model *m, ms_t wall, mono_t now);
void top_model_resize(struct top_model *m, unsigned width, unsigned height);

/* There is a site of this name. Returns its number, -1 when it is no site id, or there
 * are too many already (roster.refused). */
int top_model_site(struct top_model *m, struct slice site);

/* The site with @number was read, NULL: what lies there makes no sense. */
void top_model_read(struct top_model *m, int number, const struct summary *s);
void top_model_message(struct top_model *m, struct slice site, const struct news *n);

/* Redis went away, having last been heard of @silence ms ago; or is back. */
void top_model_away(struct top_model *m, const char *why, mono_t silence);
void top_model_here(struct top_model *m);

/* A key of keystroke.h; top_keys.c. */
void top_model_key(struct top_model *m, int key);

/* ---- what goes out ------------------------------------------------------- */

/* The site that should be read next, with the pages of how many minutes; then it counts
 * as asked for. Returns false when there is none. */
bool top_model_next_read(struct top_model *m, int *number, unsigned *minutes);

/* Whether all sites known are read. */
bool top_model_is_complete(const struct top_model *m);

/* Brings order, chosen and scroll up to date, before drawing. */
void top_model_arrange(struct top_model *m);

/* Lines of the list that fit on the screen. */
unsigned top_model_rows(const struct top_model *m);

#endif
