/* Every page is made when it is asked for, from counters brought up to date just before:
 * an operator asks seldom, and old numbers mislead. */
#include "admin_pages.h"

#include "../json.h"
#include "../limits.h"
#include "../metrics.h"
#include "../process.h"

#define TEXT "text/plain; charset=utf-8"

struct page {
    struct admin_reply reply;
    struct buf body;
};

static size_t tables_of(struct admin *a, struct counters_table *tables)
{
    size_t n = a->env.tables(a->env.arg, tables);

    tables[n++] = admin_table(a);
    return n;
}

static void write_metrics(struct admin *a, const struct admin_request *r, struct page *p)
{
    enum metrics_format format = metrics_choose(r->accept);
    struct counters_table tables[ADMIN_TABLES_MAX];
    struct process_counters process;
    size_t n = tables_of(a, tables);

    tables[n++] = process_measure(&process);
    metrics_write(&p->body, format, a->env.program, tables, n);
    p->reply.type = metrics_type(format);
}

/* Counters beyond what every reader of JSON takes exactly stay there. */
static void write_table(struct json *j, const struct counters_table *t)
{
    for (size_t i = 0; i < t->nrows; i++) {
        uint64_t value = counters_value(t->values, i);

        json_key(j, t->rows[i].name);
        json_u64(j, value < JSON_INTEGER_MAX ? value : JSON_INTEGER_MAX);
    }
}

static void write_counters(struct admin *a, const struct admin_request *r, struct page *p)
{
    struct counters_table tables[ADMIN_TABLES_MAX];
    size_t n = tables_of(a, tables);
    struct json j;

    (void)r;
    json_init(&j, &p->body);
    json_begin_object(&j);
    json_key(&j, "program");
    json_str(&j, a->env.program);
    json_key(&j, "version");
    json_str(&j, HC_VERSION);
    json_key(&j, "uptime_seconds");
    json_u64(&j, (uv_now(a->listener.loop) - a->opened) / 1000);
    json_key(&j, "counters");
    json_begin_object(&j);
    for (size_t t = 0; t < n; t++)
        write_table(&j, &tables[t]);
    json_end(&j);
    json_end(&j);
    buf_str(&p->body, "\n");
    p->reply.type = "application/json";
}

static void write_alive(struct admin *a, const struct admin_request *r, struct page *p)
{
    (void)a;
    (void)r;
    buf_str(&p->body, "ok\n");
}

static void write_ready(struct admin *a, const struct admin_request *r, struct page *p)
{
    (void)r;
    a->env.unready(a->env.arg, &p->body);
    if (p->body.n > 0)
        p->reply.status = 503;
    else
        buf_str(&p->body, "ok\n");
}

static const struct route {
    const char *path;
    void (*write)(struct admin *a, const struct admin_request *r, struct page *p);
} routes[] = {
    {"/metrics", write_metrics},
    {"/counters", write_counters},
    {"/livez", write_alive},
    {"/readyz", write_ready},
};

static const struct route *find(struct slice path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (slice_eq(path, slice_of(routes[i].path)))
            return &routes[i];
    return NULL;
}

static void refuse(struct page *p, int status, const char *text)
{
    p->reply.status = status;
    buf_str(&p->body, text);
}

int admin_pages_answer(struct admin *a, const struct admin_request *r, struct buf *out)
{
    struct page p = {.reply = {.status = 200, .type = TEXT}};
    const struct route *route = find(r->path);
    bool bodiless = slice_eq(r->method, SLICE("HEAD"));

    buf_init(&p.body, ADMIN_ANSWER_MAX);
    if (route == NULL)
        refuse(&p, 404, "here are /metrics, /counters, /livez and /readyz\n");
    else if (!bodiless && !slice_eq(r->method, SLICE("GET")))
        refuse(&p, 405, "GET or HEAD\n");
    else
        route->write(a, r, &p);
    if (p.body.full) { /* half a page is worse than none */
        buf_clear(&p.body);
        refuse(&p, 500, "too much to tell\n");
    }
    p.reply.body = buf_get(&p.body);
    admin_http_write(out, &p.reply, bodiless);
    buf_fini(&p.body);
    return p.reply.status;
}
