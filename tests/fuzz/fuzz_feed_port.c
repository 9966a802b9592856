/* Bytes at the feed port. In pieces of any size they are the same lines; a command's
 * words lie in their line, in order; and what is told to a terminal of any event is one
 * line of harmless text. The same bytes as an address at the notification port. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../collector/feed_command.h"
#include "../../collector/feed_line.h"
#include "../../collector/line_reader.h"
#include "../../collector/notify.h"
#include "../../proto/hit.h"
#include "../../proto/utf8.h"

#define LINES_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static bool is_within(struct slice part, struct slice whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_command(struct slice line)
{
    struct feed_command c = feed_command_parse(line);

    must(line.n <= FEED_LINE_MAX);
    must(is_within(c.site, line) && is_within(c.token, line) && is_within(c.text, line));
    must(c.token.n == 0 || c.token.p >= c.site.p + c.site.n);
    must(c.text.n == 0 || (c.verb == FEED_SEND && c.text.p > c.token.p + c.token.n));
}

/* Each piece lies in a heap block of just its size. */
static void read_in_pieces(const uint8_t *data, size_t size, size_t step, struct buf *out)
{
    struct line_reader r = {0};
    enum line_step got = LINE_MORE;
    struct slice line;

    for (size_t at = 0; at < size && got != LINE_TOO_LONG; at += step) {
        size_t n = step < size - at ? step : size - at;
        char *piece = malloc(n);
        struct slice in = {piece, n};

        must(piece != NULL);
        memcpy(piece, data + at, n);
        while ((got = line_reader_next(&r, &in, &line)) == LINE_WHOLE) {
            check_command(line);
            buf_slice(out, line);
            buf_str(out, "\n");
        }
        must(got == LINE_TOO_LONG || in.n == 0);
        free(piece);
    }
    if (got == LINE_TOO_LONG)
        buf_str(out, "!");
}

static void check_told(struct slice json)
{
    struct slice text;
    struct buf out;

    buf_init(&out, LINES_MAX);
    feed_line_text(&out, &(struct frame){.kind = FRAME_EVENT, .id = 1, .data = json});
    text = buf_get(&out);
    must(!out.full && text.n > 0 && text.p[text.n - 1] == '\n');
    for (text.n--; text.n > 0;) {
        uint32_t code;

        must(utf8_next(&text, &code) && !utf8_is_unsafe(code));
    }
    buf_fini(&out);
}

static void check_address(struct slice path)
{
    struct posted m;
    struct slice site;

    if (!notify_parse(path, &site, &m))
        return;
    must(site_valid(site) && is_within(site, path));
    must(m.text_n > 0 && m.text_n <= PATH_MAX_BYTES && m.name_n <= EVENT_NAME_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, pieces;

    buf_init(&whole, LINES_MAX);
    buf_init(&pieces, LINES_MAX);
    read_in_pieces(data, size, size > 0 ? size : 1, &whole);
    read_in_pieces(data, size, size > 0 ? 1 + data[0] % 5 : 1, &pieces);
    must(slice_eq(buf_get(&whole), buf_get(&pieces)));
    buf_fini(&whole);
    buf_fini(&pieces);
    check_told((struct slice){(const char *)data, size});
    check_address((struct slice){(const char *)data, size});
    return 0;
}
