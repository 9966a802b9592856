/* fake_redis: a Redis that says what a test wants to hear, on the test's own loop.
 *
 * It knows no data: a table of rules maps what a command begins with to the bytes of its
 * answer. Without a rule PING is answered +PONG and everything else +OK. */
#ifndef HC_FAKE_REDIS_H
#define HC_FAKE_REDIS_H

#include <stdbool.h>
#include <uv.h>

struct fake_redis;

/* Takes a free port of 127.0.0.1, or with @path that unix socket, on which connections
 * are refused until fake_redis_listen. */
struct fake_redis *fake_redis_open(uv_loop_t *loop, const char *path);
void fake_redis_listen(struct fake_redis *f);
int fake_redis_port(const struct fake_redis *f);

/* From now on a command that begins with @command ("GET", "GET a") is answered with
 * @answer as it stands; "" says nothing. Later rules win. Both strings must stay. */
void fake_redis_answer(struct fake_redis *f, const char *command, const char *answer);

/* The same, and then the connection is closed. */
void fake_redis_answer_last(struct fake_redis *f, const char *command,
                            const char *answer);

/* From now on answers leave one byte at a time, each in a turn of the loop of its own. */
void fake_redis_drip(struct fake_redis *f);

/* From now on nothing is read; or everything again. */
void fake_redis_deafen(struct fake_redis *f);
void fake_redis_hear(struct fake_redis *f);

/* Says @bytes on every connection, unasked; at most 1 MiB until it is silent again. */
void fake_redis_say(struct fake_redis *f, const char *bytes);

/* Whether everything said has left. */
bool fake_redis_is_silent(const struct fake_redis *f);

/* The commands so far, one a line, arguments above 64 bytes as "...". */
const char *fake_redis_heard(struct fake_redis *f);

/* Connections taken so far. */
unsigned fake_redis_accepted(const struct fake_redis *f);

/* Closes connections and listener; frees when the loop has run once more. */
void fake_redis_close(struct fake_redis *f);

#endif
