/* Bodies of POST /e from strangers: what is read without jansson is what jansson makes of
 * it, event by event, hit by hit, and refusal by refusal. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../events_agree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *how;
    bool was_plain;

    if (size > HTTP_BODY_MAX)
        return 0;
    how = events_differ((struct slice){(const char *)data, size}, &was_plain);
    if (how) {
        fprintf(stderr, "%s\n", how);
        abort();
    }
    return 0;
}
