/* resp: argument by argument. */
#include "resp.h"

static size_t head_bytes(size_t n)
{
    return 1 + decimal_length(n) + 2;
}

size_t resp_bytes(size_t argc, const char **argv, const size_t *lens)
{
    size_t bytes = head_bytes(argc);

    for (size_t i = 0; i < argc; i++) {
        size_t n = resp_length(argv, lens, i);

        bytes += head_bytes(n) + n + 2;
    }
    return bytes;
}

void resp_put(char *p, size_t argc, const char **argv, const size_t *lens)
{
    p = resp_head(p, '*', argc);
    for (size_t i = 0; i < argc; i++) {
        size_t n = resp_length(argv, lens, i);

        p = resp_head(p, '$', n);
        memcpy(p, argv[i], n);
        memcpy(p + n, "\r\n", 2);
        p += n + 2;
    }
}
