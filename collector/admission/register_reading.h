/* register_reading: reads the register out of Redis, for all workers of the process.
 *
 * It lives on worker 0. It reads when the connection to Redis is made, when somebody has
 * changed a site, and every REGISTER_READ_MS. */
#ifndef HC_REGISTER_READING_H
#define HC_REGISTER_READING_H

#include "../deadlines.h"
#include "register.h"

struct worker;

struct register_reading {
    struct worker *worker;
    enum { REGISTER_IDLE, REGISTER_READING, REGISTER_RESTING } state;
    bool again;                  /* to be read once more after that */
    bool refused;                /* Redis refused, and the log says so */
    struct deadline due;         /* of the next reading, or of the rest */
    struct site_register *draft; /* being read, NULL: not so far */
    size_t done;                 /* its sites whose settings came */
    size_t left_out;             /* names and origins */
};

void register_reading_init(struct register_reading *r, struct worker *w);
void register_reading_fini(struct register_reading *r);

/* Something has changed, or may have: reads it now, or after the rest. */
void register_reading_wake(struct register_reading *r);

/* The rest is over, or it is time again. */
void register_reading_due(struct deadline *d);

#endif
