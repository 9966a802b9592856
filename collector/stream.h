/* stream: a connection that is told of a site's changes as they come.
 *
 * It pulls: it remembers the id of the last event and the number of the last state it was
 * given, and is given what lies between these and its watch (watch.h), unless its socket
 * is still busy with what went before. So a slow reader costs one batch at most, and
 * afterwards gets the events that are still held, a gap for those that are not, and the
 * latest state only.
 *
 * Server-Sent Events, WebSocket and the lines of the feed port differ in their framing,
 * and in nothing else. Frames, in order: hello, the events that a resumed stream missed,
 * a state, and then events and states as they come. */
#ifndef HC_STREAM_H
#define HC_STREAM_H

#include "../proto/buf.h"
#include "../proto/units.h"
#include "deadlines.h"
#include "exchange.h"
#include "stream_wish.h"

struct conn;
struct feed;
struct stream;
struct watch;
struct worker;

enum frame_kind { FRAME_HELLO, FRAME_STATE, FRAME_EVENT, FRAME_GAP };

struct frame {
    enum frame_kind kind;
    ms_t life; /* with `id`: where to resume; of a hello and an event */
    uint64_t id;
    struct slice data;       /* JSON in one line */
    struct slice site;       /* of a state, and */
    const struct feed *feed; /* its numbers, for those who do not tell `data` */
};

/* The name of a kind, as clients see it: "hello". Static. */
const char *frame_name(enum frame_kind kind);

/* After how long a client is asked to come again, ms: at random, lest all come at once.
 */
unsigned stream_retry_ms(void);

/* How frames become bytes, and what is done in silence and at the end. */
struct framing {
    unsigned index;              /* of FRAMINGS */
    enum deadline_class silence; /* how long nothing may be written */
    bool is_public;              /* anybody may listen: of queries the text is left out */
    bool regular; /* a sign of life is due however much else is written: keep_alive finds
                     out about the client, too */

    /* Appends one frame. The same bytes go to many streams. */
    void (*frame)(struct buf *out, const struct frame *f);

    /* What its states tell of a feed, when that is one number: damping compares it, and
     * as long as it is the same no state is told. Such a stream is of a member (member.h)
     * and begins STREAM_FIRST_MS late, or some more, so that its own JOIN counts; while a
     * site settles it is told no number but its first. NULL: all of a state is told, and
     * damping compares the visitors online. */
    uint64_t (*number)(const struct feed *f);

    /* Appends what keeps a silent connection alive. False: the client is given up. */
    bool (*keep_alive)(struct stream *s, struct buf *out);

    /* Appends the last bytes: the client is asked to come again in @retry_ms. */
    void (*farewell)(struct stream *s, struct buf *out, unsigned retry_ms);

    /* The client sent something. May call stream_say and stream_end. */
    void (*read)(struct stream *s, const char *bytes, size_t n);

    /* The connection is gone: frees what `own` points to. May be NULL. */
    void (*gone)(struct stream *s);

    /* For clients that are answered: while the socket is busy nothing is read, and then
     * this is called. May be NULL: reading goes on. */
    void (*resume)(struct stream *s);

    /* The client sends no more. Returns whether it may be listening still, else it is
     * gone. May be NULL: it is. */
    bool (*ended)(struct stream *s);
};
#define FRAMINGS 9
enum {
    FRAMING_SSE,
    FRAMING_WS,
    FRAMING_LINES,
    FRAMING_JSON_LINES,
    FRAMING_AUDIENCE,       /* dialects/audience_stream.c */
    FRAMING_LIVEUSER,       /* dialects/liveuser.c: the count, */
    FRAMING_LIVEUSER_TOTAL, /* with the total, */
    FRAMING_LIVEUSER_GO,    /* as its ancestor has it */
    FRAMING_LIVEUSER_GUEST, /* and before it has said what it is */
};

/* Part of every connection; all zero: it is no stream. What is looked at when a state is
 * given stands in front. */
struct stream {
    struct stream *next, **link; /* in its watch's list */
    struct watch *watch;         /* NULL: is not told anything any more */
    const struct framing *framing;
    uint64_t cursor; /* the last event given */
    uint64_t state;  /* number of the last state given, 0: none */
    mono_t until;    /* it is asked to come again then */
    bool begun;      /* it counts as a stream: it watches, or has */
    bool greeted;    /* hello was given; until then it gets nothing */
    uint8_t waits;   /* so many more times for STREAM_FIRST_MS */
    struct stream_wish wish;
    void *own;      /* the framing's */
    uint64_t joins; /* its own JOIN is counted when the site has had so many; 0: nobody
                       knew how many there were */
    mono_t told_at; /* for damping: when the last state was given, */
    uint64_t told;  /* and the number in it */
};

/* Whether the request may become a stream; fills @wish. Answers it if not: 204 when
 * streams are off, 400, 403 for an origin that is not allowed, 503 at a bound; then
 * returns false. */
bool stream_admit(struct exchange *x, struct stream_wish *wish);

/* Whether it may read its site (reading.h), of which @wish is told; if not, @handled is
 * what the handler is to return. Not for members. */
bool stream_may_read(struct exchange *x, struct stream_wish *wish, enum handled *handled);

/* Whether pages of @origin may open streams (--origin); if not it is counted. */
bool stream_allows(struct worker *w, struct slice origin);

/* Whether one more stream of @site may be opened, as far as the worker is concerned; if
 * not it is counted. */
bool stream_has_room(struct worker *w, struct slice site);

/* Makes a connection a stream that watches nothing yet; nobody asks it to come again. */
void stream_begin(struct stream *s, const struct framing *framing, void *own);

/* Lets it watch @site, a valid one, after stream_has_room; it watched nothing before.
 * What there is to tell follows with stream_serve. */
void stream_watch(struct stream *s, struct slice site, const struct stream_wish *wish);

/* Makes the request's connection a stream, after stream_admit; nothing else may be
 * answered. What the handler has appended to worker->out goes first, and what the watch
 * has right behind it. @own: for the framing. Returns what the handler is to return. */
enum handled stream_open(struct exchange *x, const struct stream_wish *wish,
                         const struct framing *framing, void *own);

/* Writes @bytes of the framing's own between frames, a pong; they are dropped if the
 * socket is busy. May close the connection. */
void stream_say(struct stream *s, const char *bytes, size_t n);

/* @bytes (dropped if the socket is busy) are the last; the connection ends once the
 * client has read them, or soon. */
void stream_end(struct stream *s, const char *bytes, size_t n);

/* For watch_flush.c: gives it what the watch has and it has not, if its socket is free.
 */
void stream_serve(struct stream *s);

/* For watch_flush.c: gives it @bytes, which bring it to where its watch is. */
void stream_give(struct stream *s, struct slice bytes);

/* For conn.c: the socket is free again; nothing was written for framing->silence; the
 * worker stops; the connection is closing. */
void stream_written(struct stream *s);
void stream_silent(struct stream *s);
void stream_farewell(struct stream *s);
void stream_gone(struct stream *s);

/* Its connection, and that one's worker. */
struct conn *stream_conn(struct stream *s);
struct worker *stream_worker(struct stream *s);

#endif
