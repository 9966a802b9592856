/* secret: the shared secret file, and the keys derived from it.
 *
 * One file, the same on every node, from which each purpose takes its own key by label
 * (keyed BLAKE2b, libsodium crypto_generichash), so that no key serves two purposes.
 *
 * The file is one secret. While it is changed it is two, of printable ASCII, a line each:
 *
 *    2026-12-01 UoTvFZ7mGGrQ2tXo9Q0Yw3mQ8Zk1JxAV
 *    w3X1Rz0dX0p8sYc7f4M2kq9B5nT6uHgE
 *
 * What is sent is signed under the first, and what comes may be under either. So nodes
 * may be given the new one as a second line one after the other, then as the first, and
 * at last without the old one, while they talk to each other all the time. Visitors are
 * hashed under the newest whose day has come, and one without a day is the oldest: nobody
 * becomes another in the middle of a day, on whichever node. */
#ifndef HC_SECRET_H
#define HC_SECRET_H

#include <stddef.h>
#include <stdint.h>
#include "slice.h"
#include "units.h"

#define SECRET_FILE_MIN 16   /* bytes; less can be guessed */
#define SECRET_FILE_MAX 4096 /* bytes; more is not a secret but a wrong file */
#define SECRETS_MAX 2        /* the old one and the new one */

struct key {
    uint8_t b[16]; /* SipHash-2-4 and SipHash-2-4-128 take 16 bytes */
};

/* What one line of the file gives. */
struct secret_keys {
    struct key up;    /* MAC of datagrams from collector to aggregator */
    struct key down;  /* MAC of datagrams from aggregator to collector */
    struct key tab;   /* hashes page-view ids; does not change with the day */
    int64_t since;    /* the first UTC day of its visitors; INT64_MIN: none was given */
    uint8_t key_id;   /* one byte that names the secret without telling it */
    uint8_t root[32]; /* for day keys */
};

struct secret {
    struct secret_keys v[SECRETS_MAX]; /* the first signs, all are accepted */
    unsigned n;                        /* at least 1 */
};

/* Derives one secret from @n bytes, whatever they are. */
void secret_init(struct secret *s, const void *bytes, size_t n);

/* Derives from the text of a file: from its lines that are not empty, each with its day
 * or without; with bytes in it that are no printable ASCII it is one secret, and only one
 * newline at the end does not count. Returns 0, or -1 with one sentence in @err that
 * names --secret-file and @path: one shorter than SECRET_FILE_MIN, all of it longer than
 * SECRET_FILE_MAX, more than SECRETS_MAX, a day that there is none or that both have, or
 * a day in front of a line beside bytes that are no printable ASCII. */
int secret_parse(struct secret *s, struct slice text, const char *path, char *err,
                 size_t err_n);

/* Reads @path and parses it. Returns 0, or -1 with one sentence in @err, also when @path
 * is NULL, or the file missing or unreadable. */
int secret_read(struct secret *s, const char *path, char *err, size_t err_n);

/* The key of page-view ids on the UTC day number @day (ms / 86,400,000). */
const struct key *secret_tab_key(const struct secret *s, int64_t day);

/* The visitors' key of that day. */
struct key secret_day_key(const struct secret *s, int64_t day);

/* The key of the hashes that are kept of that day's visitors. */
struct key secret_day_visitors_key(const struct secret *s, int64_t day);

/* SipHash-2-4 of @n bytes (libsodium crypto_shorthash). For every table that strangers
 * feed, and for visitor ids. */
uint64_t siphash(const struct key *k, const void *bytes, size_t n);

#endif
