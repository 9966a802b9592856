/* The time left is reckoned from the bytes so far: a log has as much to come per byte as
 * it had. For a pipe there is no end to reckon with. */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define BAR_COLUMNS 24

static void write_all(const char *p, size_t n)
{
    if (write(STDERR_FILENO, p, n) < 0) {
        /* It is only decoration. */
    }
}

static void put_bar(const struct progress *p, uint64_t done, struct buf *out)
{
    uint64_t filled = done * BAR_COLUMNS / p->bytes;

    buf_printf(out, "%3" PRIu64 "%% ", done * 100 / p->bytes);
    for (uint64_t i = 0; i < BAR_COLUMNS; i++) {
        if (i < filled)
            buf_str(out, p->utf8 ? "\xe2\x96\x88" : "#"); /* full block */
        else
            buf_str(out, p->utf8 ? "\xe2\x96\x91" : "."); /* light shade */
    }
    buf_str(out, "  ");
}

static void put_duration(mono_t ms, struct buf *out)
{
    int64_t s = ms / 1000;

    if (s >= 3600)
        buf_printf(out, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60),
                   (int)(s % 60));
    else
        buf_printf(out, "%d:%02d", (int)(s / 60), (int)(s % 60));
}

void progress_text(const struct progress *p, const struct progress_state *s, mono_t now,
                   struct buf *out)
{
    mono_t spent = now - p->started;
    uint64_t done = s->bytes < p->bytes ? s->bytes : p->bytes;

    if (p->bytes > 0)
        put_bar(p, done, out);
    buf_printf(out, "%" PRIu64 " lines, %" PRIu64 " sent", s->lines, s->sent);
    if (spent > 0)
        buf_printf(out, ", %" PRIu64 "/s", s->answered * 1000 / (uint64_t)spent);
    if (done > 0) {
        buf_str(out, ", left ");
        put_duration((mono_t)((double)spent * (double)(p->bytes - done) / (double)done),
                     out);
    }
}

static bool is_due(const struct progress *p, mono_t now)
{
    return p->on && (!p->drawn || now - p->drawn >= PROGRESS_EVERY_MS);
}

void progress_draw(struct progress *p, const struct progress_state *s, mono_t now)
{
    struct buf text;

    if (!is_due(p, now))
        return;
    buf_init(&text, 1024);
    progress_text(p, s, now, &text);
    progress_show(p, buf_get(&text), now);
    buf_fini(&text);
}

void progress_show(struct progress *p, struct slice text, mono_t now)
{
    struct buf line;

    if (!is_due(p, now))
        return;
    p->drawn = now;
    buf_init(&line, 1024);
    buf_printf(&line, "\r%.*s\033[K", (int)text.n, text.p);
    write_all(line.p, line.n);
    buf_fini(&line);
}

void progress_clear(struct progress *p)
{
    if (p->on && p->drawn)
        write_all("\r\033[K", 4);
    p->drawn = 0;
}
