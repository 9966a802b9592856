/* commit: what changed in a site -> one script call of absolute values. Pure.
 *
 * The last part of a commit is a picture of the site in the instant in which it is built:
 * the counts of every row that Redis does not have as they are, the number of valid log
 * records, the totals, how many are online, the feed's new events, the marks of the
 * senders, the commit record {e, q}, and then the message: one atomic call (commit.lua).
 * Every value is absolute, so repeating a commit whose fate is unknown changes nothing.
 *
 * What may be ahead of the record goes before it in as many parts as COMMIT_BYTES_MAX
 * wants: log records (those behind `n` are not valid yet), ids of pages, and who was and
 * who is on which page, which a loader counts anew from the log. While a part of that
 * kind is there without its last one, the meta hash says so (x 1).
 *
 * A whole rewrite (s->full) writes rows and traits under staged names (key_staged),
 * renames them with the last part and deletes those that are no more: readers and loaders
 * see the one site or the other, never a half. With log.rewrite the logs are written anew
 * from the visitors, staged too. Its first part claims the site for the epoch.
 *
 * Who is online expires soon (ONLINE_TTL_S). Where it may have, and of a site that was
 * just read back, it is written whole, staged like a rewrite.
 *
 * While a commit is out the site keeps folding; what changes after the last part was
 * built is dirty again. */
#ifndef HC_COMMIT_H
#define HC_COMMIT_H

#include <hiredis/hiredis.h>
#include "command.h"
#include "commit_ops.h"
#include "store.h"

/* Compiled in from commit.lua and epoch.lua. */
extern const char commit_lua[];
extern const char epoch_lua[];

struct commit {
    struct store *store;
    struct site *site;
    uint64_t epoch;
    ms_t now;
    bool full;        /* this one rewrites everything */
    bool relog;       /* and the logs too */
    bool whole;       /* this one writes all of who is online */
    bool brief;       /* this one need not tell what was told before */
    uint64_t part;    /* number of the next one */
    minute_t ahead;   /* of a rewrite: those before this one are deleted */
    uint64_t rows;    /* slots whose pages are still to be written */
    uint64_t paged;   /* slots whose pages are in the part that is being built */
    size_t page;      /* next page id of the row being written */
    size_t online;    /* next page id of those that may be open */
    uint64_t counted; /* the part behind the one that says how many are online, 0: none */
    uint64_t visitor; /* of a log written anew: those up to this id are done */
    bool visited;     /* all of them */
    bool retitled;    /* the titles that were there are deleted */
    bool too_large;   /* for one last part: it is to become a rewrite */
    uint64_t event;   /* next event to write */
    struct op_place fed; /* in the part that is being built: the first one */
    bool feed_staged;    /* the feed is too long for the last part alone */
};

/* Begins a commit of @s, live and taken off the dirty list: numbers it, moves what is
 * dirty to in flight. */
void commit_begin(struct commit *c, struct store *st, struct site *s, uint64_t epoch,
                  ms_t now);

/* Builds the next part into @out: EVALSHA @sha 2 META CHANNEL ... Returns true for the
 * last one, which carries the message. Parts are to be run in order; between two the site
 * may be folded into and advanced. @out takes COMMIT_BYTES_MAX bytes; @message is scratch
 * of MESSAGE_MAX bytes and overwritten by each part. */
bool commit_next(struct commit *c, struct slice sha, struct command *out,
                 struct buf *message);

/* Whether the rest of it comes too late for the part that tells who is online, which may
 * expire before it is there: then it is to be given up, and the next one writes all of
 * that. Parts that are slow in sum, and a clock that steps ahead among them, find it so.
 */
bool commit_is_late(const struct commit *c, ms_t now);

/* Whether only the minute turned: then commit_tick will do. Not where somebody is online,
 * which Redis knows for ONLINE_TTL_S only. */
bool commit_is_tick(const struct site *s);

/* The PUBLISH of a site whose numbers changed by time alone. Nothing is written; there is
 * no reply to wait for. */
void commit_tick(struct site *s, uint64_t epoch, ms_t now, struct command *out,
                 struct buf *message);

/* Whether @reply is OK with goals and alerts, because @s knew another version of them:
 * then it knows these. Of a site that is no more, NULL, nothing is kept. Those that
 * cannot be read are added to @bad. */
bool commit_goals(struct site *s, const redisReply *reply, uint64_t *bad);

/* What a reply to a part means. */
enum commit_outcome {
    COMMIT_OK,
    COMMIT_FENCED,    /* another aggregator has written: commit_fenced_by */
    COMMIT_REGRESS,   /* Redis lost this site's last commits: rewrite it whole */
    COMMIT_TRANSIENT, /* certainly not done, try again: LOADING BUSY MISCONF OOM READONLY
                         MASTERDOWN CLUSTERDOWN TRYAGAIN NOREPLICAS */
    COMMIT_NOSCRIPT,  /* certainly not done, load the script again */
    COMMIT_UNKNOWN,   /* the connection broke: repeat, it is harmless */
    COMMIT_ERROR,     /* anything else, e.g. WRONGTYPE: rewrite whole, later */
};

/* Classifies a status or error text; NULL text is COMMIT_UNKNOWN. */
enum commit_outcome commit_outcome(const char *text, size_t n, bool is_error);

/* The epoch that "FENCED e", a reply of commit.lua or claim.lua, names; 0: none that
 * could be one. The next epoch must be above it. */
uint64_t commit_fenced_by(const char *text, size_t n);

/* Ends the commit that is out with the first outcome of its parts that is not OK. On
 * anything but OK what was in flight is dirty again, and the next commit rewrites the
 * site whole after REGRESS and ERROR, or if this one did. The site is queued again if it
 * is dirty; not before @retry_at if that is later. */
void commit_end(struct store *st, struct site *s, enum commit_outcome o, ms_t retry_at);

#endif
