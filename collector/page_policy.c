/* For pages that are compiled in: their <style> and <script> elements are closed, and
 * few. A hash allows those bytes and no others, so what slips in anywhere else stays
 * without effect. */
#include "page_policy.h"

#include <assert.h>
#include <sodium.h>
#include "../proto/buf.h"

#define LINES_MAX 4096
#define BASE64 sodium_base64_VARIANT_ORIGINAL

/* What may be inline: its directive, and how the elements begin and end. */
static const struct kind {
    const char *directive, *begin, *end;
    bool bare; /* with attributes it is no script of the page's own: src, or data */
} kinds[] = {
    {PAGE_POLICY_SCRIPTS, "<script", "</script>", true},
    {PAGE_POLICY_STYLES, "<style", "</style>", false},
};

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

/* The text of the next such element; false behind the last. */
static bool take_text(struct slice *html, const struct kind *kind, struct slice *text)
{
    struct slice skipped, attributes;

    while (take_until(html, slice_of(kind->begin), &skipped) &&
           take_until(html, SLICE(">"), &attributes) &&
           take_until(html, slice_of(kind->end), text))
        if (attributes.n == 0 || !kind->bare)
            return true;
    return false;
}

static void add_hash(struct buf *out, struct slice text)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char base64[sodium_base64_ENCODED_LEN(sizeof hash, BASE64)];

    crypto_hash_sha256(hash, (const unsigned char *)text.p, text.n);
    sodium_bin2base64(base64, sizeof base64, hash, sizeof hash, BASE64);
    buf_printf(out, " 'sha256-%s'", base64);
}

/* Copies @headers up to the kind's directive, and adds the hashes of what is in @html.
 * Returns whether there was any. */
static bool allow_kind(struct buf *out, const struct kind *kind, struct slice *headers,
                       struct slice html)
{
    struct slice before, text;
    bool found = take_until(headers, slice_of(kind->directive), &before), any = false;

    assert(found);
    buf_slice(out, before);
    buf_str(out, kind->directive);
    for (; take_text(&html, kind, &text); any = true)
        add_hash(out, text);
    return any;
}

char *page_policy_allow(const char *headers, struct slice html)
{
    struct slice rest = slice_of(headers);
    bool any = false;
    struct buf out;

    buf_init(&out, LINES_MAX);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        any |= allow_kind(&out, &kinds[i], &rest, html);
    buf_slice(&out, rest);
    buf_add(&out, "", 1);
    assert(!out.full);
    if (any)
        return out.p;
    buf_fini(&out);
    return NULL;
}
