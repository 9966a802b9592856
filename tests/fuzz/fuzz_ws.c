/* Frames from strangers. In pieces of any size they mean what they mean as a whole; every
 * frame that is complete means what a slow reader of RFC 6455, which has all of it before
 * it, says; behind those the reader here may only have found a fault already. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../collector/ws_reader.h"
#include "../../proto/limits.h"

#define EVENTS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    enum ws_event event;
    uint16_t code;
    uint8_t n; /* of a ping */
    uint8_t bytes[WS_CONTROL_MAX];
};

struct story {
    size_t n;
    struct seen v[EVENTS_MAX];
};

static void must(bool claim)
{
    if (!claim)
        abort();
}

static struct seen *add(struct story *s, enum ws_event event)
{
    must(s->n < EVENTS_MAX);
    memset(&s->v[s->n], 0, sizeof *s->v);
    s->v[s->n].event = event;
    return &s->v[s->n++];
}

/* Each piece lies in a heap block of just its size. */
static void read_in_pieces(struct story *s, const uint8_t *data, size_t size, size_t step)
{
    struct ws_reader r = {0};

    s->n = 0;
    for (size_t at = 0; at < size; at += step) {
        size_t n = step < size - at ? step : size - at;
        char *piece = malloc(n);
        struct slice in = {piece, n};
        enum ws_event e;

        must(piece != NULL);
        memcpy(piece, data + at, n);
        while ((e = ws_reader_next(&r, &in)) != WS_NOTHING) {
            struct seen *seen = add(s, e);

            seen->code = e == WS_ENDED || e == WS_FAILED ? r.code : 0;
            seen->n = e == WS_PINGED ? r.control_n : 0;
            memcpy(seen->bytes, r.control, seen->n);
        }
        must(in.n == 0 && r.message <= WS_MESSAGE_MAX);
        free(piece);
    }
}

/* ---- the slow reader ---- */

struct frame {
    unsigned first, opcode;
    bool masked, minimal;
    uint64_t n;
    uint8_t *payload; /* unmasked, to be freed */
};

/* The frame at the start; its size, or 0 if it is not complete. Without a mask it is
 * complete at its head. */
static size_t cut_frame(struct frame *f, const uint8_t *p, size_t size)
{
    size_t head = 2, more = 0;

    if (size < 2)
        return 0;
    f->first = p[0];
    f->opcode = p[0] & 15;
    f->masked = p[1] >> 7;
    f->n = p[1] & 127;
    if (f->n > 125)
        more = f->n == 126 ? 2 : 8;
    if (size < head + more)
        return 0;
    for (size_t i = 0; i < more; i++)
        f->n = (i ? f->n << 8 : 0) | p[head + i];
    f->minimal = more == 0 || f->n > (more == 2 ? 125 : 65535);
    head += more + 4;
    if (size < head || f->n > size - head)
        return 0;
    f->payload = malloc(f->n + 1);
    must(f->payload != NULL);
    for (size_t i = 0; i < f->n; i++)
        f->payload[i] = p[head + i] ^ p[head - 4 + i % 4];
    return head + f->n;
}

static bool is_text(const uint8_t *p, size_t n)
{
    struct slice s = {(const char *)p, n};
    bool good = true;
    uint32_t code;

    while (s.n > 0)
        good &= utf8_next(&s, &code);
    return good;
}

struct message {
    unsigned kind; /* 0: none under way */
    size_t n;
    uint8_t bytes[WS_MESSAGE_MAX];
};

static unsigned fault_of_head(const struct frame *f, const struct message *m)
{
    bool control = f->opcode > 7;

    if ((f->first & 0x70) || !f->masked || !f->minimal || f->n >> 63)
        return 1002;
    if (control && (f->opcode > 10 || !(f->first & 128) || f->n > 125))
        return 1002;
    if (f->opcode == 8 && f->n == 1)
        return 1002;
    if (!control && (f->opcode > 2 || (f->opcode == 0) != (m->kind != 0)))
        return 1002;
    return !control && m->n + f->n > WS_MESSAGE_MAX ? 1009 : 0;
}

/* Whether some end would make it text: a character that is cut off is not judged yet. */
static bool may_become_text(const uint8_t *p, size_t n)
{
    static const char *const ends[] = {
        "",         "\x80",     "\xa0",         "\x90",
        "\x80\x80", "\xa0\x80", "\x90\x80\x80", "\x80\x80\x80"};
    uint8_t *all = malloc(n + 3);
    bool good = false;

    must(all != NULL);
    memcpy(all, p, n);
    for (size_t i = 0; i < sizeof ends / sizeof *ends && !good; i++) {
        memcpy(all + n, ends[i], strlen(ends[i]));
        good = is_text(all, n + strlen(ends[i]));
    }
    free(all);
    return good;
}

static void fold_data(struct story *s, struct message *m, const struct frame *f)
{
    bool final = f->first & 128;

    if (f->opcode)
        m->kind = f->opcode;
    memcpy(m->bytes + m->n, f->payload, f->n);
    m->n += f->n;
    if (m->kind == 1 &&
        !(final ? is_text(m->bytes, m->n) : may_become_text(m->bytes, m->n))) {
        add(s, WS_FAILED)->code = 1007;
    } else if (final) {
        add(s, WS_MESSAGE);
        m->kind = 0;
        m->n = 0;
    }
}

static void fold_control(struct story *s, const struct frame *f)
{
    unsigned code = f->n ? f->payload[0] << 8 | f->payload[1] : 1005;
    bool known = (code > 999 && code < 1004) || (code > 1006 && code < 1012) ||
                 (code > 2999 && code < 5000) || f->n == 0;

    if (f->opcode == 10) {
        add(s, WS_PONGED);
    } else if (f->opcode == 9) {
        struct seen *seen = add(s, WS_PINGED);

        seen->n = (uint8_t)f->n;
        memcpy(seen->bytes, f->payload, f->n);
    } else if (!known) {
        add(s, WS_FAILED)->code = 1002;
    } else if (f->n > 2 && !is_text(f->payload + 2, f->n - 2)) {
        add(s, WS_FAILED)->code = 1007;
    } else {
        add(s, WS_ENDED)->code = (uint16_t)code;
    }
}

static void read_slowly(struct story *s, const uint8_t *data, size_t size)
{
    static struct message m;
    struct frame f;
    size_t step;

    s->n = 0;
    m.n = m.kind = 0;
    while ((step = cut_frame(&f, data, size)) > 0) {
        unsigned fault = fault_of_head(&f, &m);

        if (fault)
            add(s, WS_FAILED)->code = (uint16_t)fault;
        else if (f.opcode < 8)
            fold_data(s, &m, &f);
        else
            fold_control(s, &f);
        free(f.payload);
        if (s->n > 0 && s->v[s->n - 1].code)
            return;
        data += step;
        size -= step;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct story whole, other;

    read_in_pieces(&whole, data, size, size + 1);
    read_slowly(&other, data, size);
    must(whole.n == other.n ||
         (whole.n == other.n + 1 && whole.v[other.n].event == WS_FAILED));
    must(memcmp(whole.v, other.v, other.n * sizeof *whole.v) == 0);
    for (size_t step = 1; step <= size; step = step * 2 + 1) {
        read_in_pieces(&other, data, size, step);
        must(whole.n == other.n);
        must(memcmp(whole.v, other.v, whole.n * sizeof *whole.v) == 0);
    }
    return 0;
}
