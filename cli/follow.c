/* Time is looked at only between messages and waits, so a flood of messages ends with the
 * deadline, too. */
#include "follow.h"

#include <stdio.h>
#include "interrupt.h"

#define PAUSE_FIRST_MS 100 /* between dials, doubled up to the last */
#define PAUSE_LAST_MS 5000

/* Also when nobody reads any more: SIGPIPE is ignored, so printing fails instead. */
static bool is_over(const struct follow *f)
{
    return interrupt_seen() || ferror(stdout) ||
           (f->deadline >= 0 && mono_now() >= f->deadline);
}

/* @ms, or less when the time is up sooner, or something else is to be done. */
static mono_t until_deadline(const struct follow *f, mono_t ms)
{
    mono_t left = f->deadline - mono_now(), tend = f->tend ? f->tend(f->tend_arg) : -1;

    if (tend >= 0 && tend < ms)
        ms = tend;
    if (f->deadline < 0 || left > ms)
        return ms;
    return left > 0 ? left : 0;
}

/* "hc:shop", "12 channels" or "all channels" */
static const char *what(const struct follow *f, char *text, size_t n)
{
    if (f->sites.channel)
        snprintf(text, n, "%s", f->sites.channel);
    else if (f->sites.n == 1)
        snprintf(text, n, "%s", key_channel(f->sites.site[0]).s);
    else if (f->sites.n == 0)
        snprintf(text, n, "all channels");
    else
        snprintf(text, n, "%zu channels", f->sites.n);
    return text;
}

/* Returns whether it is back. */
static bool subscribe_again(struct follow *f)
{
    mono_t pause = PAUSE_FIRST_MS;
    char text[KEY_MAX];

    complain("lost %s: %s; dialling again", f->at, f->subscription.why);
    while (!is_over(f)) {
        interrupt_poll(NULL, 0, until_deadline(f, pause));
        if (!is_over(f) &&
            subscription_open(&f->subscription, &f->addr, &f->sites) == 0) {
            complain("following %s again%s", what(f, text, sizeof text),
                     f->sites.channel ? "" /* which tells how things stand */
                                      : "; what was published meanwhile is not shown");
            return true;
        }
        pause = pause * 2 < PAUSE_LAST_MS ? pause * 2 : PAUSE_LAST_MS;
    }
    return false;
}

enum command_exit follow_open(struct follow *f, const struct dial_opts *opts,
                              struct subscription_sites sites, long seconds)
{
    char text[KEY_MAX];

    *f = (struct follow){.sites = sites, .deadline = -1};
    if (dial_address(&f->addr, opts) < 0)
        return EXIT_USAGE;
    redis_addr_text(&f->addr, f->at, sizeof f->at);
    interrupt_open();
    if (seconds > 0)
        f->deadline = mono_now() + (mono_t)seconds * 1000;
    what(f, text, sizeof text);
    if (subscription_open(&f->subscription, &f->addr, &f->sites) < 0) {
        complain("cannot follow %s at %s: %s", text, f->at, f->subscription.why);
        return EXIT_UNREACHABLE;
    }
    complain("following %s at %s", text, f->at);
    return EXIT_FINE;
}

void follow_close(struct follow *f)
{
    subscription_close(&f->subscription);
}

enum follow_event follow_next(struct follow *f, struct slice *site, struct slice *text)
{
    struct subscription *s = &f->subscription;

    while (!is_over(f)) {
        int rc = subscription_next(s, site, text);

        if (rc > 0)
            return FOLLOW_MESSAGE;
        if (rc == 0)
            rc = subscription_wait(s, until_deadline(f, PING_AFTER_MS));
        if (rc < 0)
            return subscribe_again(f) ? FOLLOW_AGAIN : FOLLOW_OVER;
    }
    return FOLLOW_OVER;
}
