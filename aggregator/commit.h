/* commit: what changed in a site -> one script call of absolute values. Pure.
 *
 * Rows and pages that changed since the last commit are written as they stand now, then
 * the commit record {e, q}, then the message is published: one atomic call (commit.lua).
 * Every value is absolute, so repeating a commit whose fate is unknown changes nothing. A
 * commit larger than COMMIT_BYTES_MAX goes out in parts, the record and the message with
 * the last. While one is out the site keeps folding; what changes meanwhile is dirty
 * again. */
#ifndef HC_COMMIT_H
#define HC_COMMIT_H

#include "command.h"
#include "store.h"

/* Compiled in from commit.lua and epoch.lua. */
extern const char commit_lua[];
extern const char epoch_lua[];

struct commit {
    struct store *store;
    struct site *site;
    uint64_t epoch;
    ms_t now;
    bool full;      /* this one rewrites everything */
    bool begun;     /* a part has been built */
    uint64_t rows;  /* slots still to write */
    size_t page;    /* next page id of the row being written */
    uint64_t event; /* next event to write */
};

/* Begins a commit of @s, taken off the dirty list: numbers it, moves what is dirty to in
 * flight. */
void commit_begin(struct commit *c, struct store *st, struct site *s, uint64_t epoch,
                  ms_t now);

/* Builds the next part into @out: EVALSHA @sha 2 META CHANNEL ... Returns true for the
 * last one, which carries the message. Parts are to be run in order; between two the site
 * may be folded into and advanced. @out takes COMMIT_BYTES_MAX bytes; @message is scratch
 * of MESSAGE_MAX bytes and overwritten by each part. */
bool commit_next(struct commit *c, struct slice sha, struct command *out,
                 struct buf *message);

/* The PUBLISH of a site whose numbers changed by time alone. Nothing is written; there is
 * no reply to wait for. */
void commit_tick(struct site *s, uint64_t epoch, ms_t now, struct command *out,
                 struct buf *message);

/* What a reply to a part means. */
enum commit_outcome {
    COMMIT_OK,
    COMMIT_FENCED,    /* another aggregator has a higher epoch */
    COMMIT_REGRESS,   /* Redis lost this site's last commits: rewrite it whole */
    COMMIT_TRANSIENT, /* certainly not done, try again: LOADING BUSY MISCONF OOM READONLY
                         MASTERDOWN CLUSTERDOWN TRYAGAIN NOREPLICAS */
    COMMIT_NOSCRIPT,  /* certainly not done, load the script again */
    COMMIT_UNKNOWN,   /* the connection broke: repeat, it is harmless */
    COMMIT_ERROR,     /* anything else, e.g. WRONGTYPE: rewrite whole, later */
};

/* Classifies a status or error text; NULL text is COMMIT_UNKNOWN. */
enum commit_outcome commit_outcome(const char *text, size_t n, bool is_error);

/* Ends the commit that is out with the first outcome of its parts that is not OK. On
 * anything but OK what was in flight is dirty again, and the next commit rewrites the
 * site whole after REGRESS and ERROR, or if this one did. The site is queued again if it
 * is dirty; not before @retry_at if that is later. */
void commit_end(struct store *st, struct site *s, enum commit_outcome o, ms_t retry_at);

#endif
