/* traffic: whether datagrams come so thick that being woken by each costs too much. Pure.
 *
 * A wake-up costs some 6 us, a datagram that lies ready 0.6 us. So above a certain rate
 * the socket is better emptied by a timer, and below it better watched: a lone datagram
 * is then folded at once and an idle daemon does nothing at all. */
#ifndef HC_TRAFFIC_H
#define HC_TRAFFIC_H

#include <stdbool.h>
#include "../proto/units.h"

#define TRAFFIC_SPAN_MS 100   /* datagrams are counted over so long */
#define TRAFFIC_BUSY_FROM 200 /* in one span: 2,000 a second */
#define TRAFFIC_BUSY_TO 100   /* half of it, so that a rate in between does not flap */

struct traffic {
    mono_t since;   /* the span began */
    unsigned count; /* datagrams in it */
    bool busy;
};

/* @n datagrams came at @now; 0 when none was there. Returns whether it is busy. */
bool traffic_note(struct traffic *t, unsigned n, mono_t now);

#endif
