/* The table, and what is made of it at start: paths, hashes and, where names are not the
 * default ones, texts that speak of the names in use. Nothing changes afterwards, so all
 * workers read the same. */
#include "assets.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "../proto/buf.h"
#include "reply.h"

#define TEXT_MAX (256 * 1024) /* of a text made at start */

/* A page loads scripts, styles and images from here only, and nobody may frame it: even a
 * text that slipped through unescaped could not run. */
#define PAGE                                                                             \
    HEADER_NO_SNIFF                                                                      \
    "Cache-Control: no-cache\r\n"                                                        \
    "Referrer-Policy: same-origin\r\n"                                                   \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; " \
    "img-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; "          \
    "frame-ancestors 'none'\r\n"

/* What other sites load into their pages, with the integrity attribute if they like.
 * Asked for again every five minutes, so that a new release is in use soon. */
#define SHARED HEADER_NO_SNIFF HEADER_OPEN HEADER_EMBED
#define SCRIPT SHARED "Cache-Control: public, max-age=300\r\n"
#define SCRIPT_COPY SHARED "Cache-Control: public, max-age=31536000, immutable\r\n"

#define HTML "text/html; charset=utf-8"
#define JS "text/javascript; charset=utf-8"
#define CSS "text/css; charset=utf-8"

/* The names that the Makefile's EMBED gives to a file and to its twin. */
#define EMBEDDED(file) \
    extern const char file[], file##_end[], file##_gz[], file##_gz_end[]
EMBEDDED(hc_js);
EMBEDDED(hc_src_js);
EMBEDDED(widget_js);
EMBEDDED(demo_html);
EMBEDDED(demo_js);
EMBEDDED(demo_css);
EMBEDDED(icon_svg);
EMBEDDED(robots_txt);

#define BYTES(file)                                \
    {                                              \
        file, file##_end, file##_gz, file##_gz_end \
    }

static const struct row {
    const char *path; /* as it is by default */
    const char *type, *headers;
    const char *bytes[4]; /* first and one past the last; the twin's */
    bool has_copy;        /* also as NAME.HASH.js, for ever the same */
} rows[] = {
    {"/hc.js", JS, SCRIPT, BYTES(hc_js), true},
    {"/hc.src.js", JS, SCRIPT, BYTES(hc_src_js), false},
    {"/widget.js", JS, SCRIPT, BYTES(widget_js), true},
    {"/demo", HTML, PAGE, BYTES(demo_html), false},
    {"/demo/pricing", HTML, PAGE, BYTES(demo_html), false},
    {"/demo/docs", HTML, PAGE, BYTES(demo_html), false},
    {"/demo.js", JS, PAGE, BYTES(demo_js), false},
    {"/demo.css", CSS, PAGE, BYTES(demo_css), false},
    {"/icon.svg", "image/svg+xml", PAGE, BYTES(icon_svg), false},
    {"/robots.txt", "text/plain", PAGE, BYTES(robots_txt), false},
};

/* What to write instead of a default name. */
struct change {
    struct slice from, to;
    char text[NAMING_BASE_MAX + NAMING_NAME_MAX];
};

#define CHANGES 4

static void change_to(struct change *c, struct slice from, const char *before,
                      struct slice name, const char *after)
{
    int n = snprintf(c->text, sizeof c->text, "%s%.*s%s", before, (int)name.n,
                     name.n ? name.p : "", after);

    assert(n > 0 && (size_t)n < sizeof c->text);
    c->from = from;
    c->to = (struct slice){c->text, (size_t)n};
}

static void changes_of(struct change c[CHANGES], const struct naming *n)
{
    change_to(&c[0], SLICE("hc.gif"), "", n->pixel, "");
    change_to(&c[1], SLICE("hc.js"), "", n->script, "");
    change_to(&c[2], SLICE("hc.src.js"), "", naming_stem(n), ".src.js");
    change_to(&c[3], SLICE("<base href=\"/\">"), "<base href=\"", n->base, "/\">");
}

/* Writes @text with every change into @out. Returns whether there was any that shows. */
static bool rename_in(struct buf *out, struct slice text, const struct change c[CHANGES])
{
    bool changed = false;

    while (text.n > 0) {
        const struct change *hit = NULL;

        for (size_t i = 0; i < CHANGES && hit == NULL; i++)
            if (slice_starts(text, c[i].from))
                hit = &c[i];
        if (hit)
            changed |= !slice_eq(hit->from, hit->to);
        buf_slice(out, hit ? hit->to : (struct slice){text.p, 1});
        text = slice_skip(text, hit ? hit->from.n : 1);
    }
    return changed;
}

static void set_bytes(struct asset *a, const struct row *row, const struct change *c)
{
    const char *const *at = row->bytes;
    struct buf out;

    a->plain = (struct slice){at[0], (size_t)(at[1] - at[0])};
    a->gzip = (struct slice){at[2], (size_t)(at[3] - at[2])};
    buf_init(&out, TEXT_MAX);
    if (rename_in(&out, a->plain, c)) {
        assert(!out.full);
        a->owned = out.p;
        a->plain = buf_get(&out);
        a->gzip = (struct slice){0};
    } else {
        buf_fini(&out);
    }
    a->plain_tag = etag_of(a->plain);
    a->gzip_tag = etag_of(a->gzip);
}

static void set_path(struct asset *a, const struct row *row, const struct naming *n,
                     const struct change *c)
{
    struct buf path;

    buf_init(&path, sizeof a->path - 1);
    buf_slice(&path, n->base);
    rename_in(&path, slice_of(row->path), c);
    assert(!path.full);
    memcpy(a->path, path.p, a->path_n = path.n);
    buf_fini(&path);
}

/* /hc.js -> /hc.0123456789abcdef.js */
static void set_copy(struct asset *copy, struct asset *a)
{
    const char *dot = strrchr(a->path, '.');
    struct buf path;

    *copy = *a;
    copy->owned = NULL;
    copy->headers = SCRIPT_COPY;
    buf_init(&path, sizeof copy->path - 1);
    buf_printf(&path, "%.*s.%.*s%s", (int)(dot - a->path), a->path, ETAG_LEN - 2,
               a->plain_tag.s + 1, dot);
    assert(!path.full);
    memcpy(copy->path, path.p, copy->path_n = path.n);
    buf_fini(&path);
    a->copy = copy;
}

void assets_init(struct assets *a, const struct naming *n)
{
    struct change c[CHANGES];

    *a = (struct assets){0};
    changes_of(c, n);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asset *asset = &a->v[a->n++];

        assert(a->n < ASSETS_MAX);
        asset->type = rows[i].type;
        asset->headers = rows[i].headers;
        set_path(asset, &rows[i], n, c);
        set_bytes(asset, &rows[i], c);
        if (rows[i].has_copy)
            set_copy(&a->v[a->n++], asset);
    }
}

void assets_fini(struct assets *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->v[i].owned);
}

const struct asset *assets_find(const struct assets *a, struct slice path)
{
    for (size_t i = 0; i < a->n; i++)
        if (slice_eq((struct slice){a->v[i].path, a->v[i].path_n}, path))
            return &a->v[i];
    return NULL;
}
