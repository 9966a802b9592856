/* agent_cache: what the User-Agents of late were read as.
 *
 * Nearly all views come from a few hundred browsers, and each of them sends the same
 * bytes again. One cache per worker. Pure; nothing is allocated. */
#ifndef HC_AGENT_CACHE_H
#define HC_AGENT_CACHE_H

#include "../proto/limits.h"
#include "agent.h"

/* One header as it came, and what it was read as. */
struct agent_entry {
    uint16_t n; /* bytes of the header; 0: nobody's place yet */
    struct agent agent;
    char text[AGENT_CACHE_TEXT];
};

/* All zero: empty. */
struct agent_cache {
    struct agent_entry entries[AGENT_CACHE_MAX];
};

/* What agent_read says of @user_agent, remembered or read now. It is copied. */
struct agent agent_cache_read(struct agent_cache *c, struct slice user_agent);

#endif
