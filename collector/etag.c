/* A tag is the first half of BLAKE2b-128 of the bytes: 64 bits tell versions apart. */
#include "etag.h"

#include <sodium.h>
#include "../proto/scan.h"

#define TAG_BYTES ((ETAG_LEN - 2) / 2)

struct etag etag_of(struct slice bytes)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    struct etag tag = {"\""};

    crypto_generichash(hash, sizeof hash, (const unsigned char *)bytes.p, bytes.n, NULL,
                       0);
    sodium_bin2hex(tag.s + 1, 2 * TAG_BYTES + 1, hash, TAG_BYTES);
    tag.s[ETAG_LEN - 1] = '"';
    return tag;
}

/* Takes the first of a comma separated list, blanks cut. */
static struct slice take(struct slice *list)
{
    const char *end = list->p + list->n;
    const char *comma = memchr(list->p, ',', list->n);
    struct slice one = scan_trim(list->p, comma ? comma : end);

    *list =
        comma ? (struct slice){comma + 1, (size_t)(end - comma - 1)} : (struct slice){0};
    return one;
}

bool etag_is_listed(const struct etag *tag, struct slice if_none_match)
{
    while (if_none_match.n > 0) {
        struct slice one = take(&if_none_match);

        if (slice_starts(one, SLICE("W/")))
            one = slice_skip(one, 2);
        if (slice_eq(one, SLICE("*")) || slice_eq(one, slice_of(tag->s)))
            return true;
    }
    return false;
}
