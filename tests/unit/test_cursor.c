/* The cursor against msgpack-c: what one writes the other reads, and both call the same
 * bytes bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../proto/cursor.h"
#include "../dice.h"
#include "../guard.h"
#include "../hex.h"
#include "../oracle.h"

/* The bytes of @hex, ending at a guard page. */
static struct cursor cursor_on(const char *hex)
{
    uint8_t bytes[256];
    size_t n = hex_bytes(hex, bytes, sizeof bytes);
    struct cursor c;

    cursor_init(&c, guard_copy(bytes, n), n);
    return c;
}

static void every_integer_form_reads_as_its_value(void **state)
{
    static const struct {
        const char *hex;
        bool is_uint, is_int;
        uint64_t u;
        int64_t i;
    } row[] = {
        {"00", true, true, 0, 0},
        {"7f", true, true, 127, 127},
        {"e0", false, true, 0, -32},
        {"ff", false, true, 0, -1},
        {"cc00", true, true, 0, 0}, /* longer than needed is fine */
        {"ccff", true, true, 255, 255},
        {"cdffff", true, true, 65535, 65535},
        {"ce00000001", true, true, 1, 1},
        {"ceffffffff", true, true, UINT32_MAX, UINT32_MAX},
        {"cf7fffffffffffffff", true, true, INT64_MAX, INT64_MAX},
        {"cf8000000000000000", true, false, 1ull << 63, 0},
        {"cfffffffffffffffff", true, false, UINT64_MAX, 0},
        {"d07f", true, true, 127, 127},
        {"d080", false, true, 0, -128},
        {"d17fff", true, true, 32767, 32767},
        {"d18000", false, true, 0, -32768},
        {"d2ffffffff", false, true, 0, -1},
        {"d27fffffff", true, true, INT32_MAX, INT32_MAX},
        {"d3ffffffffffffffff", false, true, 0, -1},
        {"d38000000000000000", false, true, 0, INT64_MIN},
        {"d37fffffffffffffff", true, true, INT64_MAX, INT64_MAX},
        {"c0", false, false, 0, 0},
        {"c3", false, false, 0, 0},
        {"a131", false, false, 0, 0},
        {"90", false, false, 0, 0},
        {"ca3f800000", false, false, 0, 0},
        {"c1", false, false, 0, 0},
        {"", false, false, 0, 0},
        {"cc", false, false, 0, 0},
        {"cd00", false, false, 0, 0},
        {"cf00000000000000", false, false, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct cursor c = cursor_on(row[i].hex), d = c;
        uint64_t u = 0;
        int64_t v = 0;

        assert_int_equal(cursor_uint(&c, &u), row[i].is_uint);
        assert_int_equal(cursor_done(&c), row[i].is_uint);
        assert_true(!row[i].is_uint || u == row[i].u);
        assert_int_equal(cursor_int(&d, &v), row[i].is_int);
        assert_int_equal(cursor_done(&d), row[i].is_int);
        assert_true(!row[i].is_int || v == row[i].i);
    }
}

static void strings_are_borrowed_and_never_bin(void **state)
{
    static const struct {
        const char *hex;
        bool good;
        size_t n;
    } row[] = {
        {"a0", true, 0},          {"a3'abc'", true, 3},
        {"d900", true, 0},        {"d903'abc'", true, 3},
        {"da0003'abc'", true, 3}, {"db00000003'abc'", true, 3},
        {"a3'ab'", false, 0},     {"d9", false, 0},
        {"d904'abc'", false, 0},  {"daffff", false, 0},
        {"dbffffffff", false, 0}, {"dc0000 000000000000", false, 0},
        {"c403'abc'", false, 0},  {"03", false, 0},
        {"", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct cursor c = cursor_on(row[i].hex);
        const char *end = (const char *)c.end;
        struct slice s;

        assert_int_equal(cursor_str(&c, &s), row[i].good);
        assert_int_equal(c.failed, !row[i].good);
        if (row[i].good)
            assert_true(s.n == row[i].n && s.p + s.n == end);
    }
}

static void a_string_is_recognized_without_being_read(void **state)
{
    (void)state;
    for (unsigned lead = 0; lead < 256; lead++) {
        uint8_t b = (uint8_t)lead;
        struct cursor c;

        cursor_init(&c, guard_copy(&b, 1), 1);
        assert_int_equal(cursor_at_str(&c), (lead >= 0xa0 && lead <= 0xbf) ||
                                                (lead >= 0xd9 && lead <= 0xdb));
        assert_int_equal(c.end - c.p, 1);
        c.p = c.end;
        assert_false(cursor_at_str(&c));
    }
}

static void an_array_is_refused_when_its_elements_cannot_be_there(void **state)
{
    static const struct {
        const char *hex;
        bool good;
        uint32_t count;
    } row[] = {
        {"90", true, 0},
        {"9101", true, 1},
        {"91", false, 0},
        {"9f01", false, 0},
        {"dc0000", true, 0},
        {"dc0002 0102", true, 2},
        {"dc0003 0102", false, 0},
        {"dd00000002 0102", true, 2},
        {"dc00", false, 0},
        {"ddffffffff 01", false, 0},
        {"810102", false, 0},
        {"01", false, 0},
        {"", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct cursor c = cursor_on(row[i].hex);
        uint32_t count = 0;

        assert_int_equal(cursor_array(&c, &count), row[i].good);
        assert_true(!row[i].good || count == row[i].count);
    }
}

static void skipping_stops_at_eight_levels(void **state)
{
    static const struct {
        const char *hex;
        bool good;
    } row[] = {
        {"9191919191919190", true},    /* eight arrays */
        {"919191919191919190", false}, /* nine */
        {"919191919191919101", true},  /* a number inside eight */
        {"8101810181018101810181018101 80", true},
        {"81018101810181018101810181018180", false},
        {"818080", true}, /* a map as key */
        {"dc0001dd0000000181c0de0000", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct cursor c = cursor_on(row[i].hex);

        assert_int_equal(cursor_skip(&c), row[i].good);
        assert_int_equal(cursor_done(&c), row[i].good);
    }
}

static void a_failed_cursor_reads_nothing_more(void **state)
{
    struct cursor c = cursor_on("01 c0 02 a161 90");
    uint64_t u;
    int64_t i;
    uint32_t n;
    struct slice s;

    (void)state;
    assert_true(cursor_uint(&c, &u));
    assert_false(cursor_uint(&c, &u));
    assert_false(cursor_uint(&c, &u) || cursor_int(&c, &i) || cursor_str(&c, &s) ||
                 cursor_array(&c, &n) || cursor_skip(&c) || cursor_at_str(&c) ||
                 cursor_done(&c));
    cursor_init(&c, NULL, 0);
    assert_true(cursor_done(&c));
    assert_false(cursor_skip(&c));
}

/* Reads the first object of @bytes by every function and compares with @o, of @used
 * bytes, or with its absence. */
static void compare(const void *bytes, size_t n, const msgpack_object *o, size_t used)
{
    struct cursor skip, uint, sint, str, array;
    uint64_t u, want_u;
    int64_t i, want_i;
    uint32_t count;
    struct slice s;
    bool got;

    cursor_init(&skip, bytes, n);
    uint = sint = str = array = skip;
    assert_int_equal(cursor_skip(&skip), o && oracle_depth(o) <= 8);
    if (!skip.failed)
        assert_ptr_equal(skip.p, (const uint8_t *)bytes + used);
    if (!o)
        return;
    got = cursor_uint(&uint, &u);
    assert_int_equal(got, oracle_uint(o, &want_u));
    assert_true(!got || (u == want_u && uint.p == (const uint8_t *)bytes + used));
    got = cursor_int(&sint, &i);
    assert_int_equal(got, oracle_int(o, &want_i));
    assert_true(!got || (i == want_i && sint.p == (const uint8_t *)bytes + used));
    assert_int_equal(cursor_at_str(&str), o->type == MSGPACK_OBJECT_STR);
    got = cursor_str(&str, &s);
    assert_int_equal(got, o->type == MSGPACK_OBJECT_STR);
    assert_true(!got || (s.n == o->via.str.size && (s.n == 0 || s.p == o->via.str.ptr)));
    got = cursor_array(&array, &count);
    assert_int_equal(got, o->type == MSGPACK_OBJECT_ARRAY);
    assert_true(!got || count == o->via.array.size);
}

static void compare_with_msgpack(const void *bytes, size_t n)
{
    const void *guarded = guard_copy(bytes, n);
    msgpack_unpacked u;
    size_t used = oracle_unpack(&u, guarded, n);

    compare(guarded, n, used ? &u.data : NULL, used);
    msgpack_unpacked_destroy(&u);
}

static void random_bytes_read_as_msgpack_reads_them(void **state)
{
    struct dice d = {1};
    uint8_t bytes[64];

    (void)state;
    for (int round = 0; round < 200000; round++) {
        size_t n = 1 + dice_below(&d, sizeof bytes);
        dice_bytes(&d, bytes, n);
        if (round % 2) /* every lead byte in turn, with many small counts after it */
            for (size_t i = 1; i < n; i++)
                bytes[i] &= dice_below(&d, 3) ? 0x03 : 0xff;
        bytes[0] = (uint8_t)round;
        compare_with_msgpack(bytes, n);
    }
}

static void pack_object(struct dice *d, msgpack_packer *pk, unsigned levels);

static void pack_text(struct dice *d, msgpack_packer *pk, size_t n)
{
    static const size_t edge[] = {0, 1, 31, 32, 255, 256};
    static const char text[65536];

    if (dice_below(d, 4) == 0)
        n = edge[dice_below(d, sizeof edge / sizeof *edge)];
    switch (dice_below(d, 4)) {
    case 0:
        msgpack_pack_bin_with_body(pk, text, n);
        break;
    case 1:
        msgpack_pack_ext_with_body(pk, text, n, (int8_t)dice_u64(d));
        break;
    default:
        msgpack_pack_str_with_body(pk, text, n);
        break;
    }
}

static void pack_nest(struct dice *d, msgpack_packer *pk, unsigned levels)
{
    size_t n = dice_below(d, 4);
    bool map = dice_below(d, 2);

    if (map)
        msgpack_pack_map(pk, n);
    else
        msgpack_pack_array(pk, n);
    for (size_t i = 0; i < n << map; i++)
        pack_object(d, pk, levels - 1);
}

static void pack_object(struct dice *d, msgpack_packer *pk, unsigned levels)
{
    uint64_t bits = dice_u64(d) >> dice_below(d, 64);

    switch (dice_below(d, levels > 0 ? 9 : 5)) {
    case 0:
        msgpack_pack_uint64(pk, bits);
        break;
    case 1:
        msgpack_pack_int64(pk, -(int64_t)(bits >> 1));
        break;
    case 2:
        pack_text(d, pk, dice_below(d, 40));
        break;
    case 3:
        msgpack_pack_double(pk, (double)bits);
        break;
    case 4:
        if (bits & 1)
            msgpack_pack_nil(pk);
        else
            msgpack_pack_true(pk);
        break;
    default:
        pack_nest(d, pk, levels);
        break;
    }
}

static void packed_objects_read_back_whole_cut_and_damaged(void **state)
{
    struct dice d = {2};
    msgpack_sbuffer buf;
    msgpack_packer pk;

    (void)state;
    msgpack_sbuffer_init(&buf);
    msgpack_packer_init(&pk, &buf, msgpack_sbuffer_write);
    for (int round = 0; round < 20000; round++) {
        msgpack_sbuffer_clear(&buf);
        pack_object(&d, &pk, 10);
        if (buf.size > 2000)
            continue;
        compare_with_msgpack(buf.data, buf.size);
        compare_with_msgpack(buf.data, dice_below(&d, buf.size));
        for (int i = 0; i < 4; i++) {
            buf.data[dice_below(&d, buf.size)] ^= (char)(1 << dice_below(&d, 8));
            compare_with_msgpack(buf.data, buf.size);
        }
    }
    msgpack_sbuffer_destroy(&buf);
}

static void lengths_around_every_width_read_back(void **state)
{
    static const size_t edge[] = {0, 15, 16, 31, 32, 255, 256, 65535, 65536};
    static const char text[65536];
    msgpack_sbuffer buf;
    msgpack_packer pk;

    (void)state;
    msgpack_sbuffer_init(&buf);
    msgpack_packer_init(&pk, &buf, msgpack_sbuffer_write);
    for (size_t i = 0; i < sizeof edge / sizeof *edge; i++) {
        msgpack_sbuffer_clear(&buf);
        msgpack_pack_str_with_body(&pk, text, edge[i]);
        compare_with_msgpack(buf.data, buf.size);
        msgpack_sbuffer_clear(&buf);
        msgpack_pack_array(&pk, edge[i]);
        for (size_t k = 0; k < edge[i]; k++)
            msgpack_pack_int(&pk, -7);
        compare_with_msgpack(buf.data, buf.size);
        compare_with_msgpack(buf.data, buf.size - 1);
    }
    msgpack_sbuffer_destroy(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_integer_form_reads_as_its_value),
        cmocka_unit_test(strings_are_borrowed_and_never_bin),
        cmocka_unit_test(a_string_is_recognized_without_being_read),
        cmocka_unit_test(an_array_is_refused_when_its_elements_cannot_be_there),
        cmocka_unit_test(skipping_stops_at_eight_levels),
        cmocka_unit_test(a_failed_cursor_reads_nothing_more),
        cmocka_unit_test(random_bytes_read_as_msgpack_reads_them),
        cmocka_unit_test(packed_objects_read_back_whole_cut_and_damaged),
        cmocka_unit_test(lengths_around_every_width_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
