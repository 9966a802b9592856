/* redis_model: as much of Redis as a commit and a snapshot touch, in memory and virtual
 * time.
 *
 * Hashes with expiry, the commit script's rules written out in C, and the flat list of
 * snapshot.lua. What a commit may do and what a reader sees can so be tested without a
 * server; tests/unit/test_aggregator.c holds the scripts themselves against a real one.
 */
#ifndef HC_REDIS_MODEL_H
#define HC_REDIS_MODEL_H

#include "../../aggregator/command.h"
#include "../../proto/summary.h"

struct model_field {
    char *name, *value;
    size_t name_n, value_n;
};

struct model_key {
    char *name;
    ms_t expires; /* 0: never */
    struct model_field *field;
    size_t n;
};

struct redis_model {
    ms_t now;
    struct model_key *key;
    size_t n;
    struct buf published; /* the latest message */
    size_t messages;
    size_t calls;
};

void redis_model_init(struct redis_model *m, ms_t now);
void redis_model_fini(struct redis_model *m);

/* Moves the clock; keys expire. */
void redis_model_at(struct redis_model *m, ms_t now);

/* Everything is gone, as after FLUSHALL. */
void redis_model_flush(struct redis_model *m);

/* Replaces the keys of @m by those of @from, as a restart from a snapshot does. Keys that
 * are over by @m's clock do not come back. */
void redis_model_restore(struct redis_model *m, const struct redis_model *from);

/* Runs one command of commit.h: EVALSHA of the commit script, or PUBLISH. Returns the
 * reply: "OK", "FENCED", "REGRESS". */
const char *redis_model_run(struct redis_model *m, struct command *c);

/* The value of a field, or the empty slice. */
struct slice redis_model_get(const struct redis_model *m, const char *key,
                             const char *field);

/* Keys that begin with @prefix, and those of them without an expiry. */
size_t redis_model_count(const struct redis_model *m, const char *prefix);
size_t redis_model_eternal(const struct redis_model *m, const char *prefix);

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
