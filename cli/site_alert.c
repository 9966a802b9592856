/* What is not given is derived: the number is who is online, BACK a tenth within, and no
 * time has to pass. */
#include "site_alert.h"

#include <stdio.h>
#include <stdlib.h>
#include "../proto/flat.h"
#include "table.h"

/* Returns 0, or -1 with a sentence. */
static int read_number(const char *option, const char *text, uint32_t max, uint32_t *v,
                       char *err, size_t err_n)
{
    uint64_t number;

    if (!flat_parse(slice_of(text), max, &number)) {
        snprintf(err, err_n, "--%s \"%s\" is no whole number from 0 to %u", option, text,
                 max);
        return -1;
    }
    *v = (uint32_t)number;
    return 0;
}

static int check_back(const struct alert_rule *r, char *err, size_t err_n)
{
    if (alert_rule_valid(r))
        return 0;
    if (!r->below && r->limit == 0)
        snprintf(err, err_n, "--above needs at least 1: nothing is below 0");
    else
        snprintf(err, err_n, "--back has to be %s --%s %u", r->below ? "above" : "below",
                 r->below ? "below" : "above", r->limit);
    return -1;
}

int site_alert_rule(const struct site_alert_opts *o, struct alert_rule *r, char *err,
                    size_t err_n)
{
    const char *side = o->below ? "below" : "above";
    const char *limit = o->below ? o->below : o->above;

    *r = (struct alert_rule){.below = o->below != NULL};
    if (!o->above == !o->below) {
        snprintf(err, err_n, "an alert needs either --above or --below");
        return -1;
    }
    if (o->of && !alert_what_of(slice_of(o->of), &r->what)) {
        snprintf(err, err_n, "--of \"%s\" is none of online, current and views", o->of);
        return -1;
    }
    if (read_number(side, limit, ALERT_LIMIT_MAX, &r->limit, err, err_n) < 0)
        return -1;
    r->back = alert_back(r->below, r->limit);
    if (o->back &&
        read_number("back", o->back, 2 * ALERT_LIMIT_MAX, &r->back, err, err_n) < 0)
        return -1;
    if (o->hold &&
        read_number("for", o->hold, ALERT_HOLD_MAX_S, &r->hold, err, err_n) < 0)
        return -1;
    return check_back(r, err, err_n);
}

/* ---- the list -------------------------------------------------------------- */

struct named_rule {
    struct slice name;
    struct alert_rule rule;
};

struct rules {
    size_t n;
    struct named_rule v[ALERTS_MAX];
};

static int by_name(const void *a, const void *b)
{
    const struct named_rule *x = a, *y = b;

    return slice_cmp(x->name, y->name);
}

static void gather(struct rules *rules, const redisReply *all)
{
    rules->n = 0;
    for (size_t i = 0; i + 1 < all->elements && rules->n < ALERTS_MAX; i += 2) {
        struct slice field = {all->element[i]->str, all->element[i]->len};
        struct slice value = {all->element[i + 1]->str, all->element[i + 1]->len};
        struct named_rule *r = &rules->v[rules->n];

        if (!slice_starts(field, SLICE(FIELD_ALERT)))
            continue;
        r->name = slice_skip(field, strlen(FIELD_ALERT));
        rules->n += alert_name_valid(r->name) && alert_rule_read(&r->rule, value);
    }
    qsort(rules->v, rules->n, sizeof *rules->v, by_name);
}

static void print_json(const struct rules *rules, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_array(&j);
    for (size_t i = 0; i < rules->n; i++) {
        const struct alert_rule *r = &rules->v[i].rule;

        json_begin_object(&j);
        json_key(&j, "name");
        json_slice(&j, rules->v[i].name);
        json_key(&j, r->below ? "below" : "above");
        json_u64(&j, r->limit);
        json_key(&j, "of");
        json_str(&j, alert_what_name(r->what));
        json_key(&j, "back");
        json_u64(&j, r->back);
        json_key(&j, "for");
        json_u64(&j, r->hold);
        json_end(&j);
    }
    json_end(&j);
    buf_str(out, "\n");
}

static void print_text(const struct rules *rules, const struct term *term,
                       struct buf *out)
{
    static const struct table_column columns[] = {
        {"alert", TABLE_LEFT}, {"of", TABLE_LEFT},       {"on", TABLE_LEFT},
        {"off", TABLE_LEFT},   {"after s", TABLE_RIGHT},
    };
    struct table t;

    table_init(&t, columns, 5);
    for (size_t i = 0; i < rules->n; i++) {
        const struct alert_rule *r = &rules->v[i].rule;

        table_text(&t, rules->v[i].name);
        table_text(&t, slice_of(alert_what_name(r->what)));
        table_printf(&t, "%s %u", r->below ? "<=" : ">=", r->limit);
        table_printf(&t, "%s %u", r->below ? ">=" : "<=", r->back);
        table_u64(&t, r->hold);
    }
    table_write(&t, term, out);
    table_fini(&t);
}

void site_alert_print(const redisReply *all, const struct term *term, bool json,
                      struct buf *out)
{
    struct rules rules;

    gather(&rules, all);
    if (json)
        print_json(&rules, out);
    else if (rules.n == 0)
        buf_str(out, "No alerts.\n");
    else
        print_text(&rules, term, out);
}
