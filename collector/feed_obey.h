/* feed_obey: does what a line at the feed port asks for, and answers it. */
#ifndef HC_FEED_OBEY_H
#define HC_FEED_OBEY_H

#include "stream.h"

/* Answers now, or when Redis has said whose token it is: until then the connection's
 * waiter is in a list. May close the connection. */
void feed_obey(struct stream *s, struct slice line);

#endif
