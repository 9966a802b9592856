/* redis_pipeline: commands out and replies in, in order, over a stream that is open. Part
 * of redis_link.
 *
 * Commands are written by hand, hiredis reads the replies. The calls of one turn of the
 * loop gather in one buffer; while the kernel has not taken it, the next one gathers
 * (libuv 1.44 works off one write request a turn, so there is never a second). */
#ifndef HC_REDIS_PIPELINE_H
#define HC_REDIS_PIPELINE_H

#include "redis_calls.h"
#include "../buf.h"

#define REDIS_READ_BYTES (64 * 1024) /* of one read; most bursts of replies fit */

/* With so many calls in flight nothing is read for so long after a write, once for each
 * time that something was read. Redis needs more than 20 us for a commit, so that it does
 * not run out of the 64 that the aggregator sends ahead. */
#define REDIS_PAUSE_CALLS 48
#define REDIS_PAUSE_MS 1

struct redis_pipeline {
    uv_loop_t *loop;
    uv_stream_t *stream;  /* NULL: stopped */
    uv_idle_t turn;       /* active while something gathers: writes it in the next turn */
    uv_timer_t pause;     /* active while nothing is read */
    bool paused;          /* since something was read */
    uv_write_t write;     /* in the air while writing is not empty */
    struct buf gathering; /* not given to the kernel yet */
    struct buf writing;
    struct redis_calls calls;
    redisReader *reader;
    size_t unfinished;    /* bytes read since the last whole reply */
    long long subscribed; /* channels and patterns of this stream */
    uint64_t heard_at;    /* loop time of the last bytes, ms */
    void (*broken)(void *arg, const char *why);
    void (*push)(void *arg, const redisReply *message);
    void *arg;
    char in[REDIS_READ_BYTES];
};

/* Makes one that is stopped. broken() is called when the stream ends, fails or carries
 * what is no Redis protocol, and must stop the pipeline; push() for each message of a
 * subscription. */
void redis_pipeline_init(struct redis_pipeline *p, uv_loop_t *loop,
                         void (*broken)(void *arg, const char *why),
                         void (*push)(void *arg, const redisReply *message), void *arg);

/* Takes the open @stream, data included, until redis_pipeline_stop. The stream before it
 * must be closed by now. Returns 0 or a negative uv error. */
int redis_pipeline_start(struct redis_pipeline *p, uv_stream_t *stream);

/* Queues one command; calls none of the callbacks. Returns 0, or -1 at a bound. */
int redis_pipeline_call(struct redis_pipeline *p, int argc, const char **argv,
                        const size_t *lens, redis_reply_fn fn, void *arg);

/* The same of one that is written already, and does not subscribe; copied. */
int redis_pipeline_write(struct redis_pipeline *p, struct slice resp, redis_reply_fn fn,
                         void *arg);

/* Leaves the stream alone from now on; the caller closes it. What was not written is
 * forgotten. */
void redis_pipeline_stop(struct redis_pipeline *p);

/* Gives each pending call its NULL reply. The callbacks may call this too. */
void redis_pipeline_fail_calls(struct redis_pipeline *p);

/* Closes its handles, for good, and calls @closed for each; redis_pipeline_fini may free
 * when all of that has come and the last stream is closed. */
#define REDIS_PIPELINE_HANDLES 2
void redis_pipeline_close(struct redis_pipeline *p, uv_close_cb closed);
void redis_pipeline_fini(struct redis_pipeline *p);

#endif
