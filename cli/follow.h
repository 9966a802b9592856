/* follow: the messages of some sites, for as long as somebody wants them.
 *
 * Never reached at the start, Redis is an error: a wrong address should not wait. Once it
 * was reached a lost connection is dialled again for ever, with growing pauses; that is
 * said on stderr. It ends with a signal, when the time is up, or when nobody reads
 * standard output any more. */
#ifndef HC_FOLLOW_H
#define HC_FOLLOW_H

#include "command.h"
#include "subscription.h"

struct follow {
    struct redis_addr addr;
    char at[512]; /* the address as text */
    struct subscription_sites sites;
    struct subscription subscription;
    mono_t deadline; /* negative: none */

    /* What else there is to do before each wait, NULL: nothing. Returns how many ms the
     * wait may take, negative: as many as it likes. The caller's to set. */
    mono_t (*tend)(void *arg);
    void *tend_arg;
};

/* Connects and subscribes; signals go through interrupt.h from here on. @seconds of 0 are
 * without end. Returns EXIT_FINE, after which follow_close must follow; or EXIT_USAGE or
 * EXIT_UNREACHABLE when a sentence was printed. */
enum command_exit follow_open(struct follow *f, const struct dial_opts *opts,
                              struct subscription_sites sites, long seconds);
void follow_close(struct follow *f);

enum follow_event {
    FOLLOW_MESSAGE, /* *site and *text, valid until the next call */
    FOLLOW_AGAIN,   /* the connection was lost and is back: messages may be missing */
    FOLLOW_OVER,
};

/* Waits for what comes next. */
enum follow_event follow_next(struct follow *f, struct slice *site, struct slice *text);

#endif
