/* The worker's list: the one that takes hits is first and stays until the end; behind it
 * stand the old ones, which leave the list as soon as they have delivered. */
#include "uplinks.h"

#include "worker.h"

int uplinks_open(struct worker *w, struct spool *spool, char *err, size_t err_n)
{
    struct uplink **end = &w->uplink;
    struct ring_file file;

    if (spool_ring(spool, w->n, &file, err, err_n) < 0)
        return -1;
    do {
        *end = uplink_open(&w->loop, w->setup, &w->files.secret, spool, &file,
                           &w->counters, end != &w->uplink, err, err_n);
        if (*end == NULL)
            return -1;
        end = &(*end)->next;
    } while (spool_old(spool, w->n, &file));
    return 0;
}

mono_t uplinks_turn(struct worker *w, mono_t now, bool force)
{
    mono_t due = INT64_MAX;

    for (struct uplink **at = &w->uplink, *u; (u = *at);) {
        mono_t wants = uplink_turn(u, now, force);

        if (u->is_old && uplink_is_delivered(u)) {
            *at = u->next;
            uplink_close(u);
            continue;
        }
        due = wants < due ? wants : due;
        at = &u->next;
    }
    return due;
}

bool uplinks_are_owed(const struct worker *w)
{
    for (const struct uplink *u = w->uplink; u; u = u->next)
        if ((w->setup->drain ? sender_undurable : sender_unreceived)(u->sender) > 0)
            return true;
    return false;
}

void uplinks_mark(struct worker *w)
{
    for (struct uplink *u = w->uplink; u; u = u->next)
        ring_file_mark(&u->file, w->files.secret.v[0].key_id);
}

void uplinks_close(struct worker *w)
{
    for (struct uplink *u; (u = w->uplink);) {
        w->uplink = u->next;
        w->unreceived += sender_unreceived(u->sender);
        w->undurable += sender_undurable(u->sender);
        uplink_close(u);
    }
}
