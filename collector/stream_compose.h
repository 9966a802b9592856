/* stream_compose: what a stream is told, as frames. */
#ifndef HC_STREAM_COMPOSE_H
#define HC_STREAM_COMPOSE_H

#include "feed.h"
#include "stream.h"

/* Appends everything that the watch has and the stream has not, as far as it wants it,
 * and notes that it was given. Nothing before the watch knows its site. */
void stream_compose(struct stream *s, struct buf *out);

/* Appends the state, also if the stream has it, as a sign of life. False: none was told
 * to it yet, or the site is settling. */
bool stream_repeat(struct stream *s, struct buf *out);

/* For watch_flush.c, which makes the same bytes for many streams: appends what there is
 * behind event @after; the state. */
void stream_put_events(struct buf *out, const struct framing *framing,
                       const struct feed *f, uint64_t after);
void stream_put_state(struct buf *out, const struct framing *framing,
                      const struct watch *w);

#endif
