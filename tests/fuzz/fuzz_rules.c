/* Goals and alerts as an operator may have written them into Redis, by the readers of the
 * aggregator and of the command, which have to agree. One thing a line: FIELD=VALUE a
 * setting, @NAME=STATE how an alert stood, #N N N a look at the numbers a second later,
 * /... a page, {... a message of a change. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../aggregator/alerts.h"
#include "../../aggregator/goals.h"
#include "../../cli/alert_change.h"
#include "../../cli/setting.h"
#include "../../cli/site_alert.h"
#include "../../cli/site_print.h"
#include "../../proto/utf8.h"
#include "../text_list.h"

#define BEGAN INT64_C(1763812800000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

/* Takes what stands before the first @mark off @line, and that; all if there is none. */
static struct slice take_until(struct slice *line, char mark)
{
    const char *end = line->n > 0 ? memchr(line->p, mark, line->n) : NULL;
    struct slice before = {line->p, end ? (size_t)(end - line->p) : line->n};

    *line = slice_skip(*line, before.n + (end != NULL));
    return before;
}

/* ---- settings, for both readers ---------------------------------------------- */

static bool has_field(const struct text_list *l, struct slice field)
{
    for (size_t i = 0; i < l->n; i += 2)
        if (slice_eq(l->v[i], field))
            return true;
    return false;
}

/* As HGETALL lists them: fields and values in turns, each field once. */
static struct text_list take_settings(struct slice rest)
{
    struct text_list l = {NULL, 0};

    while (rest.n > 0) {
        struct slice value = take_line(&rest), field;

        if (value.n > 0 && memchr("@#/{", value.p[0], 4))
            continue;
        field = take_until(&value, '=');
        if (has_field(&l, field))
            continue;
        text_list_add(&l, field.p, field.n);
        text_list_add(&l, value.p, value.n);
    }
    return l;
}

static redisReply *reply_of(const struct text_list *l)
{
    redisReply *r = calloc(1, sizeof *r + l->n * sizeof *r), *text = r + 1;

    must(r != NULL);
    r->type = REDIS_REPLY_ARRAY;
    r->elements = l->n;
    r->element = calloc(l->n + 1, sizeof *r->element);
    must(r->element != NULL);
    for (size_t i = 0; i < l->n; i++) {
        text[i] = (redisReply){
            .type = REDIS_REPLY_STRING, .str = (char *)l->v[i].p, .len = l->v[i].n};
        r->element[i] = &text[i];
    }
    return r;
}

static void check_printed(const struct buf *out)
{
    struct slice rest = buf_get(out);
    uint32_t code;

    must(!out->full);
    while (rest.n > 0)
        must(utf8_next(&rest, &code) && (code == '\n' || !utf8_is_unsafe(code)));
}

/* What the command lists, as text for a terminal and parsed. */
static json_t *list(const redisReply *all, bool alerts)
{
    struct term term = {.utf8 = true};
    struct buf out;
    json_t *json;

    buf_init(&out, 1 << 20);
    for (int as_json = 0; as_json < 2; as_json++) {
        buf_clear(&out);
        if (alerts)
            site_alert_print(all, &term, as_json, &out);
        else
            site_print_settings(all, SETTING_GOAL, &term, as_json, &out);
        if (!as_json)
            check_printed(&out);
    }
    json = json_loadb(out.p, out.n, 0, NULL);
    must(json_is_array(json));
    buf_fini(&out);
    return json;
}

static bool is_text(const json_t *v, struct slice text)
{
    return slice_eq((struct slice){json_string_value(v), json_string_length(v)}, text);
}

/* ---- goals ------------------------------------------------------------------- */

/* As a pattern is explained, by trying everything. */
static bool matches(struct slice pattern, struct slice path)
{
    bool *at = calloc(path.n + 1, 1), found; /* the pattern so far takes so many bytes */

    must(at != NULL);
    at[0] = true;
    for (size_t i = 0; i < pattern.n; i++) {
        bool any = false;

        for (size_t k = 0; pattern.p[i] == '*' && k <= path.n; k++)
            at[k] = any |= at[k];
        for (size_t k = path.n + 1; pattern.p[i] != '*' && k-- > 0;)
            at[k] = k > 0 && at[k - 1] && path.p[k - 1] == pattern.p[i];
    }
    found = at[path.n];
    free(at);
    return found;
}

static void check_page(const struct goals *g, struct slice path)
{
    struct hit view = {.kind = HIT_VIEW, .path = path};
    struct hit event = {.kind = HIT_EVENT, .name = path};

    for (size_t i = 0; i < g->n; i++) {
        const struct goal *goal = g->goal[i];
        struct slice what = {goal->text + goal->name_n, goal->what_n};

        must(goal_is_reached(goal, &view) == (!goal->is_event && matches(what, path)));
        must(goal_is_reached(goal, &event) == (goal->is_event && slice_eq(what, path)));
    }
}

/* What the command lists the aggregator has, unless there are too many. It may have more:
 * patterns that no page and no event could ever reach. */
static void check_goals(const struct goals *g, const redisReply *all)
{
    json_t *listed = list(all, false);

    must(g->n <= GOALS_MAX && goals_bytes(g) <= GOALS_MAX * (sizeof(void *) + 600));
    for (size_t i = 1; i < g->n; i++)
        must(slice_cmp(goal_name(g->goal[i - 1]), goal_name(g->goal[i])) < 0);
    for (size_t i = 0, k = 0; g->n < GOALS_MAX && i < json_array_size(listed); i++, k++) {
        const json_t *name = json_object_get(json_array_get(listed, i), "name");

        while (k < g->n && !is_text(name, goal_name(g->goal[k])))
            k++;
        must(k < g->n);
    }
    json_decref(listed);
}

/* ---- alerts ------------------------------------------------------------------ */

static void check_rule(const struct alert *al, const json_t *listed)
{
    const char *side = al->rule.below ? "below" : "above";
    char text[ALERT_RULE_TEXT_MAX], err[512], number[3][16];
    struct site_alert_opts opts = {.of = alert_what_name(al->rule.what)};
    struct alert_rule again;

    must(is_text(json_object_get(listed, "name"), alert_name(al)));
    must(json_integer_value(json_object_get(listed, side)) == al->rule.limit);
    must(json_integer_value(json_object_get(listed, "back")) == al->rule.back);
    must(json_integer_value(json_object_get(listed, "for")) == al->rule.hold);
    must(is_text(json_object_get(listed, "of"), slice_of(opts.of)));
    alert_rule_text(&al->rule, text);
    must(alert_rule_read(&again, slice_of(text)));
    snprintf(number[0], sizeof number[0], "%u", al->rule.limit);
    snprintf(number[1], sizeof number[1], "%u", al->rule.back);
    snprintf(number[2], sizeof number[2], "%u", al->rule.hold);
    *(al->rule.below ? &opts.below : &opts.above) = number[0];
    opts.back = number[1];
    opts.hold = number[2];
    must(site_alert_rule(&opts, &again, err, sizeof err) == 0);
    must(again.limit == al->rule.limit && again.below == al->rule.below &&
         again.back == al->rule.back && again.hold == al->rule.hold &&
         again.what == al->rule.what);
}

/* The command lists just those that the aggregator looks at. */
static void check_alerts(const struct alerts *a, const redisReply *all)
{
    json_t *listed = list(all, true);
    size_t k = 0;

    for (size_t i = 0; i < a->n; i++)
        if (a->alert[i].defined)
            check_rule(&a->alert[i], json_array_get(listed, k++));
    must(k == json_array_size(listed) && k <= ALERTS_MAX);
    json_decref(listed);
}

/* What Redis is told is what the command hears and reads. */
static void check_told(const struct alert *al)
{
    struct alert_change heard, read;
    char text[ALERT_STATE_TEXT_MAX];
    struct buf line;

    if (al->state.at == 0)
        return;
    buf_init(&line, MESSAGE_MAX);
    alert_json(&line, SLICE("shop"), alert_name(al), &al->state);
    must(!line.full && alert_change_parse(&heard, buf_get(&line)) == 0);
    alert_state_text(&al->state, text);
    must(alert_change_read(&read, SLICE("shop"), alert_name(al), slice_of(text)) == 0);
    must(strcmp(heard.name, read.name) == 0 && heard.state.on == read.state.on &&
         heard.state.below == read.state.below && heard.state.what == read.state.what &&
         heard.state.limit == read.state.limit && heard.state.since == read.state.since &&
         heard.state.at == read.state.at && heard.state.value == read.state.value);
    buf_fini(&line);
}

static void check_bounds(const struct alerts *a)
{
    struct alert_on on[ALERTS_MAX];

    must(a->n <= ALERTS_KEPT_MAX && alerts_on(a, on) <= ALERTS_MAX);
    for (size_t i = 0; i < a->n; i++) {
        must(i == 0 ||
             slice_cmp(alert_name(&a->alert[i - 1]), alert_name(&a->alert[i])) < 0);
        check_told(&a->alert[i]);
    }
}

static void look(struct alerts *a, struct slice numbers, ms_t now)
{
    uint64_t value[ALERT_WHATS] = {0};

    for (size_t i = 0; i < ALERT_WHATS; i++) {
        struct slice word = take_until(&numbers, ' ');

        for (size_t k = 0; k < word.n && k < 15; k++)
            value[i] = value[i] * 10 + (uint64_t)(word.p[k] & 7);
    }
    if (alerts_look(a, value, now))
        must(alerts_dirty(a) && alerts_wait(a));
    for (size_t i = 0; i < a->n; i++) {
        must(!a->alert[i].over && (a->alert[i].defined || !a->alert[i].state.on));
        a->alert[i].inflight |= a->alert[i].dirty;
        a->alert[i].dirty = false;
    }
    alerts_told(a, now % 3 != 0);
}

/* One that is ours, of any text, is of plain names. */
static void check_message(struct slice text)
{
    struct alert_change c;

    if (alert_change_parse(&c, text) < 0)
        return;
    must(alert_name_valid(slice_of(c.name)) && site_valid(slice_of(c.site)));
    must(c.state.at > 0 && c.state.what < ALERT_WHATS);
}

/* ---- all --------------------------------------------------------------------- */

static void read_settings(const struct text_list *l, struct goals *g, struct alerts *a)
{
    goals_begin(g, SLICE("1"));
    alerts_begin(a);
    for (size_t i = 0; i < l->n; i += 2)
        must(
            !(goals_add(g, l->v[i], l->v[i + 1]) && alerts_add(a, l->v[i], l->v[i + 1])));
    for (size_t i = 0; i < l->n; i += 2)
        alerts_add(a, l->v[i], l->v[i + 1]);
    alerts_end(a);
}

static void take_other(struct slice line, struct goals *g, struct alerts *a, ms_t now)
{
    struct slice rest = line;

    if (line.n == 0)
        return;
    if (line.p[0] == '@') {
        rest = slice_skip(rest, 1);
        line = take_until(&rest, '=');
        alerts_restore(a, line, rest);
        check_bounds(a);
    } else if (line.p[0] == '#') {
        look(a, slice_skip(rest, 1), now);
        check_bounds(a);
    } else if (line.p[0] == '/') {
        check_page(g, line);
    } else if (line.p[0] == '{') {
        check_message(line);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct text_list l = take_settings(rest);
    redisReply *all = reply_of(&l);
    struct goals g;
    struct alerts a;

    goals_init(&g);
    alerts_init(&a);
    read_settings(&l, &g, &a);
    check_goals(&g, all);
    check_alerts(&a, all);
    for (ms_t now = BEGAN; rest.n > 0; now += 1000)
        take_other(take_line(&rest), &g, &a, now);
    read_settings(&l, &g, &a); /* all over again, over what went on */
    check_alerts(&a, all);
    check_bounds(&a);
    goals_fini(&g);
    alerts_fini(&a);
    free(all->element);
    free(all);
    text_list_free(&l);
    return 0;
}
