/* Texts of words and whole numbers with one blank between two. */
#include "alert.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include "flat.h"

static const char *const what_names[ALERT_WHATS] = {"online", "current", "views"};

bool alert_name_valid(struct slice name)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    for (size_t i = 0; i < name.n; i++)
        if (!memchr(alphabet, name.p[i], sizeof alphabet - 1))
            return false;
    return name.n > 0 && name.n <= SETTING_NAME_MAX;
}

const char *alert_what_name(uint8_t what)
{
    assert(what < ALERT_WHATS);
    return what_names[what];
}

bool alert_what_of(struct slice name, uint8_t *what)
{
    for (unsigned i = 0; i < ALERT_WHATS; i++)
        if (slice_eq(name, slice_of(what_names[i]))) {
            *what = (uint8_t)i;
            return true;
        }
    return false;
}

bool alert_rule_valid(const struct alert_rule *r)
{
    return r->what < ALERT_WHATS && r->limit <= ALERT_LIMIT_MAX &&
           r->back <= 2 * ALERT_LIMIT_MAX && r->hold <= ALERT_HOLD_MAX_S &&
           (r->below ? r->back > r->limit : r->back < r->limit);
}

uint32_t alert_back(bool below, uint32_t limit)
{
    uint32_t tenth = limit < 10 ? 1 : limit / 10;

    if (below)
        return limit + tenth;
    return limit < tenth ? 0 : limit - tenth;
}

/* ---- texts --------------------------------------------------------------- */

/* Takes what stands before the next blank, and that. */
static struct slice take_word(struct slice *text)
{
    const char *blank = text->n > 0 ? memchr(text->p, ' ', text->n) : NULL;
    struct slice word = {text->p, blank ? (size_t)(blank - text->p) : text->n};

    *text = slice_skip(*text, blank ? word.n + 1 : word.n);
    return word;
}

static bool take_number(struct slice *text, uint64_t max, uint64_t *v)
{
    return flat_parse(take_word(text), max, v);
}

/* One of two words; *@second says which. */
static bool take_either(struct slice *text, const char *first, const char *second,
                        bool *is_second)
{
    struct slice word = take_word(text);

    *is_second = slice_eq(word, slice_of(second));
    return *is_second || slice_eq(word, slice_of(first));
}

void alert_rule_text(const struct alert_rule *r, char text[ALERT_RULE_TEXT_MAX])
{
    assert(alert_rule_valid(r));
    snprintf(text, ALERT_RULE_TEXT_MAX, "%s %s %" PRIu32 " %" PRIu32 " %" PRIu32,
             r->below ? "below" : "above", alert_what_name(r->what), r->limit, r->back,
             r->hold);
}

bool alert_rule_read(struct alert_rule *r, struct slice text)
{
    uint64_t limit, back, hold;

    if (!take_either(&text, "above", "below", &r->below) ||
        !alert_what_of(take_word(&text), &r->what) ||
        !take_number(&text, UINT32_MAX, &limit) ||
        !take_number(&text, UINT32_MAX, &back) ||
        !take_number(&text, UINT32_MAX, &hold) || text.n > 0)
        return false;
    r->limit = (uint32_t)limit;
    r->back = (uint32_t)back;
    r->hold = (uint32_t)hold;
    return alert_rule_valid(r);
}

void alert_state_text(const struct alert_state *s, char text[ALERT_STATE_TEXT_MAX])
{
    snprintf(text, ALERT_STATE_TEXT_MAX,
             "%s %s %s %" PRIu32 " %" PRId64 " %" PRId64 " %" PRIu64,
             s->on ? "on" : "off", s->below ? "below" : "above", alert_what_name(s->what),
             s->limit, s->since, s->at, s->value);
}

bool alert_state_read(struct alert_state *s, struct slice text)
{
    uint64_t limit, since, at;

    if (!take_either(&text, "off", "on", &s->on) ||
        !take_either(&text, "above", "below", &s->below) ||
        !alert_what_of(take_word(&text), &s->what) ||
        !take_number(&text, ALERT_LIMIT_MAX, &limit) ||
        !take_number(&text, EPOCH_MAX, &since) || !take_number(&text, EPOCH_MAX, &at) ||
        !take_number(&text, JSON_INTEGER_MAX, &s->value) || text.n > 0)
        return false;
    s->limit = (uint32_t)limit;
    s->since = (ms_t)since;
    s->at = (ms_t)at;
    return at > 0;
}

/* ---- JSON ---------------------------------------------------------------- */

static void write_member(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    json_str(j, text);
}

void alert_list_json(struct json *j, const struct alert_on *on, size_t n,
                     const uint64_t value[ALERT_WHATS])
{
    json_key(j, "alerts");
    json_begin_array(j);
    for (size_t i = 0; i < n; i++) {
        json_begin_object(j);
        json_key(j, "name");
        json_slice(j, on[i].name);
        write_member(j, "of", alert_what_name(on[i].state.what));
        write_member(j, "kind", on[i].state.below ? "below" : "above");
        json_key(j, "value");
        json_u64(j, value[on[i].state.what]);
        json_key(j, "limit");
        json_u64(j, on[i].state.limit);
        json_key(j, "since");
        json_i64(j, on[i].state.since);
        json_end(j);
    }
    json_end(j);
}

void alert_json(struct buf *out, struct slice site, struct slice name,
                const struct alert_state *s)
{
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "site");
    json_slice(&j, site);
    json_key(&j, "name");
    json_slice(&j, name);
    write_member(&j, "kind", s->below ? "below" : "above");
    write_member(&j, "of", alert_what_name(s->what));
    json_key(&j, "on");
    json_bool(&j, s->on);
    json_key(&j, "value");
    json_u64(&j, s->value);
    json_key(&j, "limit");
    json_u64(&j, s->limit);
    json_key(&j, "since");
    json_i64(&j, s->since);
    json_key(&j, "at");
    json_i64(&j, s->at);
    json_end(&j);
}
