/* Happy path: the directory holds one ring for each worker, of the right size and of this
 * boot; each is adopted where it was left, by the same stream.
 *
 * What is found beside that is sorted out before anybody runs: rings without hits are
 * removed, rings from before a boot renamed, all others that have hits are old. Only what
 * nobody here can deliver or understand is an error, because it is the operator who knows
 * what to do: a ring under another secret, and one of another version. */
#include "spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include <sodium.h>
#include "../proto/log.h"
#include "../proto/wire.h"

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"
#define STALE ".stale"

/* The names found, before anything is changed. */
struct names {
    char v[SPOOL_RINGS_MAX][RING_FILE_NAME];
    unsigned n;
    bool too_many;
};

struct reason {
    char *err;
    size_t err_n;
};

/* Puts "--spool DIR/NAME: sentence" together; always -1. */
static int __attribute__((format(printf, 4, 5)))
explain(const struct spool *s, const struct reason *why, const char *name,
        const char *fmt, ...)
{
    char sentence[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    snprintf(why->err, why->err_n, "--spool %s%s%s: %s", s->setup.path, *name ? "/" : "",
             name, sentence);
    return -1;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), k = strlen(end);

    return n >= k && strcmp(name + n - k, end) == 0;
}

void spool_boot_id(char out[BOOT_ID])
{
    int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, out, BOOT_ID - 1);

    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    if (fd >= 0)
        close(fd);
}

static int lock(struct spool *s, const struct reason *why)
{
    s->dir = open(s->setup.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0)
        return explain(s, why, "", "%s", strerror(errno));
    if (flock(s->dir, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return explain(s, why, "",
                       "another collector uses it; give each a directory of its own");
    return explain(s, why, "", "cannot be locked: %s", strerror(errno));
}

static void note_name(struct spool *s, struct names *names, const char *name)
{
    if (strncmp(name, "poison-", 7) == 0) {
        s->poisons++;
    } else if (ends_with(name, STALE)) {
        s->stales++;
    } else if (strncmp(name, "ring-", 5) == 0 && strlen(name) < RING_FILE_NAME) {
        names->too_many |= names->n == SPOOL_RINGS_MAX;
        if (!names->too_many)
            strcpy(names->v[names->n++], name);
    }
}

static int list(struct spool *s, struct names *names, const struct reason *why)
{
    DIR *d = opendir(s->setup.path);
    struct dirent *e;

    names->n = 0;
    names->too_many = false;
    if (d == NULL)
        return explain(s, why, "", "%s", strerror(errno));
    /* cppcheck-suppress readdirCalled ; nobody else reads from this one */
    while ((e = readdir(d)))
        note_name(s, names, e->d_name);
    closedir(d);
    return names->too_many ? explain(s, why, "", "more than %d rings; is it a spool?",
                                     SPOOL_RINGS_MAX)
                           : 0;
}

/* Which worker's own ring @f is, or -1. */
static int owner(const struct spool *s, const struct ring_file *f)
{
    for (unsigned i = 0; i < s->setup.workers; i++) {
        char name[RING_FILE_NAME];

        snprintf(name, sizeof name, "ring-%u", i);
        if (strcmp(name, f->name) == 0)
            return (int)i;
    }
    return -1;
}

static int rename_to(struct spool *s, struct ring_file *f, const char *name,
                     const struct reason *why)
{
    if (renameat(s->dir, f->name, s->dir, name) < 0)
        return explain(s, why, f->name, "%s", strerror(errno));
    snprintf(f->name, sizeof f->name, "%s", name);
    return 0;
}

/* The ages of its hits are unknown: they can be counted only as lost. */
static int sort_stale(struct spool *s, struct ring_file *f, const struct reason *why)
{
    char name[RING_FILE_NAME], boot[BOOT_ID];
    uint64_t hits = ring_file_hits(f);
    int r = 0;

    s->expired += hits;
    log_line("event=spool_stale file=%s hits=%" PRIu64, f->name, hits);
    log_safe(boot, sizeof boot, f->mark.boot, strlen(f->mark.boot));
    if (strchr(boot, '/')) /* somebody else wrote that: no part of a name */
        strcpy(boot, "unknown");
    snprintf(name, sizeof name, "%.40s.%s" STALE, f->name, boot);
    if (s->stales >= SPOOL_STALE_MAX) {
        spool_remove(s, f);
        return 0;
    }
    s->stales++;
    r = rename_to(s, f, name, why);
    ring_file_close(f);
    return r;
}

/* To be delivered beside a worker's own; @is_own: the name is wanted for a new one. */
static int sort_old(struct spool *s, struct ring_file *f, bool is_own,
                    const struct reason *why)
{
    char name[RING_FILE_NAME];

    snprintf(name, sizeof name, "%.40s.%016" PRIx64, f->name, ring_stream(f->ring));
    if (is_own && rename_to(s, f, name, why) < 0) {
        ring_file_close(f);
        return -1;
    }
    log_line("event=spool_adopted file=%s hits=%" PRIu64, f->name, ring_file_hits(f));
    s->old[s->nold++] = *f;
    return 0;
}

static bool has_key(const struct spool_setup *setup, uint8_t key_id)
{
    bool has = key_id == setup->mark.key_id;

    for (unsigned i = 0; i < setup->nalso; i++)
        has |= key_id == setup->also[i];
    return has;
}

static int sort_ring(struct spool *s, struct ring_file *f, const struct reason *why)
{
    bool same_boot = strcmp(f->mark.boot, s->setup.mark.boot) == 0;
    bool same_key = has_key(&s->setup, f->mark.key_id);
    int own = owner(s, f);

    if (same_key)
        ring_file_mark(f, s->setup.mark.key_id);
    if (same_boot && same_key && own >= 0 && ring_file_bytes(f) == s->setup.ring_bytes) {
        if (ring_file_hits(f) > 0)
            log_line("event=spool_adopted file=%s hits=%" PRIu64, f->name,
                     ring_file_hits(f));
        s->own[own] = *f;
        return 0;
    }
    if (ring_file_hits(f) == 0) {
        spool_remove(s, f);
        return 0;
    }
    if (!same_boot)
        return sort_stale(s, f, why);
    if (same_key)
        return sort_old(s, f, own >= 0, why);
    explain(s, why, f->name,
            "its %" PRIu64 " hits can be delivered only with the --secret-file they were "
            "taken with; use that, or remove the file",
            ring_file_hits(f));
    ring_file_close(f);
    return -1;
}

static int sort_all(struct spool *s, const struct names *names, const struct reason *why)
{
    for (unsigned i = 0; i < names->n; i++) {
        struct ring_file f;
        int r = ring_file_adopt(&f, s->dir, names->v[i]);

        if (r == -EBADMSG)
            return explain(s, why, names->v[i],
                           "not a ring of this version; deliver it with the version that "
                           "made it, or remove it");
        if (r < 0)
            return explain(s, why, names->v[i], "%s", strerror(-r));
        if (sort_ring(s, &f, why) < 0)
            return -1;
    }
    return 0;
}

int spool_open(struct spool *s, const struct spool_setup *setup, char *err, size_t err_n)
{
    struct reason why = {err, err_n};
    struct names *names;
    int r;

    memset(s, 0, sizeof *s);
    s->setup = *setup;
    s->dir = -1;
    if (setup->path == NULL)
        return 0;
    if (setup->mark.boot[0] == '\0')
        return explain(s, &why, "", "needs " BOOT_ID_FILE " to know rings of this boot");
    if ((names = malloc(sizeof *names)) == NULL)
        abort();
    if ((r = lock(s, &why)) == 0 && (r = list(s, names, &why)) == 0)
        r = sort_all(s, names, &why);
    free(names);
    if (r < 0)
        spool_close(s);
    return r;
}

int spool_ring(struct spool *s, unsigned n, struct ring_file *f, char *err, size_t err_n)
{
    struct reason why = {err, err_n};
    char name[RING_FILE_NAME];
    int r;

    *f = s->own[n];
    s->own[n] = (struct ring_file){0};
    if (f->ring)
        return 0;
    if (s->dir < 0) {
        r = ring_file_memory(f, s->setup.ring_bytes);
        if (r < 0)
            snprintf(err, err_n, "--ring: no memory for it: %s", strerror(-r));
        return r < 0 ? -1 : 0;
    }
    snprintf(name, sizeof name, "ring-%u", n);
    r = ring_file_create(f, s->dir, name, s->setup.ring_bytes, &s->setup.mark);
    return r < 0 ? explain(s, &why, "", "no ring of %zu MiB: %s; see --ring",
                           s->setup.ring_bytes >> 20, strerror(-r))
                 : 0;
}

bool spool_old(struct spool *s, unsigned n, struct ring_file *f)
{
    for (unsigned i = n; i < s->nold; i += s->setup.workers) {
        if (s->old[i].ring == NULL)
            continue;
        *f = s->old[i];
        s->old[i] = (struct ring_file){0};
        return true;
    }
    return false;
}

void spool_remove(struct spool *s, struct ring_file *f)
{
    if (f->name[0])
        unlinkat(s->dir, f->name, 0);
    ring_file_close(f);
}

static bool write_poison(struct spool *s, const char *name, const uint8_t *bytes,
                         size_t n)
{
    ssize_t written;
    int fd;

    if (s->dir < 0 ||
        __atomic_fetch_add(&s->poisons, 1, __ATOMIC_RELAXED) >= SPOOL_POISON_MAX)
        return false;
    fd = openat(s->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    written = write(fd, bytes, n);
    close(fd);
    return written == (ssize_t)n;
}

void spool_set_aside(struct spool *s, const uint8_t *bytes, size_t n)
{
    char name[RING_FILE_NAME], hex[2 * DATAGRAM_MAX + 1];
    struct wire_head h = {0};
    const uint8_t *body;
    size_t body_n;

    wire_open(bytes, n, NULL, &h, &body, &body_n);
    snprintf(name, sizeof name, "poison-%016" PRIx64 "-%" PRIu64 ".datagram", h.stream,
             h.seq);
    if (write_poison(s, name, bytes, n))
        log_line("event=poison file=%s", name);
    else /* the line's bound cuts it; the beginning says most */
        log_line("event=poison stream=%016" PRIx64 " seq=%" PRIu64 " bytes=%s", h.stream,
                 h.seq, sodium_bin2hex(hex, sizeof hex, bytes, n));
}

void spool_close(struct spool *s)
{
    for (unsigned i = 0; i < WORKERS_MAX; i++)
        ring_file_close(&s->own[i]);
    for (unsigned i = 0; i < s->nold; i++)
        ring_file_close(&s->old[i]);
    if (s->dir >= 0)
        close(s->dir);
    s->dir = -1;
}
