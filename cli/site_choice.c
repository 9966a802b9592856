/* A field of the settings that is there or not. Who sets it means the site, so the site
 * is named too; who takes it out does not. */
#include "site_choice.h"

#include <stdio.h>

struct site_choice {
    const char *what, *off, *on;
    const char *field, *value; /* while it is on */
    bool (*is_on)(struct slice value);
    bool is_flag; /* as JSON true or false, else the word */
    bool is_told; /* to collectors */
};

static bool is_one(struct slice value)
{
    return slice_eq(value, SLICE("1"));
}

const struct site_choice site_badge = {.what = "badge",
                                       .off = "off",
                                       .on = "on",
                                       .field = SETTING_BADGE,
                                       .value = "1",
                                       .is_on = is_one,
                                       .is_flag = true};
const struct site_choice site_visibility = {.what = "visibility",
                                            .off = READ_PUBLIC,
                                            .on = READ_TOKEN,
                                            .field = SETTING_READ,
                                            .value = READ_TOKEN,
                                            .is_on = visibility_is_closed,
                                            .is_told = true};
const struct site_choice site_privacy = {.what = "privacy",
                                         .off = PRIVACY_OFF,
                                         .on = PRIVACY_HEED,
                                         .field = SETTING_PRIVACY,
                                         .value = PRIVACY_HEED,
                                         .is_on = privacy_is_heeded,
                                         .is_told = true};

static enum command_exit tell(struct site *s, const struct site_choice *c, bool on,
                              bool is_changed)
{
    char sentence[64];

    snprintf(sentence, sizeof sentence, "%s %s", c->what, on ? c->on : c->off);
    return site_tell(s, is_changed, sentence);
}

static bool is_on(const redisReply *all, const struct site_choice *c)
{
    for (size_t i = 0; i + 1 < all->elements; i += 2)
        if (strcmp(all->element[i]->str, c->field) == 0)
            return c->is_on(
                (struct slice){all->element[i + 1]->str, all->element[i + 1]->len});
    return false;
}

enum command_exit site_choice_show(struct site *s, const struct site_choice *c)
{
    redisReply *all = site_store_read(&s->store, s->order.site);
    bool on;

    if (all == NULL)
        return site_unreachable(s);
    on = is_on(all, c);
    freeReplyObject(all);
    if (!s->opts.json)
        tell(s, c, on, false);
    else if (c->is_flag)
        buf_printf(&s->out, "{\"%s\":%s}\n", c->what, on ? "true" : "false");
    else
        buf_printf(&s->out, "{\"%s\":\"%s\"}\n", c->what, on ? c->on : c->off);
    return EXIT_FINE;
}

enum command_exit site_choice_set(struct site *s, const struct site_choice *c, bool on)
{
    enum store_result named = STORE_SAME, result;

    if (on && (named = site_store_name(&s->store, s->order.site)) == STORE_FAILED)
        return site_unreachable(s);
    result = site_store_set(&s->store, s->order.site, c->field, on ? c->value : NULL);
    if (result == STORE_FAILED)
        return site_unreachable(s);
    if (c->is_told || named == STORE_DONE)
        site_tell_collectors(s);
    return tell(s, c, on, result == STORE_DONE);
}
