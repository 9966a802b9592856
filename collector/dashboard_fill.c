/* The template is searched each time: some kilobytes, for a page that people open. */
#include "dashboard_fill.h"

#define MARK SLICE("<!--hc:")
#define MARK_END SLICE("-->")

static void write_text(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '<')
            buf_slice(out, SLICE("&lt;"));
        else if (text.p[i] == '&')
            buf_slice(out, SLICE("&amp;"));
        else
            buf_add(out, text.p + i, 1);
    }
}

/* In JSON a < stands in strings only, and there \u003c says the same. What is between two
 * of them goes over in one piece. */
static void write_json(struct buf *out, struct slice json)
{
    while (json.n > 0) {
        const char *at = memchr(json.p, '<', json.n);
        size_t before = at ? (size_t)(at - json.p) : json.n;

        buf_add(out, json.p, before);
        if (at)
            buf_slice(out, SLICE("\\u003c"));
        json = slice_skip(json, before + (at != NULL));
    }
}

/* Whether @name is one of the marks; then it was written. */
static bool write_mark(struct buf *out, struct slice name,
                       const struct dashboard_words *w)
{
    if (slice_eq(name, SLICE("title")))
        write_text(out, w->title);
    else if (slice_eq(name, SLICE("online")))
        write_text(out, w->online);
    else if (slice_eq(name, SLICE("data")))
        write_json(out, w->data);
    else
        return false;
    return true;
}

/* Where @part stands in @text, or its end. */
static size_t find(struct slice text, struct slice part)
{
    const char *at = text.n ? memmem(text.p, text.n, part.p, part.n) : NULL;

    return at ? (size_t)(at - text.p) : text.n;
}

void dashboard_fill(struct buf *out, struct slice template,
                    const struct dashboard_words *w)
{
    while (template.n > 0) {
        size_t before = find(template, MARK), length;
        struct slice name;

        buf_slice(out, (struct slice){template.p, before});
        template = slice_skip(template, before);
        if (template.n == 0)
            return;
        name = slice_skip(template, MARK.n);
        name.n = find(name, MARK_END);
        length = MARK.n + name.n + MARK_END.n;
        if (length > template.n || !write_mark(out, name, w)) {
            buf_slice(out, MARK);
            length = MARK.n;
        }
        template = slice_skip(template, length);
    }
}
