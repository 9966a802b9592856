/* redis_model: as much of Redis as the aggregator touches, in memory and virtual time.
 *
 * Hashes (sorted sets among them) and strings with expiry, the rules of commit.lua and
 * claim.lua written out in C, the flat list of snapshot.lua, and a memory of the last
 * seconds: it can go back to what it was, as a Redis does that is killed. What a commit
 * may do and what readers and loaders see can so be tested without a server; test_load.c
 * holds all of it against a real one. */
#ifndef HC_REDIS_MODEL_H
#define HC_REDIS_MODEL_H

#include <hiredis/hiredis.h>
#include "../../aggregator/command.h"
#include "../../proto/summary.h"

/* How far back redis_model_regress reaches. */
#define REDIS_MODEL_KEEP_MS 30000

struct model_field {
    char *name, *value;
    size_t name_n, value_n;
};

struct model_key {
    char *name;
    size_t name_n;
    uint64_t hash;
    size_t next; /* in its bucket: place + 1, 0 at the end */
    bool is_string;
    ms_t expires; /* 0: never */
    struct model_field *field;
    size_t n, cap;
    char *text; /* of a string */
    size_t text_n;
    size_t kept; /* the call before whose changes a copy of it was kept */
};

/* What a key was before a call changed it. */
struct model_past {
    ms_t at;
    struct model_key key;
    bool existed; /* else only its name counts */
};

struct redis_model {
    ms_t now;
    struct model_key *key; /* n of them, in no order */
    size_t n, cap;
    size_t *bucket; /* place + 1 of the first key; nbuckets, a power of two */
    size_t nbuckets;
    struct buf published; /* the latest message */
    size_t messages;
    struct buf alerts; /* lines on CHANNEL_ALERTS, of the latest call */
    bool retells;      /* the simulation's: alerts are published though nothing changed */
    size_t calls;
    struct model_past *past; /* oldest first; those before `forgotten` are gone */
    size_t npast, past_cap, forgotten;
};

void redis_model_init(struct redis_model *m, ms_t now);
void redis_model_fini(struct redis_model *m);

/* Moves the clock; keys expire. */
void redis_model_at(struct redis_model *m, ms_t now);

/* Everything is gone, as after FLUSHALL, and what it was before too. */
void redis_model_flush(struct redis_model *m);

/* Replaces the keys of @m by those of @from, as a restart from a snapshot does. Keys that
 * are over by @m's clock do not come back. */
void redis_model_restore(struct redis_model *m, const struct redis_model *from);

/* Goes back to the state of @ms ago, as a restart from an older AOF does. Calls are
 * undone whole. The clock stays. */
void redis_model_regress(struct redis_model *m, ms_t ms);

/* Runs one command: EVALSHA (of two keys the commit script, of one the claim script),
 * EVAL of the epoch script, SCRIPT LOAD, INFO, PING, PUBLISH, GETRANGE, ZADD and
 * ZREMRANGEBYSCORE, and those that scripts use. Returns the reply, the caller's to free
 * (freeReplyObject). */
redisReply *redis_model_call(struct redis_model *m, struct command *c);

/* The same for those who want no more than the text of a status, a string or an error:
 * "OK", "FENCED e", "REGRESS". Valid until the next call of this function. */
const char *redis_model_run(struct redis_model *m, struct command *c);

/* The same of words in one line, split at blanks. */
const char *redis_model_say(struct redis_model *m, const char *line);

/* The value of a field, or of a string when @field is NULL; or the empty slice. */
struct slice redis_model_get(struct redis_model *m, const char *key, const char *field);

/* A key with all that it has; NULL: it is not there. Valid until the next call of any of
 * these. */
const struct model_key *redis_model_key(struct redis_model *m, const char *key);

/* When a key expires, 0: never, or it is not there. */
ms_t redis_model_expiry(struct redis_model *m, const char *key);

/* How many fields a hash has. */
size_t redis_model_fields(struct redis_model *m, const char *key);

/* Keys that begin with @prefix, and those of them without an expiry that are not meant to
 * stay for ever. */
size_t redis_model_count(struct redis_model *m, const char *prefix);
size_t redis_model_eternal(struct redis_model *m, const char *prefix);

/* Everything there is as text that is equal when the contents are: keys and fields in
 * order, with types and, in seconds, expiries. */
void redis_model_dump(struct redis_model *m, struct buf *out);

/* Reads the site as snapshot.lua does and parses it; summary_fini and then
 * redis_model_snapshot_fini(@list) by the caller. */
struct model_list {
    struct slice *v;
    size_t n, cap;
    char **owned;
    size_t nowned;
};
int redis_model_snapshot(struct redis_model *m, struct slice site, unsigned minutes,
                         struct summary *s, struct model_list *list);
void redis_model_snapshot_fini(struct model_list *list);

#endif
