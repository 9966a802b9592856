/* The list a Redis returns, from whoever writes there. Input: the minutes asked for on
 * the first line, then one string of the list per line. What is taken must keep its
 * bounds and make a valid answer. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../proto/summary.h"
#include "../text_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static void check_bounds(const struct summary *s)
{
    struct summary_window all = summary_window(s, WINDOW_MAX), asked;
    uint64_t sum = 0;

    asked = summary_window(s, s->minutes);
    must(s->window >= 1 && s->window <= WINDOW_MAX);
    must(s->minutes >= 1 && s->minutes <= s->window);
    must(s->npages <= ANSWER_PAGES_MAX + 1 && s->nrecent <= RECENT_MAX);
    must(asked.visitors <= all.visitors && asked.views <= all.views);
    for (size_t i = 0; i < s->npages; i++)
        sum += s->pages[i].visitors;
    must(sum == s->pages_visitors);
    must(s->known || (all.visitors == 0 && sum == 0 && s->nrecent == 0 &&
                      online_total(&s->online) == 0));
}

static void check_answer(const struct summary *s)
{
    struct buf out;
    json_t *answer;

    buf_init(&out, 16 << 20);
    summary_json(s, SLICE("shop"), &out);
    must(!out.full);
    answer = json_loadb(out.p, out.n, 0, NULL);
    must(answer != NULL);
    must(json_array_size(json_object_get(answer, "series")) == s->window);
    json_decref(answer);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    unsigned minutes = minutes_parse(take_line(&rest));
    struct text_list l = {NULL, 0};
    struct summary s;

    while (rest.n > 0) {
        struct slice line = take_line(&rest);

        text_list_add(&l, line.p, line.n);
    }
    if (minutes > 0 && summary_parse(&s, l.v, l.n, minutes) == 0) {
        check_bounds(&s);
        check_answer(&s);
        summary_fini(&s);
    }
    text_list_free(&l);
    return 0;
}
