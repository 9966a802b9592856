/* Lists of sites may be longer than a table (table.h), but their names are plain ASCII of
 * a bounded length, so printf aligns them. Goals hold paths and names, which need more
 * care; of them there are few. */
#include "site_print.h"

#include <stdlib.h>
#include "../proto/json.h"
#include "table.h"
#include "when.h"

static void list_json(const struct site_index *list, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_array(&j);
    for (size_t i = 0; i < list->roster.n; i++) {
        uint32_t at = list->roster.sorted[i];
        const struct site_index_row *row = &list->row[at];

        json_begin_object(&j);
        json_key(&j, "site");
        json_slice(&j, roster_name(&list->roster, at));
        json_key(&j, "named");
        json_bool(&j, row->named);
        json_key(&j, "lastCommit");
        if (row->live > 0)
            json_i64(&j, row->live);
        else
            json_none(&j);
        json_key(&j, "badge");
        json_bool(&j, row->badge);
        json_key(&j, "visibility");
        json_str(&j, row->closed ? READ_TOKEN : READ_PUBLIC);
        json_key(&j, "tokens");
        json_u64(&j, row->tokens);
        json_key(&j, "goals");
        json_u64(&j, row->goals);
        json_key(&j, "origins");
        json_u64(&j, row->origins);
        json_key(&j, "privacy");
        json_str(&j, row->heeds ? PRIVACY_HEED : PRIVACY_OFF);
        json_end(&j);
    }
    json_end(&j);
    buf_str(out, "\n");
}

static int name_width(const struct roster *r)
{
    size_t width = strlen("site");

    for (size_t i = 0; i < r->n; i++)
        if (strlen(r->name[i]) > width)
            width = strlen(r->name[i]);
    return (int)width;
}

static void list_text(const struct site_index *list, const struct term *term,
                      struct buf *out)
{
    int width = name_width(&list->roster);

    buf_printf(out, "%s%-*s  %-5s  %-5s  %-6s  %6s  %5s  %s%s\n", term_bold(term), width,
               "site", "named", "badge", "read", "tokens", "goals", "last hit",
               term_plain(term));
    for (size_t i = 0; i < list->roster.n; i++) {
        uint32_t at = list->roster.sorted[i];
        const struct site_index_row *row = &list->row[at];

        buf_printf(out, "%-*s  %-5s  %-5s  %-6s  %6zu  %5zu  %s\n", width,
                   list->roster.name[at], row->named ? "yes" : "no",
                   row->badge ? "on" : "off", row->closed ? READ_TOKEN : READ_PUBLIC,
                   row->tokens, row->goals,
                   row->live > 0 ? when_minute(row->live).s : "-");
    }
}

void site_print_list(const struct site_index *list, const struct term *term, bool json,
                     struct buf *out)
{
    if (json)
        list_json(list, out);
    else if (list->roster.n == 0)
        buf_str(out, "No site has been named, and none had hits lately.\n");
    else
        list_text(list, term, out);
}

/* ---- tokens and goals ---------------------------------------------------- */

struct settings {
    size_t n;
    struct setting_read v[TOKENS_MAX > GOALS_MAX ? TOKENS_MAX : GOALS_MAX];
};

static int by_name(const void *a, const void *b)
{
    const struct setting_read *x = a, *y = b;

    return slice_cmp(x->name, y->name);
}

/* Those of the prefix, as many as there may be. */
static void gather(struct settings *s, const redisReply *all, const char *prefix)
{
    s->n = 0;
    for (size_t i = 0; i + 1 < all->elements && s->n < sizeof s->v / sizeof *s->v;
         i += 2) {
        struct slice field = {all->element[i]->str, all->element[i]->len};
        struct slice value = {all->element[i + 1]->str, all->element[i + 1]->len};

        s->n += setting_read(&s->v[s->n], prefix, field, value);
    }
    qsort(s->v, s->n, sizeof *s->v, by_name);
}

static void settings_json(const struct settings *s, bool goals, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_array(&j);
    for (size_t i = 0; i < s->n; i++) {
        json_begin_object(&j);
        json_key(&j, "name");
        json_slice(&j, s->v[i].name);
        if (goals)
            json_key_slice(&j, s->v[i].kind); /* "path" or "event" */
        else
            json_key(&j, "scope");
        json_slice(&j, goals ? s->v[i].what : s->v[i].kind);
        json_end(&j);
    }
    json_end(&j);
    buf_str(out, "\n");
}

static void settings_text(const struct settings *s, bool goals, const struct term *term,
                          struct buf *out)
{
    static const struct table_column token_columns[] = {{"token", TABLE_LEFT},
                                                        {"scope", TABLE_LEFT}};
    static const struct table_column goal_columns[] = {
        {"goal", TABLE_LEFT}, {"kind", TABLE_LEFT}, {"reached by", TABLE_LEFT}};
    struct table t;

    table_init(&t, goals ? goal_columns : token_columns, goals ? 3 : 2);
    for (size_t i = 0; i < s->n; i++) {
        table_text(&t, s->v[i].name);
        table_text(&t, s->v[i].kind);
        if (goals)
            table_text(&t, s->v[i].what);
    }
    table_write(&t, term, out);
    table_fini(&t);
}

void site_print_settings(const redisReply *all, const char *prefix,
                         const struct term *term, bool json, struct buf *out)
{
    bool goals = strcmp(prefix, SETTING_GOAL) == 0;
    struct settings s;

    gather(&s, all, prefix);
    if (json)
        settings_json(&s, goals, out);
    else if (s.n == 0)
        buf_str(out, goals ? "No goals.\n" : "No tokens.\n");
    else
        settings_text(&s, goals, term, out);
}

/* ---- origins ------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;

    return slice_cmp(*x, *y);
}

static void origins_json(const struct slice *origin, size_t n, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_array(&j);
    for (size_t i = 0; i < n; i++)
        json_slice(&j, origin[i]);
    json_end(&j);
    buf_str(out, "\n");
}

void site_print_origins(const redisReply *all, bool json, struct buf *out)
{
    struct slice origin[ORIGINS_MAX] = {0};
    size_t n = 0;

    for (size_t i = 0; i + 1 < all->elements && n < ORIGINS_MAX; i += 2)
        n += setting_origin_read(
            (struct slice){all->element[i]->str, all->element[i]->len}, &origin[n]);
    qsort(origin, n, sizeof *origin, by_text);
    if (json)
        origins_json(origin, n, out);
    else if (n == 0)
        buf_str(out, "Pages of any origin may send.\n");
    else
        for (size_t i = 0; i < n; i++)
            buf_printf(out, "%.*s\n", (int)origin[i].n, origin[i].p);
}
