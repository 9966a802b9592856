/* commit_ops: the operations that parts of a commit are made of, each one command of
 * command_op. Pure.
 *
 * With @staged they write under the staged names (key_staged). What may make a key sets
 * its expiry too, if it has made it (OP_HSET_AT, OP_HSET_IN) or always, behind it:
 * one that lies in the past on Redis' clock deletes the key. */
#ifndef HC_COMMIT_OPS_H
#define HC_COMMIT_OPS_H

#include "../proto/keys.h"
#include "command.h"
#include "site.h"

/* Where in a command a field lies, the one of event @id. */
struct op_place {
    uint64_t id; /* 0: nowhere */
    size_t arg;
};

/* The minute whose row lies in @slot. */
minute_t slot_minute(const struct site *s, unsigned slot);

/* @key, or the name under which it is staged. */
struct key_name op_named(struct key_name key, bool staged);

/* Begins to set fields of @key, which is of minute @m: for command_op_end. */
size_t op_fields(struct command *c, const struct site *s, struct key_name key,
                 minute_t m);

/* Ends the operation @at, or takes it back, to @none, if nothing was added since it was
 * @begun. */
void op_end_fields(struct command *c, size_t at, struct command_mark begun,
                   struct command_mark none);

/* The row's counts, and `n`, the number of valid log records. */
void op_row_head(struct command *c, const struct site *s, unsigned slot, bool staged);

/* Changes nothing, and fails if @key is there and no hash. */
void op_try(struct command *c, struct key_name key);

/* The part is refused, as REGRESS, unless totals are there with all their fields. */
void op_try_totals(struct command *c, const struct site *s);

/* All that is counted for ever; with @brief what of it has changed. No expiry. */
void op_totals(struct command *c, struct site *s, bool brief);

/* Appends @n records to the logs of their minutes, behind those taken already, and says
 * each time until when Redis keeps the key: it tells of people. */
void op_records(struct command *c, struct site *s, const struct log_record *r, size_t n,
                bool staged);

/* Events of the feed from @id on, up to @room bytes of text, in one operation: there are
 * RECENT_MAX at most. Notes where they are in @place; returns the id to go on with. */
uint64_t op_events(struct command *c, const struct site *s, uint64_t id, size_t room,
                   struct buf *scratch, bool staged, struct op_place *place);

/* The texts of events as they stand there, from that of @id to @last, into @out. */
void op_event_texts(const struct command *c, struct op_place place, uint64_t id,
                    uint64_t last, struct slice *out);

/* That @key, of minute @m, is kept as long as that. */
void op_expire(struct command *c, const struct site *s, struct key_name key, minute_t m);

/* That keys which may be older are kept as long as their row, or the newest one. */
void op_expire_feed(struct command *c, const struct site *s);
void op_expire_row(struct command *c, const struct site *s, minute_t m);
void op_expire_traits(struct command *c, const struct site *s, minute_t m);

void op_delete(struct command *c, struct key_name key);

/* RENAME of the staged key, or DEL of @key where nothing was staged (commit.lua). */
void op_unstage(struct command *c, struct key_name key);

#endif
