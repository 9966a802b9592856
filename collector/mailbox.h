/* mailbox: notes from any thread to the one that runs a loop, in order.
 *
 * Notes about a site's messages are the one thing that can come faster than they are
 * taken: beyond MAILBOX_BYTES_MAX they are dropped, and the reader is told that it must
 * read its sites again. */
#ifndef HC_MAILBOX_H
#define HC_MAILBOX_H

#include <uv.h>
#include "../proto/limits.h"
#include "../proto/slice.h"

enum mail_kind {
    MAIL_WATCH,     /* to the hub: worker `from` watches the site; n bytes: none */
    MAIL_UNWATCH,   /* to the hub: it does not any more */
    MAIL_CONFIRMED, /* to a worker: from now on messages come; what was before is not */
    MAIL_MESSAGE,   /* to a worker: one was published, `bytes` */
    MAIL_SETTINGS,  /* to a worker: who may read the site may have changed */
    MAIL_JOINED,    /* to a worker or the hub: members_told of `bytes` */
    MAIL_REGISTER,  /* to a worker: there is another register on the board */
};

struct mail {
    struct mail *next;
    enum mail_kind kind;
    unsigned from;
    struct slice site, bytes; /* behind the struct, or borrowed for a direct call */
};

struct mailbox {
    uv_mutex_t mutex;
    uv_async_t async;
    struct mail *first, **end;
    size_t bytes; /* of messages waiting */
    bool dropped; /* some were, since the last taking */
    bool closed;
    void (*take)(void *arg, const struct mail *m);
    void (*overflowed)(void *arg);
    void *arg;
};

/* @take is called on @loop's thread for each note, @overflowed before the notes of a turn
 * in which some were missing (may be NULL). Returns 0 or a negative uv error. */
int mailbox_open(struct mailbox *mb, uv_loop_t *loop,
                 void (*take)(void *arg, const struct mail *m),
                 void (*overflowed)(void *arg), void *arg);

/* Puts a copy of the note in, from any thread. One that is put into a closed box is
 * dropped. False: dropped for want of room. */
bool mailbox_put(struct mailbox *mb, const struct mail *m);

/* On the loop's thread: drops what is in it; puts are dropped from now on. The memory
 * must last until nobody puts any more; then fini. */
void mailbox_close(struct mailbox *mb);
void mailbox_fini(struct mailbox *mb);

#endif
