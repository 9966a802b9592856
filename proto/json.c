/* The writer keeps one bit per open container, whether it has a member yet, and so knows
 * where a comma belongs. Level 0 is the document itself: it takes one value.
 *
 * Text is copied in runs of bytes that need no care, which is nearly all of it; the rest
 * goes character by character. U+0000 cannot stay: it is legal as an escape, but strict
 * readers (jansson, PostgreSQL's jsonb) refuse it, so it becomes U+FFFD as in HTML.
 *
 * The only failure is a full buffer, and that is the buffer's to report. */
#include "json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include "decimal.h"
#include "scan.h"
#include "utf8.h"

#define INTEGER_MAX \
    ((UINT64_C(1) << 53) - 1) /* what a double holds exactly, RFC 8259 6 */

/* What goes before a value: the comma of an array, nothing after a key. */
static void begin_value(struct json *j)
{
    if (j->is_object[j->depth]) {
        assert(j->key_given);
        j->key_given = false;
        return;
    }
    assert(j->depth > 0 || !j->has_member[0]);
    if (j->has_member[j->depth])
        buf_add(j->out, ",", 1);
    j->has_member[j->depth] = true;
}

static void open_container(struct json *j, bool object)
{
    begin_value(j);
    assert(j->depth + 1 < JSON_DEPTH_MAX);
    j->depth++;
    j->is_object[j->depth] = object;
    j->has_member[j->depth] = false;
    buf_add(j->out, object ? "{" : "[", 1);
}

/* Returns whether a comma belongs before it. */
static bool begin_key(struct json *j)
{
    bool comma = j->has_member[j->depth];

    assert(j->is_object[j->depth] && !j->key_given);
    j->has_member[j->depth] = true;
    j->key_given = true;
    return comma;
}

/* Bytes that do not stand for themselves: all but printable ASCII, and " \ < > & */
static unsigned in_need(scan_block b)
{
    scan_block quote_and = b & (uint8_t) ~('"' ^ '&'),
               angles = b & (uint8_t) ~('<' ^ '>');

    return scan_bits((scan_block)(quote_and == '"') | (scan_block)(angles == '<') |
                     (scan_block)(b == '\\') | ~scan_in(b, ' ', '~'));
}

/* How many bytes in front do. */
static size_t plain_run(struct slice s)
{
    const char *p = s.p, *end = s.p + s.n;
    unsigned before, found;
    scan_block last;

    for (; end - p >= SCAN_BYTES; p += SCAN_BYTES)
        if ((found = in_need(scan_load(p))) != 0)
            return (size_t)(p - s.p) + (size_t)__builtin_ctz(found);
    if (p == end)
        return s.n;
    last = scan_window(s.p, p, end, &before);
    found = in_need(last) >> before;
    return found ? (size_t)(p - s.p) + (size_t)__builtin_ctz(found) : s.n;
}

/* The letter of a two-character escape, or 0. */
static char short_escape(uint32_t code)
{
    switch (code) {
    case '"':
    case '\\':
        return (char)code;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

/* What ends or begins markup, and what a terminal should not be shown, for people read
 * our JSON with curl and redis-cli: controls, marks that reorder text, and the two line
 * ends that JavaScript did not allow in strings before ES2019. */
static bool is_escaped(uint32_t code)
{
    return code == '<' || code == '>' || code == '&' || utf8_is_unsafe(code);
}

/* Writes the first character of @s, which is not empty, and returns the rest. */
static struct slice add_char(struct buf *out, struct slice s)
{
    struct slice rest = s;
    uint32_t code;
    bool good = utf8_next(&rest, &code);

    if (!good || code == 0)
        buf_str(out, "\xef\xbf\xbd"); /* U+FFFD */
    else if (short_escape(code))
        buf_add(out, (char[]){'\\', short_escape(code)}, 2);
    else if (is_escaped(code))
        buf_printf(out, "\\u%04" PRIx32, code);
    else
        buf_add(out, s.p, s.n - rest.n);
    return rest;
}

/* A string of which so many bytes are looked at already: they are plain. */
static void add_with_care(struct buf *out, struct slice s, size_t run)
{
    buf_add(out, "\"", 1);
    for (;;) {
        buf_add(out, s.p, run);
        s = slice_skip(s, run);
        if (s.n == 0)
            break;
        s = add_char(out, s);
        run = plain_run(s);
    }
    buf_add(out, "\"", 1);
}

static void add_string(struct buf *out, struct slice s)
{
    size_t run = plain_run(s);
    char *p;

    if (run < s.n) {
        add_with_care(out, s, run);
    } else if ((p = buf_room(out, s.n + 2)) != NULL) {
        p[0] = p[s.n + 1] = '"';
        if (s.n > 0)
            memcpy(p + 1, s.p, s.n);
    }
}

static bool take_byte(struct slice *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = slice_skip(*s, 1);
    return true;
}

/* Four hexadecimal digits that name a character, not half of one. */
static bool take_code(struct slice *s)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t code = 0;

    if (s->n < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        const char *d = memchr(digits, s->p[i], sizeof digits - 1);

        if (d == NULL)
            return false;
        code = code << 4 | (uint32_t)(d - digits);
    }
    *s = slice_skip(*s, 4);
    return code != 0 && (code < 0xd800 || code > 0xdfff);
}

static bool take_char(struct slice *s)
{
    uint32_t code;

    if (!take_byte(s, '\\'))
        return utf8_next(s, &code) && !is_escaped(code);
    if (take_byte(s, 'u'))
        return take_code(s);
    if (s->n == 0 || strchr("\"\\bfnrt", s->p[0]) == NULL || s->p[0] == '\0')
        return false;
    *s = slice_skip(*s, 1);
    return true;
}

static void add_number(struct buf *out, uint64_t v)
{
    size_t n = decimal_length(v);
    char *p = buf_room(out, n);

    if (p)
        decimal_put(p, v, n);
}

void json_init(struct json *j, struct buf *out)
{
    *j = (struct json){.out = out};
}

void json_begin_object(struct json *j)
{
    open_container(j, true);
}

void json_begin_array(struct json *j)
{
    open_container(j, false);
}

void json_end(struct json *j)
{
    assert(j->depth > 0 && !j->key_given);
    buf_add(j->out, j->is_object[j->depth] ? "}" : "]", 1);
    j->depth--;
}

char *json_member(struct json *j, size_t n)
{
    bool comma = begin_key(j);
    char *p = buf_room(j->out, comma + n);

    j->key_given = false;
    if (p && comma)
        *p++ = ',';
    return p;
}

void json_key_n(struct json *j, const char *key, size_t n)
{
    bool comma = begin_key(j);
    char *p = buf_room(j->out, comma + n + 3);

    if (!p)
        return;
    if (comma)
        *p++ = ',';
    *p = '"';
    memcpy(p + 1, key, n);
    memcpy(p + 1 + n, "\":", 2);
}

void json_key_slice(struct json *j, struct slice key)
{
    if (begin_key(j))
        buf_add(j->out, ",", 1);
    add_string(j->out, key);
    buf_add(j->out, ":", 1);
}

void json_str(struct json *j, const char *s)
{
    json_slice(j, slice_of(s));
}

void json_slice(struct json *j, struct slice s)
{
    begin_value(j);
    add_string(j->out, s);
}

void json_u64(struct json *j, uint64_t v)
{
    assert(v <= JSON_INTEGER_MAX);
    begin_value(j);
    add_number(j->out, v);
}

void json_i64(struct json *j, int64_t v)
{
    assert(v <= (int64_t)JSON_INTEGER_MAX && v >= -(int64_t)JSON_INTEGER_MAX);
    begin_value(j);
    if (v < 0)
        buf_add(j->out, "-", 1);
    add_number(j->out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* Relies on the C locale's decimal point: no program of ours sets LC_NUMERIC. */
void json_fixed(struct json *j, double v, int digits)
{
    assert(digits >= 0 && digits <= 15);
    begin_value(j);
    if (isfinite(v))
        buf_printf(j->out, "%.*f", digits, v);
    else
        buf_str(j->out, "null");
}

void json_bool(struct json *j, bool v)
{
    begin_value(j);
    buf_str(j->out, v ? "true" : "false");
}

void json_none(struct json *j)
{
    begin_value(j);
    buf_str(j->out, "null");
}

void json_raw(struct json *j, struct slice value)
{
    assert(value.n > 0);
    begin_value(j);
    buf_slice(j->out, value);
}

bool json_take_text(struct slice *s)
{
    if (!take_byte(s, '"'))
        return false;
    while (s->n > 0 && s->p[0] != '"')
        if (!take_char(s))
            return false;
    return take_byte(s, '"');
}
