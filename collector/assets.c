/* The table, and what is made of it at start: paths, hashes and, where names are not the
 * default ones, texts that speak of the names in use. Nothing changes afterwards, so all
 * workers read the same. */
#include "assets.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "../proto/buf.h"
#include "page_policy.h"
#include "renaming.h"
#include "reply.h"

#define TEXT_MAX (256 * 1024) /* of a text made at start */

/* A page loads scripts, styles and images from here only, and nobody may frame it: even a
 * text that slipped through unescaped could not run. Pages are asked for again each time.
 */
#define PAGE                                                                          \
    HEADER_NO_SNIFF                                                                   \
    "Cache-Control: no-cache\r\n"                                                     \
    "Referrer-Policy: same-origin\r\n"                                                \
    "Content-Security-Policy: default-src 'none'; " PAGE_POLICY_SCRIPTS               \
    "; " PAGE_POLICY_STYLES "; img-src 'self'; connect-src 'self'; base-uri 'self'; " \
    "form-action 'none'; frame-ancestors 'none'\r\n"

/* What other sites load into their pages, scripts and what those load, with the integrity
 * attribute if they like. Asked for again every five minutes, so that a new release is in
 * use soon. */
#define SHARED HEADER_NO_SNIFF HEADER_OPEN HEADER_EMBED
#define SCRIPT SHARED "Cache-Control: public, max-age=300\r\n"
#define SCRIPT_COPY SHARED "Cache-Control: public, max-age=31536000, immutable\r\n"

#define WEB_PREFIX "/web/"

#define HTML "text/html; charset=utf-8"
#define JS "text/javascript; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define SVG "image/svg+xml"
#define JSON "application/json"

/* What is served below /web: its name there, and that of its bytes. */
#define WEB_FILES(X)                                      \
    X("dashboard-alerts.js", dashboard_alerts_js, JS)     \
    X("dashboard-figures.js", dashboard_figures_js, JS)   \
    X("dashboard-keys.js", dashboard_keys_js, JS)         \
    X("dashboard-overview.js", dashboard_overview_js, JS) \
    X("dashboard-token.js", dashboard_token_js, JS)       \
    X("dashboard.js", dashboard_js, JS)                   \
    X("headcount-badge.js", headcount_badge_js, JS)       \
    X("headcount-bars.js", headcount_bars_js, JS)         \
    X("headcount-client.js", headcount_client_js, JS)     \
    X("headcount-counter.js", headcount_counter_js, JS)   \
    X("headcount-element.js", headcount_element_js, JS)   \
    X("headcount-elements.js", headcount_elements_js, JS) \
    X("headcount-feed.js", headcount_feed_js, JS)         \
    X("headcount-frames.js", headcount_frames_js, JS)     \
    X("headcount-lead.js", headcount_lead_js, JS)         \
    X("headcount-list.js", headcount_list_js, JS)         \
    X("headcount-map.js", headcount_map_js, JS)           \
    X("headcount-pages.js", headcount_pages_js, JS)       \
    X("headcount-panel.js", headcount_panel_js, JS)       \
    X("headcount-reader.js", headcount_reader_js, JS)     \
    X("headcount-states.js", headcount_states_js, JS)     \
    X("headcount-stream.js", headcount_stream_js, JS)     \
    X("headcount-view.js", headcount_view_js, JS)         \
    X("world.json", world_json, JSON)

/* The names that the Makefile's EMBED gives to a file and to its twin. */
#define EMBEDDED(file) \
    extern const char file[], file##_end[], file##_gz[], file##_gz_end[]
EMBEDDED(hc_js);
EMBEDDED(hc_src_js);
EMBEDDED(widget_js);
EMBEDDED(demo_html);
EMBEDDED(demo_js);
EMBEDDED(demo_css);
EMBEDDED(dashboard_html);
EMBEDDED(icon_svg);
EMBEDDED(robots_txt);
#define EMBEDDED_WEB(name, file, type) EMBEDDED(file);
WEB_FILES(EMBEDDED_WEB)

#define BYTES(file)                                \
    {                                              \
        file, file##_end, file##_gz, file##_gz_end \
    }

/* clang-format off */
static const struct row {
    const char *path; /* as it is by default; NULL: the dashboard, which is filled */
    const char *type, *headers;
    const char *bytes[4]; /* first and one past the last; the twin's */
    bool has_copy;        /* for ever the same: NAME.HASH.js, or below /web/HASH */
} rows[] = {
    {"/hc.js", JS, SCRIPT, BYTES(hc_js), true},
    {"/hc.src.js", JS, SCRIPT, BYTES(hc_src_js), false},
    {"/widget.js", JS, SCRIPT, BYTES(widget_js), true},
    {"/demo", HTML, PAGE, BYTES(demo_html), false},
    {"/demo/pricing", HTML, PAGE, BYTES(demo_html), false},
    {"/demo/docs", HTML, PAGE, BYTES(demo_html), false},
    {"/demo.js", JS, PAGE, BYTES(demo_js), false},
    {"/demo.css", CSS, PAGE, BYTES(demo_css), false},
    {"/icon.svg", SVG, PAGE, BYTES(icon_svg), false},
    {"/robots.txt", "text/plain", PAGE, BYTES(robots_txt), false},
    {NULL, HTML, PAGE, BYTES(dashboard_html), false},
#define WEB_ROW(name, file, type) {WEB_PREFIX name, type, SCRIPT, BYTES(file), true},
    WEB_FILES(WEB_ROW)
};
/* clang-format on */

static void set_bytes(struct asset *a, const struct row *row,
                      const struct renaming *names)
{
    const char *const *at = row->bytes;
    struct buf out;

    a->plain = (struct slice){at[0], (size_t)(at[1] - at[0])};
    a->gzip = (struct slice){at[2], (size_t)(at[3] - at[2])};
    buf_init(&out, TEXT_MAX);
    if (renaming_apply(names, a->plain, &out)) {
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
                     const struct renaming *names)
{
    struct buf path;

    buf_init(&path, sizeof a->path - 1);
    buf_slice(&path, n->base);
    renaming_apply(names, slice_of(row->path), &path);
    assert(!path.full);
    memcpy(a->path, path.p, a->path_n = path.n);
    buf_fini(&path);
}

static void set_headers(struct asset *a, const struct row *row)
{
    a->type = row->type;
    a->headers = row->headers;
    if (strcmp(row->type, HTML) == 0)
        a->owned_headers = page_policy_allow(row->headers, a->plain);
    if (a->owned_headers)
        a->headers = a->owned_headers;
}

/* Where the copy of what is at @path stays: /hc.js at /hc.0123456789abcdef.js, /web/x.js
 * at /web/0123456789abcdef/x.js. */
static void write_copy_path(struct buf *out, const struct assets *a,
                            const struct asset *asset, const struct naming *n)
{
    const char *dot = strrchr(asset->path, '.');
    struct slice rest = slice_skip(slice_of(asset->path), n->base.n);

    if (slice_starts(rest, SLICE(WEB_PREFIX)))
        buf_printf(out, "%.*s/%s/%s", (int)n->base.n, asset->path, a->web,
                   rest.p + sizeof WEB_PREFIX - 1);
    else
        buf_printf(out, "%.*s.%.*s%s", (int)(dot - asset->path), asset->path,
                   ETAG_LEN - 2, asset->plain_tag.s + 1, dot);
}

static void add_copy(struct assets *a, struct asset *asset, const struct naming *n)
{
    struct asset *copy = &a->v[a->n++];
    struct buf path;

    assert(a->n <= ASSETS_MAX);
    *copy = *asset;
    copy->owned = copy->owned_headers = NULL;
    copy->headers = SCRIPT_COPY;
    buf_init(&path, sizeof copy->path - 1);
    write_copy_path(&path, a, asset, n);
    assert(!path.full);
    memset(copy->path, 0, sizeof copy->path);
    memcpy(copy->path, path.p, copy->path_n = path.n);
    buf_fini(&path);
    asset->copy = copy;
}

static bool is_below_web(const struct row *row)
{
    return row->path && slice_starts(slice_of(row->path), SLICE(WEB_PREFIX));
}

/* The rows that are below /web, or those that are not: these may speak of a->web, which
 * is known once the others are there. */
static void add_rows(struct assets *a, const struct naming *n, bool below_web)
{
    struct renaming names;

    renaming_init(&names, n, slice_of(a->web));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct asset *asset = rows[i].path ? &a->v[a->n] : &a->dashboard;

        if (is_below_web(&rows[i]) != below_web)
            continue;
        assert(a->n < ASSETS_MAX);
        set_bytes(asset, &rows[i], &names);
        set_headers(asset, &rows[i]);
        if (rows[i].path) {
            a->n++;
            set_path(asset, &rows[i], n, &names);
        }
        if (rows[i].has_copy && !below_web)
            add_copy(a, asset, n);
    }
}

struct etag assets_tag(const struct asset *v, size_t n)
{
    struct buf all;
    struct etag tag;

    buf_init(&all, TEXT_MAX);
    for (size_t i = 0; i < n; i++)
        buf_printf(&all, "%s %s\n", v[i].path, etag_of(v[i].plain).s);
    assert(!all.full);
    tag = etag_of(buf_get(&all));
    buf_fini(&all);
    return tag;
}

void assets_init(struct assets *a, const struct naming *n)
{
    size_t below_web;

    *a = (struct assets){0};
    add_rows(a, n, true);
    below_web = a->n;
    snprintf(a->web, sizeof a->web, "web/%.*s", ETAG_LEN - 2,
             assets_tag(a->v, below_web).s + 1);
    for (size_t i = 0; i < below_web; i++)
        add_copy(a, &a->v[i], n);
    add_rows(a, n, false);
}

static void release(struct asset *a)
{
    free(a->owned);
    free(a->owned_headers);
}

void assets_fini(struct assets *a)
{
    for (size_t i = 0; i < a->n; i++)
        release(&a->v[i]);
    release(&a->dashboard);
}

const struct asset *assets_find(const struct assets *a, struct slice path)
{
    for (size_t i = 0; i < a->n; i++)
        if (slice_eq((struct slice){a->v[i].path, a->v[i].path_n}, path))
            return &a->v[i];
    return NULL;
}
