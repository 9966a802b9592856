/* For pages that are compiled in: their <style> elements are closed, and few. A hash
 * allows those bytes and no others, so what slips in anywhere else stays without effect.
 */
#include "page_policy.h"

#include <assert.h>
#include <sodium.h>
#include "../proto/buf.h"

#define LINES_MAX 4096
#define BASE64 sodium_base64_VARIANT_ORIGINAL

/* Takes what stands before the next @mark, and the mark. False when there is none. */
static bool take_until(struct slice *text, struct slice mark, struct slice *before)
{
    const char *at = text->n ? memmem(text->p, text->n, mark.p, mark.n) : NULL;

    if (at == NULL)
        return false;
    *before = (struct slice){text->p, (size_t)(at - text->p)};
    *text = slice_skip(*text, before->n + mark.n);
    return true;
}

/* The next <style> element's text; false behind the last. */
static bool take_style(struct slice *html, struct slice *style)
{
    struct slice skipped;

    return take_until(html, SLICE("<style"), &skipped) &&
           take_until(html, SLICE(">"), &skipped) &&
           take_until(html, SLICE("</style>"), style);
}

static void add_hash(struct buf *out, struct slice style)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof hash, BASE64)];

    crypto_hash_sha256(hash, (const unsigned char *)style.p, style.n);
    sodium_bin2base64(text, sizeof text, hash, sizeof hash, BASE64);
    buf_printf(out, " 'sha256-%s'", text);
}

char *page_policy_allow(const char *headers, struct slice html)
{
    struct slice rest = slice_of(headers), before, style;
    bool found, any = false;
    struct buf out;

    buf_init(&out, LINES_MAX);
    found = take_until(&rest, SLICE(PAGE_POLICY_STYLES), &before);
    assert(found);
    buf_slice(&out, before);
    buf_slice(&out, SLICE(PAGE_POLICY_STYLES));
    for (; take_style(&html, &style); any = true)
        add_hash(&out, style);
    buf_slice(&out, rest);
    buf_add(&out, "", 1);
    assert(!out.full);
    if (any)
        return out.p;
    buf_fini(&out);
    return NULL;
}
