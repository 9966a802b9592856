/* What strangers say in front of a connection: the verdict on a piece never differs from
 * that on the whole, and what is read is within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../collector/proxy_header.h"
#include "../../proto/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

/* The same bytes at the very end of a heap block, for the sanitizer to guard. */
static ssize_t read_copy(struct proxy_header *h, const uint8_t *data, size_t n)
{
    char *copy = malloc(n + 1);
    ssize_t v;

    must(copy != NULL);
    memcpy(copy + 1, data, n);
    v = proxy_header_read(h, copy + 1, n);
    free(copy);
    return v;
}

static void check_header(const struct proxy_header *h, const uint8_t *data, size_t n)
{
    must(h->version == 1 ? n <= 107
                         : h->version == 2 && n >= 16 && n <= PROXY_HEADER_MAX);
    must(h->version == 2 || memcmp(data + n - 2, "\r\n", 2) == 0);
    must(h->client.n == 0 || h->client.n == 4 || h->client.n == 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header h, again;
    ssize_t whole = read_copy(&h, data, size), last = 0;
    size_t step = 1 + size / 256;

    if (whole > 0) {
        must((size_t)whole <= size);
        check_header(&h, data, (size_t)whole);
        must(read_copy(&again, data, (size_t)whole) == whole);
        must(memcmp(&again, &h, sizeof h) == 0);
        must(read_copy(&again, data, (size_t)whole - 1) == 0);
    }
    for (size_t n = 0; n <= size; n += step) {
        ssize_t v = read_copy(&again, data, n);

        must(v == whole || (v == 0 && last == 0));
        last = v;
    }
    return 0;
}
