/* interrupt: SIGINT and SIGTERM as a flag, with no gap between looking at it and waiting.
 *
 * Between interrupt_open and the end of the process both signals arrive only inside
 * interrupt_poll; SIGPIPE is ignored, so writing to a closed socket is an error like any
 * other. */
#ifndef HC_INTERRUPT_H
#define HC_INTERRUPT_H

#include <poll.h>
#include "../proto/units.h"

void interrupt_open(void);

/* From here on the end of a child lets interrupt_poll return, too. */
void interrupt_children(void);

/* How many came. */
int interrupt_seen(void);

/* poll(2) for at most @ms, negative: for ever. Returns what poll does; -1 with EINTR when
 * a signal came. */
int interrupt_poll(struct pollfd *fds, nfds_t n, mono_t ms);

/* The monotonic clock that waits are measured with. */
mono_t mono_now(void);

#endif
