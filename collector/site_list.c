/* An array that is sorted: it is made anew at most once a second. */
#include "site_list.h"

#include <stdlib.h>
#include "../proto/hit.h"

#define CAP_FIRST 64

struct slice site_row_name(const struct site_row *row)
{
    return (struct slice){row->name, row->name_n};
}

static int by_name(const void *a, const void *b)
{
    return slice_cmp(site_row_name(a), site_row_name(b));
}

static int by_rank(const void *a, const void *b)
{
    const struct site_row *x = a, *y = b;

    if (x->online != y->online)
        return x->online > y->online ? -1 : 1;
    if (x->current != y->current)
        return x->current > y->current ? -1 : 1;
    return by_name(a, b);
}

static void sort(struct site_list *l, int (*order)(const void *, const void *))
{
    if (l->n > 0)
        qsort(l->row, l->n, sizeof *l->row, order);
}

void site_list_fini(struct site_list *l)
{
    free(l->row);
    *l = (struct site_list){0};
}

void site_list_add(struct site_list *l, struct slice name)
{
    struct site_row *row;

    if (!site_valid(name))
        return;
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : CAP_FIRST;
        if ((l->row = realloc(l->row, l->cap * sizeof *l->row)) == NULL)
            abort();
    }
    row = &l->row[l->n++];
    *row = (struct site_row){.name_n = (uint8_t)name.n};
    memcpy(row->name, name.p, name.n);
}

void site_list_unite(struct site_list *l)
{
    size_t kept = 0;

    sort(l, by_name);
    for (size_t i = 0; i < l->n; i++)
        if (kept == 0 || by_name(&l->row[kept - 1], &l->row[i]) != 0)
            l->row[kept++] = l->row[i];
    l->n = kept;
}

static void drop_closed(struct site_list *l)
{
    size_t kept = 0;

    for (size_t i = 0; i < l->n; i++)
        if (!l->row[i].closed)
            l->row[kept++] = l->row[i];
    l->n = kept;
}

void site_list_cut(struct site_list *l)
{
    if (l->n <= SITES_LISTED_MAX)
        return;
    drop_closed(l);
    if (l->n <= SITES_LISTED_MAX)
        return;
    sort(l, by_rank);
    l->n = SITES_LISTED_MAX;
    l->more = true;
}

static void tell_series(struct site_row *row, const struct summary *s)
{
    row->now = s->now;
    row->minutes = s->window < SITE_MINUTES ? s->window : SITE_MINUTES;
    for (unsigned i = 0; i < row->minutes; i++)
        row->series[i] = (uint32_t)s->row[i].uniques;
}

void site_list_tell(struct site_row *row, const struct summary *s)
{
    struct summary_window now = summary_window(s, MINUTES_DEFAULT);

    row->told = true;
    row->states = s->online;
    row->online = online_total(&s->online);
    row->current = now.visitors;
    row->views = now.views;
    row->last30 = summary_window(s, SITE_MINUTES).visitors;
    row->at = s->at;
    row->demo = s->demo;
    tell_series(row, s);
}

/* Numbers alone, for a list has many rows; `minute` says which the last is of. */
static void write_series(struct json *j, const struct site_row *row)
{
    json_key(j, "minute");
    json_i64(j, minute_start(row->now));
    json_key(j, "series");
    json_begin_array(j);
    for (unsigned i = row->minutes; i-- > 0;)
        json_u64(j, row->series[i]);
    json_end(j);
}

static void write_row(struct json *j, const struct site_row *row)
{
    json_begin_object(j);
    json_key(j, "site");
    json_slice(j, site_row_name(row));
    online_json(j, &row->states);
    json_key(j, "current");
    json_u64(j, row->current);
    json_key(j, "pageViews");
    json_u64(j, row->views);
    json_key(j, "last30");
    json_u64(j, row->last30);
    json_key(j, "t");
    if (row->at > 0)
        json_i64(j, row->at);
    else
        json_none(j);
    write_series(j, row);
    if (row->demo) {
        json_key(j, "demo");
        json_bool(j, true);
    }
    json_end(j);
}

uint64_t site_list_json(struct site_list *l, ms_t as_of, struct buf *out)
{
    uint64_t online = 0;
    struct json j;

    sort(l, by_rank);
    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "asOf");
    json_i64(&j, as_of);
    json_key(&j, "sites");
    json_begin_array(&j);
    for (size_t i = 0; i < l->n; i++) {
        if (!l->row[i].told)
            continue;
        write_row(&j, &l->row[i]);
        online += l->row[i].online;
    }
    json_end(&j);
    if (l->more) {
        json_key(&j, "more");
        json_bool(&j, true);
    }
    json_end(&j);
    buf_slice(out, SLICE("\n"));
    return online;
}
