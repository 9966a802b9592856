/* all: the dialects there are. Each is defined in the file of its name. */
#ifndef HC_DIALECTS_ALL_H
#define HC_DIALECTS_ALL_H

#include "dialect.h"

extern const struct dialect dialect_livestats;      /* livestats.c */
extern const struct dialect dialect_audience_meter; /* audience_meter.c */
extern const struct dialect dialect_liveuser;       /* liveuser.c */
extern const struct dialect dialect_ts_analytics;   /* ts_analytics.c */
extern const struct dialect dialect_hummingbird;    /* hummingbird.c */
extern const struct dialect dialect_goatcounter;    /* goatcounter.c */
extern const struct dialect dialect_plausible;      /* plausible.c */
extern const struct dialect dialect_matomo;         /* matomo.c */
extern const struct dialect dialect_umami;          /* umami.c */
extern const struct dialect dialect_fathom;         /* fathom.c */
extern const struct dialect dialect_snowplow;       /* snowplow.c */

#endif
