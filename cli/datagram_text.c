/* Hex as xxd -p, Wireshark's "copy as hex stream" and most logs write it. */
#include "datagram_text.h"

#include "../proto/hex.h"

static bool is_between_bytes(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ':';
}

/* False when @text is not hex. */
static bool from_hex(struct slice text, uint8_t *out, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (is_between_bytes(text.p[i]))
            continue;
        if (i + 1 == text.n || hex_digit(text.p[i]) < 0 || hex_digit(text.p[i + 1]) < 0)
            return false;
        out[(*n)++] = (uint8_t)(hex_digit(text.p[i]) << 4 | hex_digit(text.p[i + 1]));
        i++;
    }
    return *n > 0;
}

size_t datagram_bytes(struct slice text, uint8_t *out)
{
    size_t n;

    if (!slice_starts(text, SLICE("HC")) && from_hex(text, out, &n))
        return n;
    if (text.n > 0)
        memcpy(out, text.p, text.n);
    return text.n;
}
