/* Rings that outlive their process: adopted whole wherever it was killed, and sorted out
 * when they are not what this process can use. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../collector/spool.h"
#include "../../proto/sender.h"
#include "../dice.h"

#define MIB (1 << 20)

/* ---- a directory of its own for each test ---- */

struct rig {
    char dir[64];
    struct spool_setup setup;
    struct spool spool;
    struct secret secret;
    char err[256];
};

static void rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    strcpy(r->dir, "/tmp/headcount-spool-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    secret_init(&r->secret, "a secret of the tests", 21);
    r->setup = (struct spool_setup){.path = r->dir,
                                    .mark = {"boot-1", r->secret.v[0].key_id},
                                    .ring_bytes = RING_BYTES_MIN,
                                    .workers = 1};
}

/* Calls @each with the name of every file. Returns how many there are. */
static unsigned files(const struct rig *r, void (*each)(const struct rig *, const char *))
{
    DIR *d = opendir(r->dir);
    struct dirent *e;
    unsigned n = 0;

    while ((e = readdir(d))) {
        if (e->d_name[0] == '.')
            continue;
        n++;
        if (each)
            each(r, e->d_name);
    }
    closedir(d);
    return n;
}

static const char *path_of(const struct rig *r, const char *name)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/%s", r->dir, name);
    return path;
}

static void remove_file(const struct rig *r, const char *name)
{
    unlink(path_of(r, name));
}

static void rig_fini(struct rig *r)
{
    files(r, remove_file);
    assert_int_equal(rmdir(r->dir), 0);
}

static void must_open(struct rig *r)
{
    if (spool_open(&r->spool, &r->setup, r->err, sizeof r->err) < 0)
        fail_msg("%s", r->err);
}

static void must_refuse(struct rig *r, const char *why)
{
    assert_int_equal(spool_open(&r->spool, &r->setup, r->err, sizeof r->err), -1);
    if (strstr(r->err, why) == NULL || strncmp(r->err, "--spool ", 8) != 0)
        fail_msg("no %s in: %s", why, r->err);
}

static struct ring_file must_ring(struct rig *r, unsigned n)
{
    struct ring_file f;

    if (spool_ring(&r->spool, n, &f, r->err, sizeof r->err) < 0)
        fail_msg("%s", r->err);
    return f;
}

/* ---- hits, told apart by their visitors ---- */

static struct hit hit_of(uint64_t visitor)
{
    return (struct hit){.site = SLICE("shop"),
                        .path = SLICE("/a/path/of/some/length"),
                        .kind = HIT_VIEW,
                        .visitor = visitor,
                        .at = 1000};
}

/* Adds visitors @from..@to to a ring as a sender does. */
static void fill(struct ring_file *f, uint64_t from, uint64_t to)
{
    struct body_writer *w = ring_open_body(f->ring);

    for (uint64_t v = from; v <= to; v++) {
        struct hit h = hit_of(v);

        if (w->hits == 0)
            body_begin(w, 1000);
        if (body_add(w, &h))
            continue;
        assert_non_null(ring_seal(f->ring, 1000));
        w = ring_open_body(f->ring);
        v--;
    }
}

/* A spool with one ring of worker @n with hits 1..@hits in it, and nobody using it. */
static void leave_ring(struct rig *r, unsigned n, uint64_t hits)
{
    struct ring_file f;

    must_open(r);
    f = must_ring(r, n);
    fill(&f, 1, hits);
    ring_file_close(&f);
    spool_close(&r->spool);
}

static uint64_t read_body(const void *bytes, size_t n, uint64_t *first, uint64_t last)
{
    struct body_reader reader;
    struct hit h;

    assert_int_equal(body_open(&reader, bytes, n), 0);
    while (body_next(&reader, &h) == 1) {
        if (last == 0)
            *first = h.visitor;
        else
            assert_int_equal(h.visitor, last + 1);
        last = h.visitor;
    }
    return last;
}

/* Checks that the ring holds consecutive visitors. Returns the last one and the first, 0
 * and untouched if it is empty. */
static uint64_t read_ring(struct ring *ring, uint64_t *first)
{
    const struct body_writer *open = ring_open_body(ring);
    uint64_t last = 0;

    for (struct ring_record *rec = ring_first(ring); rec; rec = ring_after(ring, rec))
        last = read_body(rec->body, rec->body_n, first, last);
    return open->hits ? read_body(open->bytes, open->n, first, last) : last;
}

/* ---- what the next process finds ---- */

static void a_ring_is_found_as_it_was_left(void **state)
{
    struct ring_file f;
    uint64_t first = 0, stream;
    struct rig r;

    (void)state;
    rig_init(&r);
    must_open(&r);
    f = must_ring(&r, 0);
    stream = ring_stream(f.ring);
    fill(&f, 1, 1000);
    ring_file_close(&f);
    spool_close(&r.spool);

    must_open(&r);
    f = must_ring(&r, 0);
    assert_int_equal(ring_stream(f.ring), stream);
    assert_int_equal(ring_file_hits(&f), 1000);
    assert_int_equal(read_ring(f.ring, &first), 1000);
    assert_int_equal(first, 1);
    assert_int_equal(r.spool.nold, 0);
    ring_file_close(&f);
    spool_close(&r.spool);
    rig_fini(&r);
}

static void nobody_else_may_read_it(void **state)
{
    struct stat st;
    struct rig r;

    (void)state;
    rig_init(&r);
    leave_ring(&r, 0, 1);
    assert_int_equal(stat(path_of(&r, "ring-0"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(st.st_blocks * 512 >= st.st_size); /* no SIGBUS when the disk is full */
    rig_fini(&r);
}

static void two_processes_do_not_share_one(void **state)
{
    struct spool second;
    struct rig r;

    (void)state;
    rig_init(&r);
    must_open(&r);
    assert_int_equal(spool_open(&second, &r.setup, r.err, sizeof r.err), -1);
    assert_non_null(strstr(r.err, "another collector uses it"));
    spool_close(&r.spool);
    must_open(&r);
    spool_close(&r.spool);
    rig_fini(&r);
}

static void a_ring_from_before_a_boot_is_counted_and_put_aside(void **state)
{
    struct ring_file f;
    struct rig r;

    (void)state;
    rig_init(&r);
    leave_ring(&r, 0, 300);
    strcpy(r.setup.mark.boot, "boot-2");
    must_open(&r);
    assert_int_equal(r.spool.expired, 300);
    f = must_ring(&r, 0);
    assert_int_equal(ring_file_hits(&f), 0);
    assert_int_equal(access(path_of(&r, "ring-0.boot-1.stale"), F_OK), 0);
    assert_int_equal(files(&r, NULL), 2);
    ring_file_close(&f);
    spool_close(&r.spool);
    must_open(&r); /* once is enough */
    assert_int_equal(r.spool.expired, 0);
    spool_close(&r.spool);
    rig_fini(&r);
}

static void stale_rings_do_not_fill_the_disk(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    for (int boot = 0; boot < SPOOL_STALE_MAX + 5; boot++) {
        snprintf(r.setup.mark.boot, BOOT_ID, "boot-%d", boot);
        leave_ring(&r, 0, 10);
        assert_int_equal(r.spool.expired, boot > 0 ? 10 : 0);
    }
    assert_int_equal(files(&r, NULL), SPOOL_STALE_MAX + 1);
    rig_fini(&r);
}

static void hits_under_another_secret_are_not_thrown_away(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    leave_ring(&r, 0, 5);
    r.setup.mark.key_id++;
    must_refuse(&r, "ring-0: its 5 hits can be delivered only with the --secret-file");
    r.setup.mark.key_id--;
    must_open(&r);
    spool_close(&r.spool);
    rig_fini(&r);
}

static void a_ring_under_a_known_secret_is_taken_over_and_becomes_the_first_ones(
    void **state)
{
    struct ring_file f;
    struct rig r;

    (void)state;
    rig_init(&r);
    leave_ring(&r, 0, 5);
    r.setup.also[r.setup.nalso++] = r.setup.mark.key_id++;
    must_open(&r);
    f = must_ring(&r, 0);
    assert_int_equal(ring_file_hits(&f), 5);
    ring_file_close(&f);
    spool_close(&r.spool);
    r.setup.nalso = 0; /* the old secret is gone, and the ring is no longer its */
    must_open(&r);
    f = must_ring(&r, 0);
    assert_int_equal(ring_file_hits(&f), 5);
    ring_file_close(&f);
    spool_close(&r.spool);
    rig_fini(&r);
}

static void an_empty_ring_is_nobodys_loss(void **state)
{
    struct ring_file f;
    struct rig r;

    (void)state;
    rig_init(&r);
    leave_ring(&r, 0, 0);
    r.setup.mark.key_id++;
    strcpy(r.setup.mark.boot, "boot-2");
    must_open(&r);
    f = must_ring(&r, 0);
    assert_int_equal(r.spool.expired, 0);
    assert_int_equal(files(&r, NULL), 1);
    ring_file_close(&f);
    spool_close(&r.spool);
    rig_fini(&r);
}

/* Takes the next old ring of worker @n, which must be there, as one that is delivered. */
static uint64_t deliver_old(struct rig *r, unsigned n)
{
    struct ring_file f;
    uint64_t hits;

    assert_true(spool_old(&r->spool, n, &f));
    hits = ring_file_hits(&f);
    spool_remove(&r->spool, &f);
    return hits;
}

static void a_ring_of_another_size_is_delivered_beside_the_new_one(void **state)
{
    struct ring_file f;
    struct rig r;

    (void)state;
    rig_init(&r);
    leave_ring(&r, 0, 42);
    r.setup.ring_bytes = 2 * MIB;
    must_open(&r);
    f = must_ring(&r, 0);
    assert_int_equal(ring_file_bytes(&f), 2 * MIB);
    assert_int_equal(ring_file_hits(&f), 0);
    ring_file_close(&f);
    spool_close(&r.spool); /* killed before it delivered */
    must_open(&r);
    f = must_ring(&r, 0);
    assert_int_equal(files(&r, NULL), 2);
    assert_int_equal(deliver_old(&r, 0), 42);
    assert_int_equal(files(&r, NULL), 1);
    ring_file_close(&f);
    spool_close(&r.spool);
    rig_fini(&r);
}

static void rings_of_workers_that_are_gone_are_dealt_out(void **state)
{
    struct ring_file f;
    uint64_t sum = 0;
    struct rig r;

    (void)state;
    rig_init(&r);
    r.setup.workers = 7;
    for (unsigned n = 0; n < 7; n++)
        leave_ring(&r, n, 10 + n);
    r.setup.workers = 2;
    must_open(&r);
    assert_int_equal(r.spool.nold, 5);
    for (unsigned n = 0; n < 2; n++) {
        f = must_ring(&r, n);
        assert_int_equal(ring_file_hits(&f), 10 + n);
        ring_file_close(&f);
    }
    for (int i = 0; i < 3; i++)
        sum += deliver_old(&r, 0);
    for (int i = 0; i < 2; i++)
        sum += deliver_old(&r, 1);
    assert_false(spool_old(&r.spool, 0, &f));
    assert_false(spool_old(&r.spool, 1, &f));
    assert_int_equal(sum, 12 + 13 + 14 + 15 + 16);
    spool_close(&r.spool);
    rig_fini(&r);
}

/* ---- what it cannot use ---- */

static void write_file(const struct rig *r, const char *name, const void *bytes, size_t n)
{
    int fd = open(path_of(r, name), O_WRONLY | O_CREAT, 0600);

    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

static void what_is_no_ring_is_left_to_the_operator(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    write_file(&r, "ring-0", "garbage", 7);
    must_refuse(&r, "ring-0: not a ring of this version");
    remove_file(&r, "ring-0");
    leave_ring(&r, 0, 100);
    assert_int_equal(truncate(path_of(&r, "ring-0"), RING_BYTES_MIN), 0);
    must_refuse(&r, "ring-0: not a ring of this version");
    rig_fini(&r);
}

/* Whatever byte of the beginning is damaged: a sentence, or a ring, never a crash. */
static void a_damaged_file_is_refused_or_read(void **state)
{
    static uint8_t whole[4096 + RING_BYTES_MIN];
    struct dice d = {1};
    struct rig r;
    int fd;

    (void)state;
    rig_init(&r);
    leave_ring(&r, 0, 500);
    fd = open(path_of(&r, "ring-0"), O_RDONLY);
    assert_int_equal(read(fd, whole, sizeof whole), sizeof whole);
    close(fd);
    for (int i = 0; i < 1000; i++) {
        struct ring_file f;
        size_t at = dice_below(&d, 16 * 1024);
        uint8_t was = whole[at];

        whole[at] ^= (uint8_t)(1 + dice_below(&d, 255));
        files(&r, remove_file);
        write_file(&r, "ring-0", whole, sizeof whole);
        whole[at] = was;
        if (spool_open(&r.spool, &r.setup, r.err, sizeof r.err) < 0)
            continue;
        f = must_ring(&r, 0);
        ring_file_close(&f);
        spool_close(&r.spool);
    }
    rig_fini(&r);
}

static void a_directory_that_is_not_there_is_named(void **state)
{
    struct rig r;

    (void)state;
    rig_init(&r);
    r.setup.path = "/nowhere/at/all";
    must_refuse(&r, "/nowhere/at/all: No such file");
    r.setup.path = r.dir;
    rig_fini(&r);
}

static void without_a_boots_name_it_does_not_start(void **state)
{
    char boot[BOOT_ID];
    struct rig r;

    (void)state;
    spool_boot_id(boot);
    assert_int_equal(strlen(boot), 36);
    rig_init(&r);
    r.setup.mark.boot[0] = '\0';
    must_refuse(&r, "to know rings of this boot");
    rig_fini(&r);
}

static void without_room_it_does_not_start(void **state)
{
    struct rlimit all, little;
    struct ring_file f;
    struct rig r;

    (void)state;
    rig_init(&r);
    r.setup.ring_bytes = 4 * MIB;
    must_open(&r);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &all);
    little = (struct rlimit){MIB, all.rlim_max};
    setrlimit(RLIMIT_FSIZE, &little);
    assert_int_equal(spool_ring(&r.spool, 0, &f, r.err, sizeof r.err), -1);
    setrlimit(RLIMIT_FSIZE, &all);
    assert_non_null(strstr(r.err, "--spool"));
    assert_non_null(strstr(r.err, "4 MiB"));
    assert_int_equal(files(&r, NULL), 0);
    spool_close(&r.spool);
    rig_fini(&r);
}

/* ---- poison ---- */

static size_t datagram(const struct rig *r, uint64_t seq, uint8_t *bytes)
{
    struct wire_head h = {
        .type = WIRE_DATA, .nshards = 1, .stream = 0xabc, .seq = seq, .base = 1};

    return wire_frame(bytes, &h, "body", 4, &r->secret);
}

static void what_is_set_aside_becomes_a_file_up_to_a_bound(void **state)
{
    uint8_t bytes[DATAGRAM_MAX], back[DATAGRAM_MAX];
    struct rig r;
    size_t n = 0;
    int fd;

    (void)state;
    rig_init(&r);
    must_open(&r);
    for (uint64_t seq = 1; seq <= SPOOL_POISON_MAX / 2; seq++) {
        n = datagram(&r, seq, bytes);
        spool_set_aside(&r.spool, bytes, n);
    }
    assert_int_equal(files(&r, NULL), SPOOL_POISON_MAX / 2);
    fd = open(path_of(&r, "poison-0000000000000abc-50.datagram"), O_RDONLY);
    assert_int_equal(read(fd, back, sizeof back), n);
    assert_memory_equal(back, bytes, n);
    close(fd);
    spool_close(&r.spool);
    must_open(&r); /* and the next process goes on counting */
    for (uint64_t seq = 51; seq <= SPOOL_POISON_MAX + 3; seq++)
        spool_set_aside(&r.spool, bytes, datagram(&r, seq, bytes));
    assert_int_equal(files(&r, NULL), SPOOL_POISON_MAX);
    spool_close(&r.spool);
    rig_fini(&r);
}

static void without_a_directory_everything_is_in_memory(void **state)
{
    uint8_t bytes[DATAGRAM_MAX];
    struct ring_file f, old;
    struct rig r;

    (void)state;
    rig_init(&r);
    r.setup.path = NULL;
    must_open(&r);
    f = must_ring(&r, 0);
    fill(&f, 1, 100);
    assert_int_equal(ring_file_hits(&f), 100);
    assert_false(spool_old(&r.spool, 0, &old));
    spool_set_aside(&r.spool, bytes, datagram(&r, 1, bytes));
    ring_file_close(&f);
    spool_close(&r.spool);
    rig_fini(&r);
}

/* ---- kill -9 ---- */

/* What the process that will be killed tells of itself, in memory that survives it. */
struct witness {
    uint64_t returned; /* sender_add has returned for this visitor and all before */
    uint64_t durable;  /* all up to this visitor may have been called durable */
    bool ready;
};

/* An aggregator inside the process: takes what is in order, and after every third
 * datagram says that all is durable. */
struct inner {
    struct sender *sender;
    struct witness *witness;
    const struct secret *secret;
    uint8_t ack[WIRE_ACK_BYTES]; /* to be given when the sender has done */
    bool has_ack;
    uint64_t ack_no, cum, last; /* visitor folded last */
};

static uint64_t clock_us(void *arg)
{
    (void)arg;
    return 1000000;
}

static void on_emit(void *arg, const uint8_t *bytes, size_t n)
{
    struct inner *in = arg;
    struct wire_head h;
    const uint8_t *body;
    struct wire_ack ack;
    uint64_t first;
    size_t body_n;

    if (wire_open(bytes, n, in->secret, &h, &body, &body_n) != WIRE_OK)
        abort();
    if (in->cum < h.base - 1)
        in->cum = h.base - 1;
    if (h.type == WIRE_DATA && h.epoch == 1 && h.seq == in->cum + 1) {
        in->cum++;
        in->last = read_body(body, body_n, &first, 0);
    }
    ack = (struct wire_ack){.nshards = 1,
                            .stream = h.stream,
                            .epoch = 1,
                            .ack_no = ++in->ack_no,
                            .cum = in->cum,
                            .durable = in->ack_no % 3 == 0 ? in->cum : 0,
                            .echo_us = h.ts_us,
                            .window = SENDER_WINDOW};
    if (ack.durable > 0)
        in->witness->durable = in->last;
    wire_ack_frame(in->ack, &ack, in->secret);
    in->has_ack = true;
}

static void on_set_aside(void *arg, const uint8_t *bytes, size_t n)
{
    (void)arg;
    (void)bytes;
    (void)n;
}

static void on_give_up(void *arg)
{
    (void)arg;
}

static void take_acks(struct inner *in)
{
    while (in->has_ack) {
        in->has_ack = false;
        sender_ack(in->sender, in->ack, sizeof in->ack, 1000);
    }
}

/* Adds hits until it is killed. */
static _Noreturn void victim(struct rig *r, struct witness *w)
{
    struct inner in = {.witness = w, .secret = &r->secret};
    struct sender_env env = {on_emit, clock_us, on_set_aside, on_give_up, &in};
    struct ring_file f;

    must_open(r);
    f = must_ring(r, 0);
    in.sender = sender_new(&r->secret, f.ring, &env, 1000);
    w->ready = true;
    for (uint64_t v = w->returned + 1;; v++) {
        struct hit h = hit_of(v);

        if (!sender_add(in.sender, &h, 1000))
            abort(); /* everything is delivered, it cannot be full */
        __atomic_store_n(&w->returned, v, __ATOMIC_RELEASE);
        if (v % 7 == 0)
            sender_tick(in.sender, 1000, v % 21 == 0);
        take_acks(&in);
    }
}

static void kill_somewhere(struct rig *r, struct witness *w, struct dice *d)
{
    const struct timespec life = {.tv_nsec = (long)dice_below(d, 1000000)};
    pid_t pid;
    int status;

    w->ready = false;
    if ((pid = fork()) == 0)
        victim(r, w);
    while (!__atomic_load_n(&w->ready, __ATOMIC_ACQUIRE))
        assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
    nanosleep(&life, NULL);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* All that was taken is there, but for what may be durable; and nothing that was not. */
static void check_left(struct rig *r, struct witness *w)
{
    struct ring_file f;
    uint64_t first = 0, last;

    must_open(r);
    f = must_ring(r, 0);
    last = read_ring(f.ring, &first);
    if (last == 0)
        assert_int_equal(w->durable, w->returned);
    else
        assert_true(first <= w->durable + 1);
    if (last > 0)
        assert_in_range(last, w->returned,
                        w->returned + 1); /* one was just being added */
    if (last > w->returned)
        w->returned = last;
    ring_file_close(&f);
    spool_close(&r->spool);
}

static void wherever_a_process_is_killed_every_hit_it_took_is_found(void **state)
{
    struct witness *w =
        mmap(NULL, sizeof *w, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct dice d = {2};
    struct rig r;

    (void)state;
    assert_true(w != MAP_FAILED);
    rig_init(&r);
    for (int i = 0; i < 500; i++) {
        kill_somewhere(&r, w, &d);
        check_left(&r, w);
    }
    assert_true(w->returned > 10000);
    munmap(w, sizeof *w);
    rig_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_is_found_as_it_was_left),
        cmocka_unit_test(nobody_else_may_read_it),
        cmocka_unit_test(two_processes_do_not_share_one),
        cmocka_unit_test(a_ring_from_before_a_boot_is_counted_and_put_aside),
        cmocka_unit_test(stale_rings_do_not_fill_the_disk),
        cmocka_unit_test(hits_under_another_secret_are_not_thrown_away),
        cmocka_unit_test(
            a_ring_under_a_known_secret_is_taken_over_and_becomes_the_first_ones),
        cmocka_unit_test(an_empty_ring_is_nobodys_loss),
        cmocka_unit_test(a_ring_of_another_size_is_delivered_beside_the_new_one),
        cmocka_unit_test(rings_of_workers_that_are_gone_are_dealt_out),
        cmocka_unit_test(what_is_no_ring_is_left_to_the_operator),
        cmocka_unit_test(a_damaged_file_is_refused_or_read),
        cmocka_unit_test(a_directory_that_is_not_there_is_named),
        cmocka_unit_test(without_a_boots_name_it_does_not_start),
        cmocka_unit_test(without_room_it_does_not_start),
        cmocka_unit_test(what_is_set_aside_becomes_a_file_up_to_a_bound),
        cmocka_unit_test(without_a_directory_everything_is_in_memory),
        cmocka_unit_test(wherever_a_process_is_killed_every_hit_it_took_is_found),
    };

    return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
