/* What is asked of a stream: the query on the first line, Last-Event-ID on the second.
 * Whatever is taken keeps its bounds, and is the same when it is asked for again. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../collector/stream_wish.h"
#include "../../proto/limits.h"
#include "../text_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct damp usual = {.ratio = 250, .min_ms = 1000, .max_ms = 5000};

static void must(bool claim)
{
    if (!claim)
        abort();
}

/* As the id of an event is written. */
static void check_again(const struct stream_wish *w)
{
    struct stream_wish again;
    char id[64];
    const char *bad;

    snprintf(id, sizeof id, "%" PRId64 "-%" PRIu64, w->life, w->id);
    must(stream_wish_parse(&again, (struct slice){0}, slice_of(id), &usual, &bad) == 0);
    must(!again.resumes || (again.life == w->life && again.id == w->id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct slice query = take_line(&rest), id = take_line(&rest);
    struct stream_wish w;
    const char *bad = NULL;

    if (stream_wish_parse(&w, query, id, &usual, &bad) < 0) {
        must(bad != NULL && *bad != '\0');
        return 0;
    }
    must(w.damp.ratio <= DAMP_RATIO_MAX);
    must(w.damp.min_ms <= DAMP_DELAY_MAX && w.damp.max_ms <= DAMP_DELAY_MAX);
    must(!w.granted && !w.joins);
    if (w.resumes)
        check_again(&w);
    return 0;
}
