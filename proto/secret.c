/* secret: keys by label out of one file.
 *
 * The file's bytes are hashed to a root once; every key is the root's keyed hash of a
 * label. Knowing one key tells nothing about another or the file. Reading happens at
 * start-up only; the text is wiped from memory as soon as it is hashed. */
#include "secret.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "slice.h"

#define DAY_LABEL "headcount visitor day"
#define DAY_VISITORS_LABEL "headcount day visitors"
#define DAY_LABEL_MAX 32

_Static_assert(sizeof((struct key *)0)->b >= crypto_generichash_BYTES_MIN, "BLAKE2b-128");
_Static_assert(sizeof((struct key *)0)->b == crypto_shorthash_KEYBYTES, "SipHash's key");
_Static_assert(sizeof((struct secret *)0)->root == crypto_generichash_BYTES,
               "BLAKE2b-256");

static struct key derive(const struct secret *s, struct slice label)
{
    struct key k;

    crypto_generichash(k.b, sizeof k.b, (const uint8_t *)label.p, label.n, s->root,
                       sizeof s->root);
    return k;
}

/* Reads at most @room bytes. Returns how many, or -1 with the reason in errno. */
static ssize_t read_file(const char *path, char *text, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t n;
    int failed;

    if (!f)
        return -1;
    setvbuf(f, NULL, _IONBF, 0); /* no copy of the secret in a buffer of stdio's */
    n = fread(text, 1, room, f);
    failed = ferror(f) ? errno : 0;
    fclose(f);
    errno = failed;
    return failed ? -1 : (ssize_t)n;
}

static int check_length(size_t n, const char *path, char *err, size_t err_n)
{
    if (n < SECRET_FILE_MIN)
        snprintf(err, err_n,
                 "--secret-file: %s holds %zu bytes, and fewer than %d can be guessed",
                 path, n, SECRET_FILE_MIN);
    else if (n > SECRET_FILE_MAX)
        snprintf(err, err_n, "--secret-file: %s is longer than %d bytes", path,
                 SECRET_FILE_MAX);
    else
        return 0;
    return -1;
}

void secret_init(struct secret *s, const void *bytes, size_t n)
{
    int ready = sodium_init();

    assert(ready >= 0);
    crypto_generichash(s->root, sizeof s->root, bytes, n, NULL, 0);
    s->up = derive(s, SLICE("headcount datagram up"));
    s->down = derive(s, SLICE("headcount datagram down"));
    s->tab = derive(s, SLICE("headcount tab"));
    s->key_id = derive(s, SLICE("headcount key id")).b[0];
}

int secret_read(struct secret *s, const char *path, char *err, size_t err_n)
{
    char text[SECRET_FILE_MAX + 2]; /* a newline, and one byte to see that more comes */
    ssize_t got;
    size_t n;
    int verdict;

    if (!path) {
        snprintf(err, err_n,
                 "--secret-file is missing: name the file that all collectors and the "
                 "aggregator share");
        return -1;
    }
    got = read_file(path, text, sizeof text);
    n = got > 0 ? (size_t)got : 0;
    if (got < 0) {
        snprintf(err, err_n, "--secret-file: cannot read %s: %s", path, strerror(errno));
        return -1;
    }
    if (n > 0 && text[n - 1] == '\n')
        n--;
    verdict = check_length(n, path, err, err_n);
    if (verdict == 0)
        secret_init(s, text, n);
    sodium_memzero(text, sizeof text);
    return verdict;
}

/* The label is @purpose and the number of the day, little endian. */
static struct key derive_of_day(const struct secret *s, struct slice purpose, int64_t day)
{
    char label[DAY_LABEL_MAX + 8];

    assert(purpose.n <= DAY_LABEL_MAX);
    memcpy(label, purpose.p, purpose.n);
    for (int i = 0; i < 8; i++)
        label[purpose.n + (size_t)i] = (char)((uint64_t)day >> 8 * i);
    return derive(s, (struct slice){label, purpose.n + 8});
}

struct key secret_day_key(const struct secret *s, int64_t day)
{
    return derive_of_day(s, SLICE(DAY_LABEL), day);
}

struct key secret_day_visitors_key(const struct secret *s, int64_t day)
{
    return derive_of_day(s, SLICE(DAY_VISITORS_LABEL), day);
}

uint64_t siphash(const struct key *k, const void *bytes, size_t n)
{
    uint8_t h[crypto_shorthash_BYTES];
    uint64_t v = 0;

    crypto_shorthash(h, bytes, n, k->b);
    for (int i = 0; i < 8; i++)
        v |= (uint64_t)h[i] << 8 * i;
    return v;
}
