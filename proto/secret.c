/* secret: keys by label out of one file.
 *
 * The bytes of a secret are hashed to a root once; every key is the root's keyed hash of
 * a label. Knowing one key tells nothing about another or the file. The text is wiped
 * from memory as soon as it is hashed. */
#include "secret.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <endian.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_LABEL "headcount visitor day"
#define DAY_VISITORS_LABEL "headcount day visitors"
#define DAY_LABEL_MAX 32
#define DAY_TEXT 11 /* "2026-12-01 " */
#define SECONDS_PER_DAY 86400

_Static_assert(sizeof((struct key *)0)->b >= crypto_generichash_BYTES_MIN, "BLAKE2b-128");
_Static_assert(sizeof((struct key *)0)->b == crypto_shorthash_KEYBYTES, "SipHash's key");
_Static_assert(sizeof((struct secret_keys *)0)->root == crypto_generichash_BYTES,
               "BLAKE2b-256");

static struct key derive(const struct secret_keys *s, struct slice label)
{
    struct key k;

    crypto_generichash(k.b, sizeof k.b, (const uint8_t *)label.p, label.n, s->root,
                       sizeof s->root);
    return k;
}

static void derive_all(struct secret_keys *k, int64_t since, struct slice bytes)
{
    memset(k, 0, sizeof *k); /* the padding too, so that equal ones are equal bytes */
    crypto_generichash(k->root, sizeof k->root, (const uint8_t *)bytes.p, bytes.n, NULL,
                       0);
    k->since = since;
    k->up = derive(k, SLICE("headcount datagram up"));
    k->down = derive(k, SLICE("headcount datagram down"));
    k->tab = derive(k, SLICE("headcount tab"));
    k->key_id = derive(k, SLICE("headcount key id")).b[0];
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

/* Whose visitors those of @day are. */
static const struct secret_keys *keys_of(const struct secret *s, int64_t day)
{
    const struct secret_keys *k = &s->v[0];

    for (unsigned i = 1; i < s->n; i++) {
        const struct secret_keys *other = &s->v[i];

        if (other->since <= day ? k->since > day || other->since > k->since
                                : k->since > day && other->since < k->since)
            k = other;
    }
    return k;
}

static int check_length(size_t n, const char *path, char *err, size_t err_n)
{
    if (n < SECRET_FILE_MIN)
        snprintf(err, err_n,
                 "--secret-file: %s holds a secret of %zu bytes, and fewer than %d can "
                 "be guessed",
                 path, n, SECRET_FILE_MIN);
    else if (n > SECRET_FILE_MAX)
        snprintf(err, err_n, "--secret-file: %s is longer than %d bytes", path,
                 SECRET_FILE_MAX);
    else
        return 0;
    return -1;
}

static bool is_text(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\n' && (s.p[i] < ' ' || s.p[i] > '~'))
            return false;
    return true;
}

/* Whether the first @n of DAY_TEXT bytes are there. */
static bool starts_like_a_day(struct slice s, size_t n)
{
    static const char shape[] = "dddd-dd-dd ";

    if (s.n < n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (shape[i] == 'd' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != shape[i])
            return false;
    return true;
}

static struct slice take_line(struct slice *text)
{
    const char *end = memchr(text->p, '\n', text->n);
    struct slice line = {text->p, end ? (size_t)(end - text->p) : text->n};

    *text = slice_skip(*text, line.n + (end != NULL));
    return line;
}

/* Whether somebody means lines, of what cannot be read as such. */
static bool is_dated(struct slice text)
{
    while (text.n > 0)
        if (starts_like_a_day(take_line(&text), DAY_TEXT - 1))
            return true;
    return false;
}

static int number_at(const char *p, int digits)
{
    int v = 0;

    while (digits-- > 0)
        v = v * 10 + (*p++ - '0');
    return v;
}

/* Takes "YYYY-MM-DD " off the line, if it starts so. Returns 0, or -1 when there is no
 * such day. */
static int take_day(struct slice *line, int64_t *since)
{
    struct tm t = {0}, same;
    time_t at;

    *since = INT64_MIN;
    if (!starts_like_a_day(*line, DAY_TEXT))
        return 0;
    t.tm_year = number_at(line->p, 4) - 1900;
    t.tm_mon = number_at(line->p + 5, 2) - 1;
    t.tm_mday = number_at(line->p + 8, 2);
    same = t;
    at = timegm(&same);
    if (same.tm_mon != t.tm_mon || same.tm_mday != t.tm_mday)
        return -1;
    *since = (int64_t)at / SECONDS_PER_DAY;
    *line = slice_skip(*line, DAY_TEXT);
    return 0;
}

/* One line more. Returns 0, or -1 with a sentence. */
static int add(struct secret *s, struct slice line, const char *path, char *err,
               size_t err_n)
{
    int64_t since;

    if (s->n == SECRETS_MAX)
        snprintf(err, err_n, "--secret-file: %s holds more than %d secrets, a line each",
                 path, SECRETS_MAX);
    else if (take_day(&line, &since) < 0)
        snprintf(err, err_n, "--secret-file: %s: there is no day %.10s", path, line.p);
    else if (s->n > 0 && since == s->v[0].since)
        snprintf(err, err_n,
                 "--secret-file: %s holds two secrets; write before the new one from "
                 "which day on visitors are hashed under it, like 2026-12-01 and a blank",
                 path);
    else if (check_length(line.n, path, err, err_n) == 0) {
        derive_all(&s->v[s->n++], since, line);
        return 0;
    }
    return -1;
}

static void init(struct secret *s)
{
    int ready = sodium_init();

    assert(ready >= 0);
    memset(s, 0, sizeof *s);
}

void secret_init(struct secret *s, const void *bytes, size_t n)
{
    init(s);
    derive_all(&s->v[s->n++], INT64_MIN, (struct slice){bytes, n});
}

/* All of them are one secret. With a day in front of a line they would be one that no
 * other node has. */
static int take_bytes(struct secret *s, struct slice bytes, const char *path, char *err,
                      size_t err_n)
{
    if (!is_dated(bytes)) {
        secret_init(s, bytes.p, bytes.n);
        return 0;
    }
    snprintf(err, err_n,
             "--secret-file: %s has a day in front of a secret, and bytes that are no "
             "printable ASCII, perhaps a CR at the end of a line",
             path);
    return -1;
}

int secret_parse(struct secret *s, struct slice text, const char *path, char *err,
                 size_t err_n)
{
    size_t n = text.n;

    init(s);
    if (n > 0 && text.p[n - 1] == '\n')
        n--;
    if (check_length(n, path, err, err_n) < 0)
        return -1;
    if (!is_text(text))
        return take_bytes(s, (struct slice){text.p, n}, path, err, err_n);
    while (text.n > 0) {
        struct slice line = take_line(&text);

        if (line.n > 0 && add(s, line, path, err, err_n) < 0)
            return -1;
    }
    return s->n > 0 ? 0 : check_length(0, path, err, err_n);
}

int secret_read(struct secret *s, const char *path, char *err, size_t err_n)
{
    char text[SECRET_FILE_MAX + 2]; /* a newline, and one byte to see that more comes */
    ssize_t got;
    int verdict;

    if (!path) {
        snprintf(err, err_n,
                 "--secret-file is missing: name the file that all collectors and the "
                 "aggregator share");
        return -1;
    }
    got = read_file(path, text, sizeof text);
    if (got < 0) {
        snprintf(err, err_n, "--secret-file: cannot read %s: %s", path, strerror(errno));
        return -1;
    }
    verdict = secret_parse(s, (struct slice){text, (size_t)got}, path, err, err_n);
    sodium_memzero(text, sizeof text);
    return verdict;
}

const struct key *secret_tab_key(const struct secret *s, int64_t day)
{
    return &keys_of(s, day)->tab;
}

/* The label is @purpose and the number of the day, little endian. */
static struct key derive_of_day(const struct secret *s, struct slice purpose, int64_t day)
{
    char label[DAY_LABEL_MAX + 8];

    assert(purpose.n <= DAY_LABEL_MAX);
    memcpy(label, purpose.p, purpose.n);
    for (int i = 0; i < 8; i++)
        label[purpose.n + (size_t)i] = (char)((uint64_t)day >> 8 * i);
    return derive(keys_of(s, day), (struct slice){label, purpose.n + 8});
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
    uint64_t v;

    crypto_shorthash(h, bytes, n, k->b);
    memcpy(&v, h, sizeof v);
    return le64toh(v);
}
