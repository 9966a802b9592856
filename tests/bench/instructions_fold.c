/* instructions_fold: as instructions.c, of the aggregator: a datagram that came becomes
 * state, and what changed in a site becomes a commit. */
#include <stdio.h>
#include <stdlib.h>

#include "../../aggregator/commit.h"
#include "../../aggregator/intake.h"
#include "../dice.h"

#define MEASURED __attribute__((noinline)) static void
#define NOON INT64_C(1763812800000)
#define SECRET "the secret of the bench"
#define DATAGRAMS 2000
#define VISITORS 20000
#define PATHS 100
#define SITES 1000
#define A_SITE 5 /* views between two commits */
#define EPOCH 1

struct datagram {
    uint16_t n;
    uint8_t bytes[DATAGRAM_MAX];
};

static struct datagram datagrams[DATAGRAMS];
static char path[PATHS][64];
static struct secret secret;
static struct intake intake;
static struct aggregator_counters counters;
static struct store folded, committed;
static struct command command;
static struct buf message;
static uint64_t made;

static void must(bool claim, const char *what)
{
    if (claim)
        return;
    fprintf(stderr, "instructions_fold: %s\n", what);
    exit(1);
}

static void on_send(void *arg, const struct peer *to, const uint8_t *bytes, size_t n)
{
    (void)arg;
    (void)to;
    (void)bytes;
    (void)n;
}

/* Ids are hashes. */
static uint64_t visitor(struct dice *d)
{
    struct dice id = {dice_below(d, VISITORS)};

    return dice_u64(&id);
}

static struct hit view(struct slice site, struct dice *d)
{
    return (struct hit){.site = site,
                        .path = slice_of(path[dice_below(d, PATHS)]),
                        .visitor = visitor(d),
                        .at = 5000,
                        .kind = HIT_VIEW,
                        .state = STATE_READING};
}

/* Full ones of one site, random visitors, paths of 40 bytes. */
static void make_datagrams(struct dice *d)
{
    static struct body_writer w;

    for (int i = 0; i < PATHS; i++)
        snprintf(path[i], sizeof path[i], "/articles/2025/a-path-of-forty-bytes-%03d", i);
    for (size_t k = 0; k < DATAGRAMS; k++) {
        struct wire_head head = {.type = WIRE_DATA,
                                 .nshards = 1,
                                 .stream = 1,
                                 .epoch = EPOCH,
                                 .seq = k + 1,
                                 .base = 1,
                                 .ts_us = 5000000 + k};
        struct hit h;

        body_begin(&w, 5000);
        do
            h = view(SLICE("shop.example"), d);
        while (body_add(&w, &h));
        made += w.hits;
        datagrams[k].n =
            (uint16_t)wire_frame(datagrams[k].bytes, &head, w.bytes, w.n, &secret);
    }
}

static void fold_one(struct store *st, struct slice site, struct dice *d)
{
    static struct fold_counts counts;
    struct fold_origin from = {.stream = 1, .seq = 1, .at = NOON};
    struct hit h = view(site, d);

    fold_hits(st, &h, 1, &from, &counts);
}

/* Everybody has been here before, as in any minute but the first. */
static void open_intake(struct dice *d)
{
    static const struct key key = {{1}};

    store_init(&folded, WINDOW_DEFAULT, &key, NOON);
    for (unsigned i = 0; i < 4 * VISITORS; i++)
        fold_one(&folded, SLICE("shop.example"), d);
    intake_init(&intake, &secret, &folded, &counters, on_send, NULL);
    receiver_reset(intake.receiver, EPOCH);
}

MEASURED measured_fold(void)
{
    static const struct peer from = {.in = {.sin_family = AF_INET}};
    enum receiver_verdict what;

    for (size_t k = 0; k < DATAGRAMS; k++) {
        mono_t now = (mono_t)k;

        intake_datagram(&intake, datagrams[k].bytes, datagrams[k].n, &from, NOON + now,
                        now, &what);
        if (k % 64 == 63)
            receiver_acks(intake.receiver, now);
    }
}

/* What is dirty, as writer.c does it, with a Redis that takes it all at once. */
static void commit_all(void)
{
    struct site *s;

    while ((s = store_take_dirty(&committed)) != NULL) {
        struct commit c;
        bool last;

        commit_begin(&c, &committed, s, EPOCH, NOON);
        do {
            last = commit_next(&c, SLICE("0123456789012345678901234567890123456789"),
                               &command, &message);
            command_resp(&command);
        } while (!last);
        commit_end(&committed, s, COMMIT_OK, 0);
    }
}

MEASURED measured_commit(void)
{
    commit_all();
}

static void touch_sites(struct dice *d)
{
    char site[32];

    for (unsigned i = 0; i < SITES; i++) {
        struct slice name = {site, (size_t)sprintf(site, "site-%u.example", i)};

        for (int k = 0; k < A_SITE; k++)
            fold_one(&committed, name, d);
    }
}

static void open_commits(struct dice *d)
{
    static const struct key key = {{2}};

    store_init(&committed, WINDOW_DEFAULT, &key, NOON);
    command_init(&command, COMMIT_BYTES_MAX);
    buf_init(&message, MESSAGE_MAX);
    for (int i = 0; i < 3; i++) {
        touch_sites(d);
        commit_all();
    }
    touch_sites(d);
    must(committed.ndirty == SITES, "not every site is dirty");
}

int main(void)
{
    struct dice d = {1};

    secret_init(&secret, SECRET, sizeof SECRET);
    make_datagrams(&d);
    open_intake(&d);
    open_commits(&d);
    measured_fold();
    must(counters.folded == DATAGRAMS, "not all datagrams were folded");
    measured_commit();
    must(committed.ndirty == 0, "a site is still dirty");
    printf("fold %llu\ncommit %d\n", (unsigned long long)made, SITES);
    return 0;
}
