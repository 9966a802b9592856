/* ring_file: a ring and the memory it lies in, which is the process's own or a file's.
 *
 * A file is one page about itself and then the ring. It is mapped shared: what has been
 * written to it is there for whoever maps it next, however the writer ended. It need not
 * outlive the machine, since after a boot nobody can tell how old its hits are; so a file
 * system in memory will do. */
#ifndef HC_RING_FILE_H
#define HC_RING_FILE_H

#include "../proto/ring.h"

#define RING_FILE_NAME 96 /* bytes of a name with its NUL */
#define BOOT_ID 40        /* bytes of a boot's name with its NUL */

/* Who can use a ring: its times are of one boot, its visitors hashed under one secret. */
struct ring_mark {
    char boot[BOOT_ID];
    uint8_t key_id;
};

struct ring_file {
    struct ring *ring; /* NULL: nothing */
    void *map;
    size_t map_n;
    struct ring_mark mark;
    char name[RING_FILE_NAME]; /* in its directory, "" when it is no file */
};

/* An empty ring of @bytes in memory of the process; none of it is used before something
 * is added. Returns 0 or a negative errno. */
int ring_file_memory(struct ring_file *f, size_t bytes);

/* Makes the file @name in @dir, with all its blocks, so that nothing can go wrong with it
 * later; one that exists is replaced. Returns 0 or a negative errno. */
int ring_file_create(struct ring_file *f, int dir, const char *name, size_t bytes,
                     const struct ring_mark *mark);

/* Takes over the file @name. Returns 0 or a negative errno, -EBADMSG when it is not a
 * ring that this build can read. */
int ring_file_adopt(struct ring_file *f, int dir, const char *name);

/* Whoever finds it needs the secret of @key_id: what is in it is signed when it is sent.
 */
void ring_file_mark(struct ring_file *f, uint8_t key_id);

/* As it was asked for. */
size_t ring_file_bytes(const struct ring_file *f);

/* Hits in it, those of the open body included. */
uint64_t ring_file_hits(const struct ring_file *f);

/* Lets the memory go; a file stays. */
void ring_file_close(struct ring_file *f);

#endif
