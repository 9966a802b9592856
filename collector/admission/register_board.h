/* register_board: where the workers of a process find the latest register. */
#ifndef HC_REGISTER_BOARD_H
#define HC_REGISTER_BOARD_H

#include <uv.h>
#include "register.h"

struct register_board {
    uv_mutex_t mutex;
    struct site_register *latest; /* NULL: it was never read */
    bool told;                    /* a site was refused, and the log says so; atomic */
};

/* Returns 0 or a negative uv error. */
int register_board_init(struct register_board *b);
void register_board_fini(struct register_board *b);

/* Replaces the latest by @r, which is the board's from now on. */
void register_board_put(struct register_board *b, struct site_register *r);

/* Replaces @mine, which may be NULL and is dropped, by the latest. */
void register_board_renew(struct register_board *b, struct site_register **mine);

/* A hit of @site was refused because it was not added: the first time of all the log
 * says what to do. @site is a site id. */
void register_board_refused(struct register_board *b, struct slice site);

#endif
