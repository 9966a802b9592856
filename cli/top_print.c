/* Names of sites are ASCII, so printf aligns them. A site that could not be read has no
 * numbers here either. */
#include "top_print.h"

#include <inttypes.h>
#include "../proto/json.h"

static int name_width(const struct top_model *m)
{
    size_t width = strlen("site");

    for (size_t i = 0; i < m->shown; i++) {
        size_t n = strlen(m->roster.name[m->order[i]]);

        width = n > width ? n : width;
    }
    return (int)width;
}

void top_print_table(const struct top_model *m, const struct term *term, struct buf *out)
{
    int width = name_width(m);

    buf_printf(out, "%s%-*s  %6s  %6s  %11s  %8s  %10s%s\n", term_bold(term), width,
               "site", "online", "active", "visitors/5m", "views/5m", "peak today",
               term_plain(term));
    for (size_t i = 0; i < m->shown; i++) {
        const struct top_site *s = &m->site[m->order[i]];
        const char *name = m->roster.name[m->order[i]];
        uint64_t online = online_total(&s->online);

        if (s->is_read)
            buf_printf(out,
                       "%-*s  %6" PRIu64 "  %6" PRIu64 "  %11" PRIu64 "  %8" PRIu64
                       "  %10" PRIu64 "\n",
                       width, name, online, online - s->online.background, s->visitors,
                       s->views, s->peaks.day);
        else
            buf_printf(out, "%-*s  %6s  %6s  %11s  %8s  %10s\n", width, name, "?", "?",
                       "?", "?", "?");
    }
}

static void put(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_u64(j, v);
}

static void put_history(struct json *j, const struct top_site *s)
{
    json_key(j, "peak");
    json_begin_object(j);
    put(j, "day", s->peaks.day);
    put(j, "dayAt", (uint64_t)s->peaks.day_at);
    put(j, "all", s->peaks.all);
    put(j, "allAt", (uint64_t)s->peaks.all_at);
    json_end(j);
    json_key(j, "total");
    json_begin_object(j);
    put(j, "views", s->total.views);
    put(j, "visits", s->total.visits);
    put(j, "since", (uint64_t)s->total.since);
    json_end(j);
}

static void put_list(struct json *j, const struct top_site *s, bool views)
{
    json_key(j, views ? "views" : "visitors");
    json_begin_array(j);
    for (unsigned i = TOP_MINUTES; i-- > 0;)
        json_u64(j, views ? s->bar[i].views : s->bar[i].visitors);
    json_end(j);
}

static void put_minutes(struct json *j, const struct top_site *s)
{
    json_key(j, "minutes");
    json_begin_object(j);
    put(j, "from", (uint64_t)minute_start(s->minute - TOP_MINUTES + 1));
    put_list(j, s, false);
    put_list(j, s, true);
    json_end(j);
}

static void put_site(struct json *j, const struct top_model *m, uint32_t number)
{
    const struct top_site *s = &m->site[number];

    json_begin_object(j);
    json_key(j, "site");
    json_slice(j, roster_name(&m->roster, number));
    if (s->is_read) {
        online_json(j, &s->online);
        put(j, "visitors", s->visitors);
        put(j, "views", s->views);
        put_history(j, s);
        put_minutes(j, s);
    }
    json_end(j);
}

void top_print_json(const struct top_model *m, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "t");
    json_i64(&j, m->wall + m->ahead);
    json_key(&j, "sites");
    json_begin_array(&j);
    for (size_t i = 0; i < m->shown; i++)
        put_site(&j, m, m->order[i]);
    json_end(&j);
    json_end(&j);
    buf_str(out, "\n");
}
