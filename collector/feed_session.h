/* feed_session: one connection of the feed port, where lines are typed and read: telnet
 * or nc is enough.
 *
 * It is a stream from its beginning, one that watches nothing until `watch`. What is
 * asked is answered in order: `ok`, or `error` and a word. Commands: feed_command.h. What
 * it is told: feed_line.h; besides, lines that begin with # are for people. */
#ifndef HC_FEED_SESSION_H
#define HC_FEED_SESSION_H

#include "line_reader.h"
#include "stream.h"

/* `own` of its stream. */
struct feed_session {
    struct line_reader reader;
    const char *owed; /* an answer that the socket did not take, static; or NULL */
    bool ended;       /* the client sends no more */
    bool watches;     /* what is being asked for: to watch, */
    bool json;        /* as JSON, */
    bool granted;     /* with a token */
};

extern const struct framing feed_framing, feed_json_framing;

/* Begins on a connection that was accepted. */
void feed_session_begin(struct conn *c);

/* Says that there are too many, and closes. */
void feed_session_refuse(struct conn *c);

/* -- for feed_obey.c -- */

/* Answers a command; @text is static. Answers to what came together go together: with the
 * flush, which whoever called feed_obey sees to. Both may close the connection. */
void feed_session_answer(struct stream *s, const char *text);
void feed_session_flush(struct stream *s);

/* The last answer; closes. */
void feed_session_end(struct stream *s, const char *text);

/* The command that waited was answered: flushes, and goes on with what is behind it. */
void feed_session_resume(struct stream *s);

#endif
