/* minute_log: who was seen in a minute, and where: what a restarted aggregator learns a
 * site from. Pure.
 *
 * For each minute Redis holds a string hc:{S}:l:MIN of 16-byte records, little endian:
 *
 *    0  u64  visitor          8  u16  page id (hc:{S}:pg), 0xffff: none named
 *   10  u8   kind            11  u8   state (enum hit_state)
 *   12  u32  how many renamings the log has been told of, with this record's own
 *
 *   SEEN     the visitor was seen in this minute, on this page; one more when it moves to
 *            another page in its latest minute
 *   RENAMED  followed by OLD: the visitor of OLD is the one of RENAMED from now on
 *   LEFT     the visitor's last tab said goodbye in this minute
 *
 * The state of SEEN is the one the visitor is present in (presence.h), when that is known
 * of its latest minute; else zero. So the newest record of a visitor tells whether it was
 * there in the end.
 *
 * Read backwards, newest minute first, the first record of a visitor tells its latest
 * minute and page and the others its earlier minutes. A record more, or one again,
 * changes nothing: the log may be ahead of the counts, never behind. Records are written
 * at known offsets, so that a commit may be repeated; how many are valid stands in the
 * minute's row as `n`, written with the commit record.
 *
 * A renaming is of the records before it alone: an office's id, whose visitor was named,
 * is somebody else's from the next hit on. Their order is the file's within a minute
 * only, and a hit that comes late is logged in a minute that is over. So each record says
 * how many renamings there were before it (modulo 2^32; a window has far fewer), and of
 * the old id those belong to the new one that say fewer than the renaming itself does.
 *
 * Here wait the records that Redis does not have yet. */
#ifndef HC_MINUTE_LOG_H
#define HC_MINUTE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_RECORD_BYTES 16

/* The slot of a record whose minute has left the window: it is not written. */
#define LOG_GONE 0xff

enum log_kind { LOG_SEEN, LOG_RENAMED, LOG_OLD, LOG_LEFT };

struct log_record {
    uint64_t visitor;
    uint16_t page;
    uint16_t kind : 4; /* enum log_kind; others are of a later version and skipped */
    uint16_t slot : 8; /* of the site's ring, or LOG_GONE; not written */
    uint16_t state : 4;
    uint32_t renamings;
};

struct minute_log {
    struct log_record *pending; /* oldest first */
    size_t n, cap;
    size_t sent;        /* of them, in the commit that is out */
    uint32_t renamings; /* logged so far */
    uint32_t *written;  /* per slot: records valid in Redis; the site's memory */
    uint32_t *taken;    /* per slot: and with those in the commit that is out */
    bool rewrite;       /* Redis' log is worth nothing: write it from the visitors */
};

void log_init(struct minute_log *l, uint32_t *written, uint32_t *taken);
void log_fini(struct minute_log *l);

/* Whether a record that says @a renamings was logged later than one that says @b. */
static inline bool log_is_later(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

/* Appends. Returns false when out of memory: then rewrite is set and what waited is
 * dropped. */
bool log_add(struct minute_log *l, unsigned slot, enum log_kind kind, uint64_t visitor,
             uint16_t page, uint8_t state);

/* The row of @slot leaves the window: its records are forgotten. They keep their places
 * in `pending`, as LOG_GONE. */
void log_clear_slot(struct minute_log *l, unsigned slot);

/* Drops what waits, to be written anew from the visitors. */
void log_overflow(struct minute_log *l);

void log_encode(uint8_t out[LOG_RECORD_BYTES], const struct log_record *r);
struct log_record log_decode(const uint8_t in[LOG_RECORD_BYTES]);

#endif
