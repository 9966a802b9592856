/* renewal: hands what was read anew from files to a worker, on the worker's own loop. */
#ifndef HC_RENEWAL_H
#define HC_RENEWAL_H

#include <uv.h>
#include "files.h"

struct renewal {
    uv_async_t async;
    uv_mutex_t mutex;   /* of what follows */
    struct files files; /* that wait to be taken */
    bool waits, closed;
    /* On the loop's thread; what is in @f is the taker's. */
    void (*take)(void *arg, const struct files *f);
    void *arg;
};

/* Returns 0 or a negative uv error. */
int renewal_open(struct renewal *r, uv_loop_t *loop,
                 void (*take)(void *arg, const struct files *f), void *arg);

/* Leaves a copy for the worker; one that was not taken yet is replaced. Any thread. */
void renewal_put(struct renewal *r, const struct files *f);

/* On the loop's thread: nothing is taken any more. */
void renewal_close(struct renewal *r);

/* When nobody can put any more. */
void renewal_fini(struct renewal *r);

#endif
