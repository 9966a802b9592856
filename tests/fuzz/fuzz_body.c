/* Bodies from strangers: our reader must say what msgpack-c's tree says, hit by hit. */
#include <stdint.h>
#include <stdlib.h>

#include "../oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Skips what @data holds as one object: right exactly when msgpack-c takes it whole. */
static void check_skip(const uint8_t *data, size_t size)
{
    msgpack_unpacked u;
    size_t used = oracle_unpack(&u, data, size);
    bool want = used > 0 && oracle_depth(&u.data) <= 8;
    struct cursor c;

    cursor_init(&c, data, size);
    if (cursor_skip(&c) != want || (want && c.p != data + used))
        abort();
    msgpack_unpacked_destroy(&u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > BODY_MAX) /* a frame holds no more */
        return 0;
    check_skip(data, size);
    if (!oracle_agrees(data, size))
        abort();
    return 0;
}
