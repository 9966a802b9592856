/* Doing again what is done already is no error for add and for choices; taking
 * out what is not there is answered no, and so is a name that is taken. */
#include "site_act.h"

#include <stdio.h>
#include "../proto/json.h"
#include "site_choice.h"
#include "site_print.h"

/* What counts changes now, and streams that are open end now if they may not go on; at a
 * collector that does not hear of it with its next look (REGISTER_READ_MS), and with the
 * time of the streams (STREAM_LIFE_MS). What was to be done is done. */
void site_tell_collectors(struct site *s)
{
    if (site_store_tell(&s->store, s->order.site) == STORE_FAILED)
        complain("collectors were not told: what counts changes within half a minute, "
                 "streams that are open may go on for some minutes: %s",
                 s->store.why);
}

/* {"site":"shop","changed":true} or the sentence. */
enum command_exit site_tell(struct site *s, bool is_changed, const char *sentence)
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

/* Adds the origins of the options. STORE_SAME: they are all there. After STORE_FULL
 * s->setting is the one too many. */
static enum store_result add_origins(struct site *s)
{
    enum store_result result = STORE_SAME;

    for (size_t i = 0; i < s->opts.origins.n; i++) {
        enum store_result one;

        setting_origin(&s->setting, s->opts.origins.v[i]); /* was checked */
        one = site_store_add(&s->store, s->order.site, &s->setting, SETTING_ORIGIN,
                             ORIGINS_MAX);
        if (one == STORE_FAILED || one == STORE_FULL)
            return one;
        if (one == STORE_DONE)
            result = one;
    }
    return result;
}

static enum command_exit add(struct site *s)
{
    enum store_result named = site_store_name(&s->store, s->order.site), origins;

    if (named == STORE_FAILED)
        return site_unreachable(s);
    origins = add_origins(s);
    site_tell_collectors(s);
    if (origins == STORE_FAILED)
        return site_unreachable(s);
    if (origins == STORE_FULL) {
        s->order.name = s->setting.field + sizeof SETTING_ORIGIN - 1;
        return refuse(s, "origin", "would be one too many");
    }
    return site_tell(s, named == STORE_DONE || origins == STORE_DONE,
                     named == STORE_DONE     ? "added"
                     : origins == STORE_DONE ? "origin added"
                                             : "is there already");
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
        site_tell_collectors(s);
        return site_tell(s, true, "removed");
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
    else if (s->order.verb == ORIGIN_LIST)
        site_print_origins(all, s->opts.json, &s->out);
    else
        site_print_settings(all, prefix, term, s->opts.json, &s->out);
    freeReplyObject(all);
    return EXIT_FINE;
}

/* Adds s->setting. Who sets something of a site means it: the site is named, too. */
static enum command_exit add_setting(struct site *s, const char *what, const char *prefix,
                                     size_t max)
{
    bool is_alert = s->order.verb == ALERT_ADD;
    enum store_result named = site_store_name(&s->store, s->order.site), result;
    char added[32];

    if (named == STORE_FAILED)
        return site_unreachable(s);
    if (is_alert && site_store_alerted(&s->store, s->order.site) == STORE_FAILED)
        return site_unreachable(s);
    result = site_store_add(&s->store, s->order.site, &s->setting, prefix, max);
    if (named == STORE_DONE || (s->order.verb == ORIGIN_ADD && result == STORE_DONE))
        site_tell_collectors(s);
    snprintf(added, sizeof added, "%s added", what);
    switch (result) {
    case STORE_DONE:
        if (is_alert) /* another may have removed the last one */
            site_store_alerted(&s->store, s->order.site);
        return s->order.verb == TOKEN_ADD ? tell_token(s) : site_tell(s, true, added);
    case STORE_SAME:
        return refuse(s, what, "is there already; remove it first");
    case STORE_FULL:
        return refuse(s, what, "would be one too many");
    default:
        return site_unreachable(s);
    }
}

static enum command_exit rm_field(struct site *s, const char *what, const char *field)
{
    enum store_result result = site_store_rm(&s->store, s->order.site, field);

    if (s->order.verb == ALERT_RM && result != STORE_FAILED &&
        site_store_no_alerts(&s->store, s->order.site) == STORE_FAILED)
        return site_unreachable(s);
    switch (result) {
    case STORE_DONE:
        if (s->order.verb == TOKEN_RM || s->order.verb == ORIGIN_RM)
            site_tell_collectors(s);
        return site_tell(s, true, "removed");
    case STORE_SAME:
        return refuse(s, what, "is not there");
    default:
        return site_unreachable(s);
    }
}

static enum command_exit rm_setting(struct site *s, const char *what, const char *prefix)
{
    char field[SETTING_FIELD_MAX];

    snprintf(field, sizeof field, "%s%s", prefix, s->order.name);
    return rm_field(s, what, field);
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
        return site_choice_show(s, &site_badge);
    case BADGE_ON:
    case BADGE_OFF:
        return site_choice_set(s, &site_badge, s->order.verb == BADGE_ON);
    case VISIBILITY_SHOW:
        return site_choice_show(s, &site_visibility);
    case VISIBILITY_PUBLIC:
    case VISIBILITY_TOKEN:
        return site_choice_set(s, &site_visibility, s->order.verb == VISIBILITY_TOKEN);
    case PRIVACY_SHOW:
        return site_choice_show(s, &site_privacy);
    case PRIVACY_IGNORE:
    case PRIVACY_OBEY:
        return site_choice_set(s, &site_privacy, s->order.verb == PRIVACY_OBEY);
    case ORIGIN_LIST:
        return show(s, SETTING_ORIGIN, &term);
    case ORIGIN_ADD:
        return add_setting(s, "origin", SETTING_ORIGIN, ORIGINS_MAX);
    case ORIGIN_RM:
        return rm_field(s, "origin", s->setting.field);
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
