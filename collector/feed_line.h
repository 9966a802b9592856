/* feed_line: the frames of a stream as lines for people and for grep.
 *
 *   ok watching shop
 *   07:51:46 view /cart
 *   07:51:50 event signup on /cart
 *   07:52:01 message ci: v2 is out
 *   07:52:02 query 12 ms shop-db: SELECT * FROM carts
 *   # 3 events were missed
 *
 * Times are UTC. A state is no line. What a terminal should not be shown (utf8.h) is
 * U+FFFD. Pure. */
#ifndef HC_FEED_LINE_H
#define HC_FEED_LINE_H

#include "stream.h"

/* Append one frame, as `framing.frame` does. The second gives events as the JSON they
 * are, and all else as the first. */
void feed_line_text(struct buf *out, const struct frame *f);
void feed_line_json(struct buf *out, const struct frame *f);

#endif
