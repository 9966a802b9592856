/* Bodies in the ring: in order, whole, over the end and round again; and found again in
 * the memory of a process that was killed at any instruction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proto/ring.h"
#include "../dice.h"
#include "../guard.h"

#define STREAM 0x0102030405060708
#define BYTES RING_BYTES_MIN

/* An empty ring that ends at a guard page. */
static struct ring *ring_open(uint64_t next)
{
    static struct guard g;
    static uint8_t zero[BYTES];
    struct ring *r = ring_init(guard_put(&g, zero, BYTES), BYTES, STREAM, next);

    assert_ptr_equal(r, g.base + g.room - BYTES);
    return r;
}

/* A copy of @r as another process would find it. */
static struct ring *adopt_copy(const struct ring *r)
{
    static struct guard g;

    return ring_adopt(guard_put(&g, r, BYTES), BYTES);
}

/* Adds a hit by @visitor with a path of @path_n bytes. */
static bool add(struct ring *r, uint64_t visitor, size_t path_n)
{
    static const char path[PATH_MAX_BYTES] = "/";
    struct hit h = {
        .site = SLICE("shop"), .path = {path, path_n}, .visitor = visitor, .at = 5};
    struct body_writer *w = ring_open_body(r);

    if (w->hits == 0)
        body_begin(w, 5);
    return body_add(w, &h);
}

/* Reads the hits of a body, whose visitors must be @next, @next + 1, ... Returns the one
 * that would follow. */
static uint64_t read_body(const uint8_t *bytes, size_t n, unsigned hits, uint64_t next)
{
    struct body_reader reader;
    struct hit h;

    if (hits == 0)
        return next;
    assert_int_equal(body_open(&reader, bytes, n), 0);
    for (unsigned i = 0; i < hits; i++) {
        assert_int_equal(body_next(&reader, &h), 1);
        assert_int_equal(h.visitor, next++);
    }
    assert_int_equal(body_next(&reader, &h), 0);
    return next;
}

/* Reads everything there is, from visitor @next on. Returns the one that would follow. */
static uint64_t read_ring(struct ring *r, uint64_t next)
{
    const struct body_writer *w = ring_open_body(r);
    uint64_t records = 0, hits = 0, bytes = 0;

    for (struct ring_record *rec = ring_first(r); rec; rec = ring_after(r, rec)) {
        next = read_body(rec->body, rec->body_n, rec->hits, next);
        records++;
        hits += rec->hits;
        bytes += rec->size;
    }
    assert_int_equal(records, ring_next(r) - ring_base(r));
    assert_int_equal(hits, ring_hits(r));
    assert_int_equal(bytes, ring_held(r));
    return read_body(w->bytes, w->n, w->hits, next);
}

static void an_empty_ring_holds_nothing(void **state)
{
    struct ring *r = ring_open(7);

    (void)state;
    assert_int_equal(ring_stream(r), STREAM);
    assert_int_equal(ring_base(r), 7);
    assert_int_equal(ring_next(r), 7);
    assert_int_equal(ring_held(r), 0);
    assert_int_equal(ring_hits(r), 0);
    assert_int_equal(ring_room(r), ring_capacity(r));
    assert_true(ring_capacity(r) > BYTES - 16384);
    assert_null(ring_first(r));
    assert_int_equal(ring_open_body(r)->hits, 0);
}

static void a_sealed_body_gets_the_next_number(void **state)
{
    struct ring *r = ring_open(1);
    struct ring_record *rec;

    (void)state;
    assert_true(add(r, 1, 10) && add(r, 2, 10));
    rec = ring_seal(r, 99);
    assert_non_null(rec);
    assert_ptr_equal(rec, ring_first(r));
    assert_null(ring_after(r, rec));
    assert_int_equal(rec->hits, 2);
    assert_int_equal(rec->sealed, 99);
    assert_int_equal(rec->tries, 0);
    assert_int_equal(rec->size, ring_record_size(rec->body_n));
    assert_int_equal(ring_base(r), 1);
    assert_int_equal(ring_next(r), 2);
    assert_int_equal(ring_open_body(r)->hits, 0);
    assert_int_equal(read_ring(r, 1), 3);
    ring_drop(r);
    assert_int_equal(ring_base(r), 2);
    assert_null(ring_first(r));
}

static void a_full_ring_refuses_and_stays_as_it_was(void **state)
{
    struct ring *r = ring_open(1);
    uint64_t visitor = 1, next;

    (void)state;
    for (;;) {
        while (add(r, visitor, PATH_MAX_BYTES))
            visitor++;
        if (!ring_seal(r, 0))
            break;
    }
    next = ring_next(r);
    assert_true(ring_room(r) < ring_record_size(ring_open_body(r)->n));
    assert_int_equal(read_ring(r, 1), visitor);
    assert_null(ring_seal(r, 0));
    assert_int_equal(ring_next(r), next);
    ring_drop(r); /* all are of a size, so it fits in the place of the first */
    assert_non_null(ring_seal(r, 0));
    assert_int_equal(ring_next(r), next + 1);
}

/* Seals bodies of random sizes and drops as many, some laps round the ring. */
static void what_goes_in_comes_out_in_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct ring *r = ring_open(1);
        struct dice d = {seed};
        uint64_t in = 1, out = 1;

        for (int i = 0; i < 3000; i++) {
            for (uint64_t n = 1 + dice_below(&d, 4); n > 0; n--)
                in += add(r, in, 1 + dice_below(&d, PATH_MAX_BYTES));
            ring_seal(r, i);
            while (ring_first(r) && dice_below(&d, ring_room(r) < 5000 ? 9 : 2)) {
                out += ring_first(r)->hits;
                ring_drop(r);
            }
            assert_true(ring_room(r) + ring_held(r) <= ring_capacity(r));
            if (i % 50 == 0)
                assert_int_equal(read_ring(r, out), in);
        }
        assert_int_equal(read_ring(r, out), in);
        assert_true(ring_next(r) > 2500);
    }
}

static void an_adopted_ring_is_the_same(void **state)
{
    struct ring *r = ring_open(1), *copy;
    struct dice d = {1};
    uint64_t in = 1, out = 1;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        in += add(r, in, 400);
        if (dice_below(&d, 3) == 0)
            ring_seal(r, i);
        while (ring_first(r) && (ring_held(r) > 5000 || dice_below(&d, 8) == 0)) {
            out += ring_first(r)->hits;
            ring_drop(r);
        }
        copy = adopt_copy(r);
        assert_non_null(copy);
        assert_int_equal(ring_stream(copy), STREAM);
        assert_int_equal(ring_base(copy), ring_base(r));
        assert_int_equal(ring_next(copy), ring_next(r));
        assert_int_equal(ring_room(copy), ring_room(r));
        assert_int_equal(read_ring(copy, out), in);
        if (dice_below(&d, 10) == 0) { /* and it can be gone on with */
            memcpy(r, copy, BYTES);
            assert_int_equal(read_ring(r, out), in);
        }
    }
}

static void what_is_no_ring_is_not_adopted(void **state)
{
    static uint8_t zero[2 * BYTES] __attribute__((aligned(16)));
    struct ring *r = ring_open(1);

    (void)state;
    assert_null(ring_adopt(zero, BYTES));
    assert_null(ring_adopt(zero, 10));
    memcpy(zero, r, BYTES);
    assert_null(ring_adopt(zero, BYTES + 16)); /* of another size */
    assert_null(ring_adopt(zero + 8, BYTES));
    assert_non_null(ring_adopt(zero, BYTES));
}

/* Whatever a damaged ring is taken for, walking it stays inside. */
static void a_damaged_ring_is_refused_or_harmless(void **state)
{
    struct ring *r = ring_open(1);
    static uint8_t bytes[BYTES];
    struct dice d = {3};
    unsigned refused = 0;

    (void)state;
    for (uint64_t i = 1; i <= 20; i++) {
        add(r, i, 30);
        if (i % 4 == 0)
            ring_seal(r, 0);
        add(r, 1000 + i, 5);
    }
    for (int i = 0; i < 20000; i++) {
        static struct guard g;
        struct ring *copy;

        memcpy(bytes, r, sizeof bytes);
        for (uint64_t n = 1 + dice_below(&d, 3); n > 0; n--)
            bytes[dice_below(&d, i % 2 ? 256 : 9000)] ^=
                (uint8_t)(1 << dice_below(&d, 8));
        copy = ring_adopt(guard_put(&g, bytes, BYTES), BYTES);
        refused += !copy;
        for (struct ring_record *rec = copy ? ring_first(copy) : NULL; rec;
             rec = ring_after(copy, rec))
            assert_true(rec->body_n <= BODY_MAX);
    }
    assert_true(refused > 5000);
}

/* What the traced process tells of how far it is. */
struct progress {
    volatile uint64_t added, dropped; /* hits */
};

/* Adds, seals and drops around the end of the area, tells, and ends. */
static void traced_life(struct ring *r, struct progress *p)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    for (int i = 0; i < 4; i++) {
        for (int n = 0; n < 2; n++) {
            add(r, p->added + 1, 300);
            p->added++;
        }
        ring_seal(r, 0);
        if (i % 2) {
            uint64_t hits = ring_first(r)->hits;

            ring_drop(r);
            p->dropped += hits;
        }
    }
    _exit(0);
}

/* A ring in shared memory, with some records left shortly before the end of its area. */
static struct ring *shared_ring(struct progress *p)
{
    struct ring *r =
        mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(r, MAP_FAILED);
    ring_init(r, BYTES, STREAM, 1);
    while (ring_room(r) > 1000) {
        add(r, ++p->added, PATH_MAX_BYTES);
        add(r, ++p->added, PATH_MAX_BYTES);
        ring_seal(r, 0);
    }
    while (ring_next(r) - ring_base(r) > 3) {
        p->dropped += ring_first(r)->hits;
        ring_drop(r);
    }
    return r;
}

/* What a process leaves behind if it is killed now. */
static void look(const struct ring *r, const struct progress *p)
{
    struct ring *left = adopt_copy(r);
    struct body_reader reader;
    struct hit h;
    uint64_t next;

    assert_non_null(left);
    body_open(&reader, ring_first(left)->body, ring_first(left)->body_n);
    assert_int_equal(body_next(&reader, &h), 1);
    assert_true(h.visitor == p->dropped + 1 || h.visitor == p->dropped + 3);
    next = read_ring(left, h.visitor);
    assert_true(next == p->added + 1 || next == p->added + 2);
}

static bool goes_round(struct ring *r)
{
    for (struct ring_record *rec = ring_first(r), *after; rec; rec = after)
        if ((after = ring_after(r, rec)) && after < rec)
            return true;
    return false;
}

/* Steps a process through its life and looks after each instruction. */
static void a_kill_between_any_two_instructions_loses_nothing(void **state)
{
    struct progress *p =
        mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct ring *r = shared_ring(p);
    pid_t pid = fork();
    unsigned steps = 0;
    int status;

    (void)state;
    if (pid == 0)
        traced_life(r, p);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    for (; WIFSTOPPED(status); steps++) {
        look(r, p);
        assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(steps > 1000);
    assert_true(goes_round(r));
    munmap(r, BYTES);
    munmap(p, sizeof *p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_ring_holds_nothing),
        cmocka_unit_test(a_sealed_body_gets_the_next_number),
        cmocka_unit_test(a_full_ring_refuses_and_stays_as_it_was),
        cmocka_unit_test(what_goes_in_comes_out_in_order),
        cmocka_unit_test(an_adopted_ring_is_the_same),
        cmocka_unit_test(what_is_no_ring_is_not_adopted),
        cmocka_unit_test(a_damaged_ring_is_refused_or_harmless),
        cmocka_unit_test(a_kill_between_any_two_instructions_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
