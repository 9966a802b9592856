/* faults: what goes wrong in a world while hits come. */
#ifndef HC_SIM_FAULTS_H
#define HC_SIM_FAULTS_H

#include "cluster.h"

/* Has as many faults as c->plan says happen while its traffic lasts. */
void faults_schedule(struct cluster *c);

#endif
