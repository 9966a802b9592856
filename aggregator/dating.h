/* dating: when a hit happened, by our wall clock. Pure.
 *
 * A datagram brings its sender's clock, so a hit is as old as it was when it was sent;
 * how long the datagram was on its way is not known. One that was held up, by a busy
 * machine as a rule, would date its hits later than those that follow, some milliseconds
 * later, and a leave would seem to be overtaken by the beat before it. So the hits of a
 * stream keep their order. */
#ifndef HC_DATING_H
#define HC_DATING_H

#include "../proto/units.h"

/* The latest hit of a stream; all zero: none yet. */
struct dating {
    mono_t told; /* by its sender's clock */
    ms_t at;     /* by ours */
};

/* When it happened: @hit by its sender's clock, told in what left at @sent by that clock
 * and came at @now by ours. Not before a hit of the stream that was earlier by its
 * sender's clock, unless our clock was set back or it came more than ten seconds before
 * what it waited for; nor after @now, unless it came early by less. @d NULL: of no
 * stream. */
ms_t dating_of(struct dating *d, mono_t hit, mono_t sent, ms_t now);

#endif
