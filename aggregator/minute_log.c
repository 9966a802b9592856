/* minute_log: records waiting in one array, in the order in which they came.
 *
 * A record keeps its place until a commit has taken it to Redis, for that commit goes
 * through the array in several steps while more is appended; one whose minute has left
 * the window meanwhile stays as LOG_GONE. */
#include "minute_log.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 16
#define NIBBLE_MAX 15

_Static_assert(sizeof(struct log_record) == LOG_RECORD_BYTES, "LOG_PENDING_MAX: 64 MiB");

void log_init(struct minute_log *l, uint32_t *written, uint32_t *taken)
{
    *l = (struct minute_log){.written = written, .taken = taken};
}

void log_fini(struct minute_log *l)
{
    free(l->pending);
    log_init(l, l->written, l->taken);
}

static bool reserve(struct minute_log *l)
{
    size_t cap = l->cap ? l->cap * 2 : CAP_MIN;
    struct log_record *pending;

    if (l->n < l->cap)
        return true;
    pending = realloc(l->pending, cap * sizeof *pending);
    if (!pending)
        return false;
    l->pending = pending;
    l->cap = cap;
    return true;
}

bool log_add(struct minute_log *l, unsigned slot, enum log_kind kind, uint64_t visitor,
             uint16_t page, uint8_t state)
{
    if (!reserve(l)) {
        log_overflow(l);
        return false;
    }
    l->renamings += kind == LOG_RENAMED;
    l->pending[l->n++] = (struct log_record){
        .visitor = visitor,
        .page = page,
        .kind = kind,
        .slot = (uint8_t)slot,
        .state = state,
        .renamings = l->renamings,
    };
    return true;
}

void log_clear_slot(struct minute_log *l, unsigned slot)
{
    if (!l->written)
        return;
    l->written[slot] = l->taken[slot] = 0;
    for (size_t i = 0; i < l->n; i++)
        if (l->pending[i].slot == slot)
            l->pending[i].slot = LOG_GONE;
}

void log_overflow(struct minute_log *l)
{
    free(l->pending);
    l->pending = NULL;
    l->n = l->cap = l->sent = 0;
    l->rewrite = true;
}

void log_encode(uint8_t out[LOG_RECORD_BYTES], const struct log_record *r)
{
    uint64_t visitor = htole64(r->visitor);
    uint16_t page = htole16(r->page);
    uint32_t renamings = htole32(r->renamings);

    memcpy(out, &visitor, sizeof visitor);
    memcpy(out + 8, &page, sizeof page);
    out[10] = r->kind;
    out[11] = r->state;
    memcpy(out + 12, &renamings, sizeof renamings);
}

static uint8_t nibble(uint8_t byte)
{
    return byte < NIBBLE_MAX ? byte : NIBBLE_MAX;
}

struct log_record log_decode(const uint8_t in[LOG_RECORD_BYTES])
{
    uint64_t visitor;
    uint16_t page;
    uint32_t renamings;

    memcpy(&visitor, in, sizeof visitor);
    memcpy(&page, in + 8, sizeof page);
    memcpy(&renamings, in + 12, sizeof renamings);
    return (struct log_record){
        .visitor = le64toh(visitor),
        .page = le16toh(page),
        .kind = nibble(in[10]),
        .state = nibble(in[11]),
        .renamings = le32toh(renamings),
    };
}
