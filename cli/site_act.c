/* Doing again what is done already is no error for add, badge on and badge off; taking
 * out what is not there is answered no, and so is a name that is taken. */
#include "site_act.h"

#include <stdio.h>
#include "../proto/json.h"
#include "site_print.h"

/* Streams that are open end now if they may not go on; those of a collector that does not
 * hear of it end with their time (STREAM_LIFE_MS). What was to be done is done. */
static void tell_collectors(struct site *s)
{
    if (site_store_tell(&s->store, s->order.site) == STORE_FAILED)
        complain("collectors were not told, streams that are open may go on for some "
                 "minutes: %s",
                 s->store.why);
}

/* {"site":"shop","changed":true} or the sentence. */
static enum command_exit tell(struct site *s, bool is_changed, const char *sentence)
{
    struct json j;

    if (!s->opts.json) {
        buf_printf(&s->out, "%.*s: %s\n", (int)s->order.site.n, s->order.site.p,
                   sentence);
        return EXIT_FINE;
    }
    json_init(&j, &s->out);
    json_begin_object(&j);
    json_key(&j, "site");
    json_slice(&j, s->order.site);
    json_key(&j, "changed");
    json_bool(&j, is_changed);
    json_end(&j);
    buf_str(&s->out, "\n");
    return EXIT_FINE;
}

enum command_exit site_unreachable(const struct site *s)
{
    complain("Redis at %s did not do it: %s", s->opts.dial.redis, s->store.why);
    return EXIT_UNREACHABLE;
}

static enum command_exit refuse(const struct site *s, const char *what, const char *why)
{
    complain("%.*s: %s %s %s", (int)s->order.site.n, s->order.site.p, what, s->order.name,
             why);
    return EXIT_NO;
}

static enum command_exit tell_token(struct site *s)
{
    struct json j;

    if (!s->opts.json) {
        complain("the token is shown only this once");
        buf_printf(&s->out, "%s\n", s->token);
        return EXIT_FINE;
    }
    json_init(&j, &s->out);
    json_begin_object(&j);
    json_key(&j, "site");
    json_slice(&j, s->order.site);
    json_key(&j, "name");
    json_str(&j, s->order.name);
    json_key(&j, "scope");
    json_str(&j, s->opts.scope ? s->opts.scope : "read");
    json_key(&j, "token");
    json_str(&j, s->token);
    json_end(&j);
    buf_str(&s->out, "\n");
    return EXIT_FINE;
}

/* ---- what is done -------------------------------------------------------- */

static enum command_exit list(struct site *s, const struct term *term)
{
    struct site_index sites;

    if (site_store_list(&s->store, &sites) != STORE_DONE)
        return site_unreachable(s);
    site_print_list(&sites, term, s->opts.json, &s->out);
    site_index_fini(&sites);
    return EXIT_FINE;
}

static enum command_exit add(struct site *s)
{
    switch (site_store_name(&s->store, s->order.site)) {
    case STORE_DONE:
        return tell(s, true, "added");
    case STORE_SAME:
        return tell(s, false, "is there already");
    default:
        return site_unreachable(s);
    }
}

/* The aggregator has the totals of a site in use and writes them again. */
static void warn_of_hits(struct site *s)
{
    ms_t live;

    if (s->opts.data && site_store_live(&s->store, s->order.site, &live) == STORE_DONE &&
        live > 0)
        complain("%.*s had hits lately: its totals may be written again; see POST "
                 "/sites/SITE/reset",
                 (int)s->order.site.n, s->order.site.p);
}

static enum command_exit forget(struct site *s)
{
    switch (site_store_forget(&s->store, s->order.site, s->opts.data)) {
    case STORE_DONE:
        warn_of_hits(s);
        tell_collectors(s);
        return tell(s, true, "removed");
    case STORE_SAME:
        complain("%.*s: nothing is set of it", (int)s->order.site.n, s->order.site.p);
        return EXIT_NO;
    default:
        return site_unreachable(s);
    }
}

static enum command_exit show(struct site *s, const char *prefix, const struct term *term)
{
    redisReply *all = site_store_read(&s->store, s->order.site);

    if (all == NULL)
        return site_unreachable(s);
    if (s->order.verb == ALERT_LIST)
        site_alert_print(all, term, s->opts.json, &s->out);
    else
        site_print_settings(all, prefix, term, s->opts.json, &s->out);
    freeReplyObject(all);
    return EXIT_FINE;
}

static enum command_exit add_setting(struct site *s, const char *what, const char *prefix,
                                     size_t max)
{
    const char *added = s->order.verb == ALERT_ADD ? "alert added" : "goal added";

    if (site_store_name(&s->store, s->order.site) == STORE_FAILED)
        return site_unreachable(s);
    if (s->order.verb == ALERT_ADD &&
        site_store_alerted(&s->store, s->order.site) == STORE_FAILED)
        return site_unreachable(s);
    switch (site_store_add(&s->store, s->order.site, &s->setting, prefix, max)) {
    case STORE_DONE:
        if (s->order.verb == ALERT_ADD) /* another may have removed the last one */
            site_store_alerted(&s->store, s->order.site);
        return s->order.verb == TOKEN_ADD ? tell_token(s) : tell(s, true, added);
    case STORE_SAME:
        return refuse(s, what, "is there already; remove it first");
    case STORE_FULL:
        return refuse(s, what, "would be one too many");
    default:
        return site_unreachable(s);
    }
}

static enum command_exit rm_setting(struct site *s, const char *what, const char *prefix)
{
    char field[SETTING_FIELD_MAX];
    enum store_result result;

    snprintf(field, sizeof field, "%s%s", prefix, s->order.name);
    result = site_store_rm(&s->store, s->order.site, field);
    if (s->order.verb == ALERT_RM && result != STORE_FAILED &&
        site_store_no_alerts(&s->store, s->order.site) == STORE_FAILED)
        return site_unreachable(s);
    switch (result) {
    case STORE_DONE:
        if (s->order.verb == TOKEN_RM)
            tell_collectors(s);
        return tell(s, true, "removed");
    case STORE_SAME:
        return refuse(s, what, "is not there");
    default:
        return site_unreachable(s);
    }
}

static enum command_exit set_badge(struct site *s, bool on)
{
    enum store_result result;

    if (on && site_store_name(&s->store, s->order.site) == STORE_FAILED)
        return site_unreachable(s);
    result = site_store_badge(&s->store, s->order.site, on);
    if (result == STORE_FAILED)
        return site_unreachable(s);
    return tell(s, result == STORE_DONE, on ? "badge on" : "badge off");
}

static bool has_badge(const redisReply *all)
{
    for (size_t i = 0; i + 1 < all->elements; i += 2)
        if (strcmp(all->element[i]->str, SETTING_BADGE) == 0)
            return strcmp(all->element[i + 1]->str, "1") == 0;
    return false;
}

static enum command_exit show_badge(struct site *s)
{
    redisReply *all = site_store_read(&s->store, s->order.site);
    bool on;

    if (all == NULL)
        return site_unreachable(s);
    on = has_badge(all);
    freeReplyObject(all);
    if (s->opts.json)
        buf_printf(&s->out, "{\"badge\":%s}\n", on ? "true" : "false");
    else
        tell(s, false, on ? "badge on" : "badge off");
    return EXIT_FINE;
}

static enum command_exit set_visibility(struct site *s, bool closed)
{
    enum store_result result;

    if (closed && site_store_name(&s->store, s->order.site) == STORE_FAILED)
        return site_unreachable(s);
    result = site_store_close(&s->store, s->order.site, closed);
    if (result == STORE_FAILED)
        return site_unreachable(s);
    tell_collectors(s);
    return tell(s, result == STORE_DONE,
                closed ? "visibility token" : "visibility public");
}

static bool is_closed(const redisReply *all)
{
    for (size_t i = 0; i + 1 < all->elements; i += 2)
        if (strcmp(all->element[i]->str, SETTING_READ) == 0)
            return visibility_is_closed(
                (struct slice){all->element[i + 1]->str, all->element[i + 1]->len});
    return false;
}

static enum command_exit show_visibility(struct site *s)
{
    redisReply *all = site_store_read(&s->store, s->order.site);
    bool closed;

    if (all == NULL)
        return site_unreachable(s);
    closed = is_closed(all);
    freeReplyObject(all);
    if (s->opts.json)
        buf_printf(&s->out, "{\"visibility\":\"%s\"}\n",
                   closed ? READ_TOKEN : READ_PUBLIC);
    else
        tell(s, false, closed ? "visibility token" : "visibility public");
    return EXIT_FINE;
}

/* A token that nobody has seen is of no use, but opens the door all the same. */
enum command_exit site_unsay(struct site *s)
{
    char field[SETTING_FIELD_MAX];

    if (s->order.verb != TOKEN_ADD || s->out.n == 0)
        return EXIT_NO;
    snprintf(field, sizeof field, SETTING_TOKEN "%s", s->order.name);
    if (site_store_rm(&s->store, s->order.site, field) == STORE_FAILED)
        return site_unreachable(s);
    complain("%.*s: token %s was taken back", (int)s->order.site.n, s->order.site.p,
             s->order.name);
    return EXIT_NO;
}

enum command_exit site_act(struct site *s)
{
    struct term term = term_of(stdout);

    switch (s->order.verb) {
    case SITE_LIST:
        return list(s, &term);
    case SITE_ADD:
        return add(s);
    case SITE_RM:
        return forget(s);
    case TOKEN_LIST:
        return show(s, SETTING_TOKEN, &term);
    case TOKEN_ADD:
        return add_setting(s, "token", SETTING_TOKEN, TOKENS_MAX);
    case TOKEN_RM:
        return rm_setting(s, "token", SETTING_TOKEN);
    case BADGE_SHOW:
        return show_badge(s);
    case BADGE_ON:
        return set_badge(s, true);
    case BADGE_OFF:
        return set_badge(s, false);
    case VISIBILITY_SHOW:
        return show_visibility(s);
    case VISIBILITY_PUBLIC:
        return set_visibility(s, false);
    case VISIBILITY_TOKEN:
        return set_visibility(s, true);
    case GOAL_LIST:
        return show(s, SETTING_GOAL, &term);
    case GOAL_ADD:
        return add_setting(s, "goal", SETTING_GOAL, GOALS_MAX);
    case GOAL_RM:
        return rm_setting(s, "goal", SETTING_GOAL);
    case ALERT_LIST:
        return show(s, SETTING_ALERT, &term);
    case ALERT_ADD:
        return add_setting(s, "alert", SETTING_ALERT, ALERTS_MAX);
    case ALERT_RM:
        return rm_setting(s, "alert", SETTING_ALERT);
    }
    return EXIT_USAGE;
}
