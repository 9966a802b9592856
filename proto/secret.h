/* secret: the shared secret file, and the keys derived from it.
 *
 * One file, the same on every node, from which each purpose takes its own key by label
 * (keyed BLAKE2b, libsodium crypto_generichash), so that no key serves two purposes. */
#ifndef HC_SECRET_H
#define HC_SECRET_H

#include <stddef.h>
#include <stdint.h>
#include "units.h"

#define SECRET_FILE_MIN 16   /* bytes; less can be guessed */
#define SECRET_FILE_MAX 4096 /* bytes; more is not a secret but a wrong file */

struct key {
    uint8_t b[16]; /* SipHash-2-4 and SipHash-2-4-128 take 16 bytes */
};

struct secret {
    struct key up;    /* MAC of datagrams from collector to aggregator */
    struct key down;  /* MAC of datagrams from aggregator to collector */
    struct key tab;   /* hashes page-view ids; does not change with the day */
    uint8_t key_id;   /* one byte that names the secret without telling it */
    uint8_t root[32]; /* for day keys */
};

/* Derives from @n bytes of text. */
void secret_init(struct secret *s, const void *bytes, size_t n);

/* Reads @path, cuts one trailing newline, and derives. Returns 0, or -1 with one sentence
 * in @err (which names the option --secret-file): @path is NULL, or the file missing,
 * unreadable, shorter than SECRET_FILE_MIN, too long. */
int secret_read(struct secret *s, const char *path, char *err, size_t err_n);

/* The visitors' key of the UTC day number @day (ms / 86,400,000). */
struct key secret_day_key(const struct secret *s, int64_t day);

/* The key of the hashes that are kept of that day's visitors. */
struct key secret_day_visitors_key(const struct secret *s, int64_t day);

/* SipHash-2-4 of @n bytes (libsodium crypto_shorthash). For every table that strangers
 * feed, and for visitor ids. */
uint64_t siphash(const struct key *k, const void *bytes, size_t n);

#endif
