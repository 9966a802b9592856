/* A file appears under its name by rename, once it is whole: a process killed while it
 * makes one leaves nothing that the next would take for a ring. Its blocks are there
 * before it is mapped, else a full disk would be a SIGBUS in the middle of a request. */
#include "ring_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sodium.h>

#define MAGIC "HCSPOOL"
#define LAYOUT 1
#define HEAD_BYTES 4096 /* of the file, so that the ring begins on a page */
#define UNFINISHED ".new"

struct head {
    char magic[8];
    uint32_t layout;
    uint32_t key_id;
    uint64_t ring_bytes;
    char boot[BOOT_ID];
};

static uint64_t random_stream(void)
{
    uint64_t stream;

    randombytes_buf(&stream, sizeof stream);
    return stream;
}

static void *ring_at(const struct ring_file *f)
{
    return (char *)f->map + HEAD_BYTES;
}

static int map(struct ring_file *f, int fd, size_t n)
{
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
    void *at = mmap(NULL, n, PROT_READ | PROT_WRITE, flags, fd, 0);

    if (at == MAP_FAILED)
        return -errno;
    f->map = at;
    f->map_n = n;
    return 0;
}

int ring_file_memory(struct ring_file *f, size_t bytes)
{
    int r;

    *f = (struct ring_file){0};
    if ((r = map(f, -1, HEAD_BYTES + bytes)) < 0)
        return r;
    f->ring = ring_init(ring_at(f), bytes, random_stream(), 1);
    return 0;
}

static int fill_new(struct ring_file *f, int fd, size_t bytes)
{
    struct head *h;
    int r = -posix_fallocate(fd, 0, (off_t)(HEAD_BYTES + bytes));

    if (r < 0 || (r = map(f, fd, HEAD_BYTES + bytes)) < 0)
        return r;
    h = f->map;
    *h = (struct head){
        .magic = MAGIC, .layout = LAYOUT, .key_id = f->mark.key_id, .ring_bytes = bytes};
    memcpy(h->boot, f->mark.boot, sizeof h->boot);
    f->ring = ring_init(ring_at(f), bytes, random_stream(), 1);
    return 0;
}

int ring_file_create(struct ring_file *f, int dir, const char *name, size_t bytes,
                     const struct ring_mark *mark)
{
    int fd, r;

    *f = (struct ring_file){.mark = *mark};
    snprintf(f->name, sizeof f->name, "%s", name);
    fd = openat(dir, UNFINISHED, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                0600);
    if (fd < 0)
        return -errno;
    r = fill_new(f, fd, bytes);
    close(fd);
    if (r == 0 && renameat(dir, UNFINISHED, dir, name) < 0)
        r = -errno;
    if (r < 0) {
        unlinkat(dir, UNFINISHED, 0);
        ring_file_close(f);
    }
    return r;
}

/* Reads and checks the first page. */
static int read_head(struct head *h, int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || pread(fd, h, sizeof *h, 0) != (ssize_t)sizeof *h ||
        memcmp(h->magic, MAGIC, sizeof h->magic) != 0 || h->layout != LAYOUT ||
        h->ring_bytes < RING_BYTES_MIN || h->boot[BOOT_ID - 1] != '\0' ||
        st.st_size != (off_t)(HEAD_BYTES + h->ring_bytes))
        return -EBADMSG;
    return 0;
}

static int take_over(struct ring_file *f, int fd)
{
    struct head h;
    int r;

    if ((r = read_head(&h, fd)) < 0 ||
        (r = -posix_fallocate(fd, 0, (off_t)(HEAD_BYTES + h.ring_bytes))) < 0 ||
        (r = map(f, fd, HEAD_BYTES + h.ring_bytes)) < 0)
        return r;
    f->mark.key_id = (uint8_t)h.key_id;
    memcpy(f->mark.boot, h.boot, sizeof f->mark.boot);
    f->ring = ring_adopt(ring_at(f), h.ring_bytes);
    return f->ring ? 0 : -EBADMSG;
}

int ring_file_adopt(struct ring_file *f, int dir, const char *name)
{
    int fd, r;

    *f = (struct ring_file){0};
    snprintf(f->name, sizeof f->name, "%s", name);
    if ((fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC)) < 0)
        return -errno;
    r = take_over(f, fd);
    close(fd);
    if (r < 0)
        ring_file_close(f);
    return r;
}

void ring_file_mark(struct ring_file *f, uint8_t key_id)
{
    struct head *h = f->map;

    f->mark.key_id = key_id;
    h->key_id = key_id;
}

size_t ring_file_bytes(const struct ring_file *f)
{
    return f->map_n - HEAD_BYTES;
}

uint64_t ring_file_hits(const struct ring_file *f)
{
    return ring_hits(f->ring) + ring_open_body(f->ring)->hits;
}

void ring_file_close(struct ring_file *f)
{
    if (f->map)
        munmap(f->map, f->map_n);
    f->map = NULL;
    f->ring = NULL;
}
