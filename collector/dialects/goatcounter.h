/* goatcounter: GET /count?p=/page as count.js and the pixels of GoatCounter send it. */
#ifndef HC_DIALECTS_GOATCOUNTER_H
#define HC_DIALECTS_GOATCOUNTER_H

#include "../beacon.h"

/* What a request is answered with. */
enum goatcounter_verdict {
    GOATCOUNTER_HIT,    /* 200 */
    GOATCOUNTER_BOT,    /* 202: b is 150 to 153, a program and no visitor */
    GOATCOUNTER_BAD_B,  /* 400: another b than those and 0 */
    GOATCOUNTER_NO_PATH /* 400: p is missing or empty */
};

/* Makes a beacon of the query, without a site unless it has i. */
enum goatcounter_verdict goatcounter_read(struct beacon *b, struct slice query);

/* The site that stands in the path before /count, @prefix being what does, behind @base;
 * may be empty. */
struct slice goatcounter_site(struct slice prefix, struct slice base);

#endif
