/* health: what a load balancer or a supervisor asks. */
#ifndef HC_HEALTH_H
#define HC_HEALTH_H

#include "exchange.h"

/* 200 as long as anything is answered. */
enum handled health_live(struct exchange *x);

/* 200 while this worker has Redis and an aggregator that answered lately and the process
 * is to stay, else 503 with a line for each reason. It asks every second from its first,
 * so ready comes by itself. */
enum handled health_ready(struct exchange *x);

#endif
