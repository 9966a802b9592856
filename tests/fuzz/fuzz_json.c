/* Any text in any order of containers. Input: a byte that says what to write, followed by
 * the rest of its line where that is text. The result must be valid JSON whose texts read
 * back, and each text must pass the check of foreign text. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../proto/json.h"
#include "../text_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

/* Text alone: valid UTF-8, by jansson's judgement, comes back as it was. */
static void check_text(struct slice text)
{
    struct json j;
    struct buf out;
    struct slice written;
    json_t *parsed, *good = json_stringn(text.p, text.n);

    buf_init(&out, 16 << 20);
    json_init(&j, &out);
    json_slice(&j, text);
    parsed = json_loadb(out.p, out.n, JSON_DECODE_ANY, NULL);
    must(parsed != NULL);
    if (good && (text.n == 0 || memchr(text.p, 0, text.n) == NULL))
        must(json_equal(parsed, good));
    written = buf_get(&out);
    must(json_take_text(&written) && written.n == 0);
    json_decref(good);
    json_decref(parsed);
    buf_fini(&out);
}

/* What claims to be the writer's: what passes must be valid, and whole. */
static void check_foreign(struct slice text)
{
    struct slice rest = text;
    json_t *parsed;
    uint64_t v;

    if (!json_take_value(&rest))
        return;
    parsed = json_loadb(text.p, text.n - rest.n, JSON_DECODE_ANY, NULL);
    must(parsed != NULL);
    if (json_is_integer(parsed) && text.p[0] != '-') {
        rest = text;
        if (json_take_u64(&rest, &v))
            must(v == (uint64_t)json_integer_value(parsed));
    }
    rest = text;
    must(json_is_string(parsed) == json_take_text(&rest));
    json_decref(parsed);
}

static void write_value(struct json *j, char what, struct slice *rest)
{
    switch (what) {
    case '{':
    case '[':
        if (j->depth + 1 == JSON_DEPTH_MAX)
            json_none(j);
        else if (what == '{')
            json_begin_object(j);
        else
            json_begin_array(j);
        break;
    case '#':
        json_u64(j, rest->n);
        break;
    case '-':
        json_i64(j, -(int64_t)rest->n);
        break;
    case '.':
        json_fixed(j, (double)rest->n / 7, (int)(rest->n % 16));
        break;
    case 't':
        json_bool(j, true);
        break;
    default:
        json_slice(j, take_line(rest));
    }
}

/* Everything in one array, so that there is always a container open. */
static void write_all(struct json *j, struct slice rest)
{
    json_begin_array(j);
    while (rest.n > 0) {
        char what = rest.p[0];

        rest = slice_skip(rest, 1);
        if (what == ']' && j->depth > 1) {
            json_end(j);
            continue;
        }
        if (j->is_object[j->depth])
            json_key_slice(j, take_line(&rest));
        write_value(j, what, &rest);
    }
    while (j->depth > 0)
        json_end(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = {(const char *)data, size};
    struct slice written;
    struct json j;
    struct buf out;
    json_t *parsed;

    check_text(all);
    check_foreign(all);
    buf_init(&out, 16 << 20);
    json_init(&j, &out);
    write_all(&j, all);
    must(!out.full);
    parsed = json_loadb(out.p, out.n, 0, NULL);
    must(parsed != NULL);
    json_decref(parsed);
    written = buf_get(&out);
    must(json_take_value(&written) && written.n == 0);
    buf_fini(&out);
    return 0;
}
