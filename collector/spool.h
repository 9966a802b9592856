/* spool: the directory in which the workers' rings outlive the process (--spool).
 *
 *   ring-N               the ring of worker N
 *   ring-N.STREAM        one of another size, to be delivered and removed
 *   ring-N.BOOT.stale    one from before the machine was booted: its hits are lost
 *   poison-STREAM-SEQ.datagram   set aside because aggregators died of it
 *
 * A collector that starts takes over what it finds. The rings of workers that there are
 * no more are old ones: delivered by those there are, then removed. One process at a time
 * has the directory, by a lock that ends with the process.
 *
 * Without a directory the same functions give rings in memory and log what is set aside,
 * so that nobody else need know the difference. */
#ifndef HC_SPOOL_H
#define HC_SPOOL_H

#include "../proto/limits.h"
#include "../proto/secret.h"
#include "ring_file.h"

struct spool_setup {
    const char *path; /* NULL: no directory */
    struct ring_mark mark;
    uint8_t also[SECRETS_MAX]; /* other key ids under which rings are taken over, */
    unsigned nalso;            /* and marked anew */
    size_t ring_bytes;         /* of a new ring */
    unsigned workers;
};

struct spool {
    struct spool_setup setup;
    int dir;                           /* holds the lock, -1: no directory */
    struct ring_file own[WORKERS_MAX]; /* found and not handed out yet, by worker */
    struct ring_file old[SPOOL_RINGS_MAX];
    unsigned nold;
    unsigned stales;  /* such files, of any age */
    unsigned poisons; /* such files; atomic, since workers set aside */
    uint64_t expired; /* hits in rings that became stale now */
};

/* The name of the running system's boot; "" when it has none. */
void spool_boot_id(char out[BOOT_ID]);

/* Locks the directory and looks through it. Returns 0, or -1 with one sentence that names
 * --spool in @err and nothing left open. */
int spool_open(struct spool *s, const struct spool_setup *setup, char *err, size_t err_n);

/* Gives worker @n its ring, the one found or a new one. Returns 0, or -1 with a sentence
 * in @err. */
int spool_ring(struct spool *s, unsigned n, struct ring_file *f, char *err, size_t err_n);

/* Gives worker @n the next old ring it is to deliver. False: there is none. */
bool spool_old(struct spool *s, unsigned n, struct ring_file *f);

/* Closes an old ring that is delivered, and removes its file. Any thread. */
void spool_remove(struct spool *s, struct ring_file *f);

/* Keeps a datagram that did harm: a file for `headcount decode`, or a line of the log
 * without a directory or at SPOOL_POISON_MAX. Any thread. */
void spool_set_aside(struct spool *s, const uint8_t *bytes, size_t n);

/* Closes what was not handed out; then another process may have the directory. */
void spool_close(struct spool *s);

#endif
