/* agent_cache: what the User-Agents of late were read as, and whether robots sent them.
 *
 * Nearly all views come from a few hundred browsers, and each of them sends the same
 * bytes again. One cache per worker. Pure; nothing is allocated. */
#ifndef HC_AGENT_CACHE_H
#define HC_AGENT_CACHE_H

#include "../proto/limits.h"
#include "agent.h"
#include "admission/words.h"

/* One header as it came, and what it was read as. */
struct agent_entry {
    uint16_t n; /* bytes of the header; 0: nobody's place yet */
    struct agent agent;
    char text[AGENT_CACHE_TEXT];
};

/* All zero: empty, and nobody is a robot. */
struct agent_cache {
    const struct words *robots; /* borrowed; may be NULL */
    uint16_t last;              /* the place asked for last: a hit asks twice */
    struct agent_entry entries[AGENT_CACHE_MAX];
};

/* Forgets everything; from now on robots are those that @robots are found in. */
void agent_cache_reset(struct agent_cache *c, const struct words *robots);

/* What agent_read says of @user_agent, and whether it is a robot's, remembered or read
 * now. It is copied. An empty one is nobody's, and no robot's. */
struct agent agent_cache_read(struct agent_cache *c, struct slice user_agent);

#endif
