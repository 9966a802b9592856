/* agent: what a browser is and runs on, by its User-Agent header. Pure. */
#ifndef HC_AGENT_H
#define HC_AGENT_H

#include "../proto/hit.h"

struct agent {
    uint8_t device;  /* enum hit_device */
    uint8_t browser; /* enum hit_browser */
    bool is_robot;   /* by agent_cache.h; agent_read does not say */
};

#define AGENT_BYTES 512 /* those of browsers have some 110 to 250 */

/* Reads at most AGENT_BYTES of the header. Without one nothing is known; one that names
 * none of ours is DEVICE_OTHER, BROWSER_OTHER. */
struct agent agent_read(struct slice user_agent);

#endif
