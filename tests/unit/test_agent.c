/* What a browser says that it is, in the words of those that people have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../collector/agent.h"
#include "../agents.h"
#include "../guard.h"

static struct agent read_guarded(const char *text, size_t n)
{
    return agent_read((struct slice){guard_copy(text, n), n});
}

static void browsers_are_what_they_say_last(void **state)
{
    (void)state;
    for (size_t i = 0; i < AGENTS; i++) {
        struct agent a = read_guarded(agents[i].text, strlen(agents[i].text));

        if (a.device != agents[i].device || a.browser != agents[i].browser)
            fail_msg("%s: %s, %s", agents[i].text, hit_device_name(a.device),
                     hit_browser_name(a.browser));
    }
}

static void any_piece_of_a_header_does_no_harm(void **state)
{
    (void)state;
    for (size_t i = 0; i < AGENTS; i++)
        for (size_t n = 0; n < strlen(agents[i].text); n++) {
            struct agent a = read_guarded(agents[i].text, n);

            assert_true(a.device < HIT_DEVICES && a.browser < HIT_BROWSERS);
        }
}

static void what_stands_far_behind_is_not_looked_at(void **state)
{
    char text[AGENT_BYTES + 16];

    (void)state;
    memset(text, ' ', sizeof text);
    memcpy(text + AGENT_BYTES - 9, " Firefox/", 9);
    assert_int_equal(read_guarded(text, sizeof text).browser, BROWSER_FIREFOX);
    memset(text, ' ', sizeof text);
    memcpy(text + AGENT_BYTES - 8, " Firefox/", 9);
    assert_int_equal(read_guarded(text, sizeof text).browser, BROWSER_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(browsers_are_what_they_say_last),
        cmocka_unit_test(any_piece_of_a_header_does_no_harm),
        cmocka_unit_test(what_stands_far_behind_is_not_looked_at),
    };

    return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
