/* sse: frames to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../collector/sse.h"

static void assert_frame(struct frame f, const char *expected)
{
    struct buf out;

    buf_init(&out, 4096);
    buf_str(&out, "before");
    sse_framing.frame(&out, &f);
    buf_add(&out, "", 1);
    assert_string_equal(out.p + 6, expected);
    buf_fini(&out);
}

static void only_what_can_be_resumed_behind_has_an_id(void **state)
{
    (void)state;
    assert_frame(
        (struct frame){
            .kind = FRAME_HELLO, .life = 1763000000000, .id = 9, .data = {"{}", 2}},
        "id: 1763000000000-9\nevent: hello\ndata: {}\n\n");
    assert_frame((struct frame){.kind = FRAME_EVENT,
                                .life = 1763000000000,
                                .id = 10,
                                .data = {"{\"id\":10}", 9}},
                 "id: 1763000000000-10\nevent: event\ndata: {\"id\":10}\n\n");
    assert_frame((struct frame){.kind = FRAME_STATE, .data = {"{}", 2}},
                 "event: state\ndata: {}\n\n");
    assert_frame((struct frame){.kind = FRAME_GAP, .data = {"{}", 2}},
                 "event: gap\ndata: {}\n\n");
}

static void silence_is_a_comment_and_the_end_a_time_to_come_again(void **state)
{
    struct stream s = {0};
    struct buf out;

    (void)state;
    buf_init(&out, 4096);
    assert_true(sse_framing.keep_alive(&s, &out));
    sse_framing.farewell(&s, &out, 2345);
    buf_add(&out, "", 1);
    assert_string_equal(out.p, ":\n\nretry: 2345\n\n");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_can_be_resumed_behind_has_an_id),
        cmocka_unit_test(silence_is_a_comment_and_the_end_a_time_to_come_again),
    };

    return cmocka_run_group_tests_name("sse", tests, NULL, NULL);
}
