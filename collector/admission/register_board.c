/* The mutex is held for as long as it takes to count one user more. */
#include "register_board.h"

#include "../../proto/log.h"

int register_board_init(struct register_board *b)
{
    *b = (struct register_board){0};
    return uv_mutex_init(&b->mutex);
}

void register_board_fini(struct register_board *b)
{
    register_drop(b->latest);
    uv_mutex_destroy(&b->mutex);
}

void register_board_put(struct register_board *b, struct site_register *r)
{
    struct site_register *old;

    uv_mutex_lock(&b->mutex);
    old = b->latest;
    b->latest = r;
    uv_mutex_unlock(&b->mutex);
    register_drop(old);
}

void register_board_renew(struct register_board *b, struct site_register **mine)
{
    register_drop(*mine);
    uv_mutex_lock(&b->mutex);
    *mine = register_hold(b->latest);
    uv_mutex_unlock(&b->mutex);
}

void register_board_refused(struct register_board *b, struct slice site)
{
    if (!__atomic_exchange_n(&b->told, true, __ATOMIC_RELAXED))
        log_line("event=unknown_site site=%.*s why=\"it was not added\"; `headcount site "
                 "add %.*s` lets it count, --open-sites any site (said once; see the "
                 "counter unknown_site)",
                 (int)site.n, site.p, (int)site.n, site.p);
}
