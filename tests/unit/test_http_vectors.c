/* The vectors of http_vectors.txt: requests that parsers have read in two ways, each with
 * its verdict. Each is fed whole and in every prefix, always ending where memory ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../collector/http.h"
#include "../../proto/buf.h"
#include "../guard.h"

#define FILE_NAME "tests/unit/http_vectors.txt"
#define LINE_MAX_BYTES 256
#define VECTOR_MAX (64 * 1024)

static const char *const methods[] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_PUT] = "PUT",   [HTTP_PATCH] = "PATCH",
    [HTTP_DELETE] = "DELETE",
};

static struct buf bytes, verdicts;
static char heading[LINE_MAX_BYTES]; /* "VERDICT, VERDICT: what it is" */
static unsigned line_no;

/* ---- reading the file ---- */

static unsigned hex_of(const char *p)
{
    unsigned v = 0;

    assert_int_equal(sscanf(p, "%2x", &v), 1);
    return v;
}

static const char *put_text(struct buf *out, const char *p, const char *end);

/* "{COUNT*TEXT}" at @p. Returns what is behind it. */
static const char *put_repeated(struct buf *out, const char *p)
{
    char *text;
    unsigned long count = strtoul(p + 1, &text, 10);
    const char *end = strchr(text, '}');

    assert_true(*text == '*' && end != NULL);
    while (count-- > 0)
        put_text(out, text + 1, end);
    return end + 1;
}

/* An escape, @p being behind the backslash. Returns what is behind it. */
static const char *put_escape(struct buf *out, const char *p)
{
    switch (*p) {
    case 'r':
        buf_str(out, "\r");
        break;
    case 'n':
        buf_str(out, "\n");
        break;
    case 't':
        buf_str(out, "\t");
        break;
    case 'N':
        buf_str(out, "\r\n");
        break;
    case 'H':
        buf_str(out, "Host: a\r\n");
        break;
    case '\\':
        buf_str(out, "\\");
        break;
    case 'x':
        buf_slice(out, (struct slice){(char[]){(char)hex_of(p + 1)}, 1});
        return p + 3;
    case '{':
        return put_repeated(out, p);
    default:
        fail_msg("%s:%u: unknown escape \\%c", FILE_NAME, line_no, *p);
    }
    return p + 1;
}

static const char *put_text(struct buf *out, const char *p, const char *end)
{
    while (p < end)
        if (*p == '\\') {
            p = put_escape(out, p + 1);
        } else {
            buf_slice(out, (struct slice){p, 1});
            p++;
        }
    return p;
}

/* The next vector into heading, verdicts and bytes. Returns false at the end. */
static bool read_vector(FILE *f)
{
    static char ahead[LINE_MAX_BYTES]; /* the next heading, "" if not read yet */
    char line[LINE_MAX_BYTES];
    char *colon;

    strcpy(heading, ahead);
    *ahead = '\0';
    buf_clear(&bytes);
    while (*ahead == '\0' && fgets(line, sizeof line, f)) {
        line_no++;
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "    ", 4) == 0)
            put_text(&bytes, line + 4, line + strlen(line));
        else if (*line && *line != '#')
            strcpy(*heading ? ahead : heading, line);
    }
    if (*heading == '\0')
        return false;
    colon = strstr(heading, ": ");
    assert_non_null(colon);
    buf_clear(&verdicts);
    put_text(&verdicts, heading, colon);
    buf_slice(&verdicts, (struct slice){"", 1});
    return true;
}

static void for_each_vector(void (*fn)(void))
{
    FILE *f = fopen(FILE_NAME, "r");
    unsigned n = 0;

    assert_non_null(f);
    buf_init(&bytes, VECTOR_MAX);
    buf_init(&verdicts, VECTOR_MAX);
    for (line_no = 0; read_vector(f); n++) {
        assert_false(bytes.full || verdicts.full);
        fn();
    }
    fclose(f);
    buf_fini(&bytes);
    buf_fini(&verdicts);
    assert_true(n > 300);
}

/* ---- verdicts ---- */

static ssize_t parse(struct http_request *r, struct slice text)
{
    static struct guard g;

    return http_parse(r, guard_put(&g, text.p, text.n), text.n);
}

static void describe(struct buf *out, const struct http_request *r, struct slice text)
{
    static struct guard g;
    struct http_request again;

    http_parse(&again, guard_put(&g, text.p, text.n), text.n);
    buf_printf(out, "ok %s %.*s %u %s", methods[r->method], (int)again.target.n,
               again.target.p, (unsigned)again.content_length,
               again.keep_alive ? "keep" : "close");
    if (!slice_eq(again.host, SLICE("a")))
        buf_printf(out, " @%.*s", (int)again.host.n, again.host.p);
}

/* All verdicts on @text, as the file has them. */
static void judge(struct slice text, struct buf *out)
{
    struct http_request r;
    ssize_t v = parse(&r, text);

    if (v < 0) {
        buf_printf(out, "%zd", -v);
    } else if (v == 0 || (size_t)v + r.content_length > text.n) {
        buf_str(out, "more");
    } else {
        describe(out, &r, text);
        text = slice_skip(text, (size_t)v + r.content_length);
        if (r.keep_alive && text.n > 0) {
            buf_str(out, ", ");
            judge(text, out);
        }
    }
}

static unsigned wrong;

static void check_verdicts(void)
{
    struct buf got;

    buf_init(&got, VECTOR_MAX);
    judge(buf_get(&bytes), &got);
    buf_slice(&got, (struct slice){"", 1});
    if (strcmp(got.p, verdicts.p) != 0)
        print_error("\"%s\": got \"%.80s\"\n", heading, got.p);
    wrong += strcmp(got.p, verdicts.p) != 0;
    buf_fini(&got);
}

static void every_vector_gets_its_verdict(void **state)
{
    (void)state;
    wrong = 0;
    for_each_vector(check_verdicts);
    assert_int_equal(wrong, 0);
}

/* The verdict must come once and then stay, and be that on the whole. */
static void check_prefixes(void)
{
    struct slice text = buf_get(&bytes);
    struct http_request r;
    ssize_t whole = parse(&r, text), last = 0;
    size_t step = 1 + text.n / 1024;

    for (size_t n = 0; n <= text.n; n += step) {
        ssize_t v = parse(&r, (struct slice){text.p, n});

        if (v != whole && (v != 0 || last != 0))
            fail_msg("\"%s\": %zu bytes of it give %zd", heading, n, v);
        last = v;
    }
}

static void no_verdict_changes_with_what_comes_later(void **state)
{
    (void)state;
    for_each_vector(check_prefixes);
}

/* What a proxy in front could add. */
static void check_refused_behind_another(void)
{
    static const char first[] =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    struct slice text = buf_get(&bytes);
    struct http_request r, alone;
    ssize_t v = parse(&alone, text);
    struct buf both;

    buf_init(&both, VECTOR_MAX);
    buf_str(&both, first);
    buf_slice(&both, text);
    assert_int_equal(parse(&r, buf_get(&both)), sizeof first - 1 - 3);
    text = slice_skip(buf_get(&both), sizeof first - 1);
    assert_int_equal(parse(&r, text), v);
    buf_fini(&both);
}

static void a_request_in_front_changes_nothing(void **state)
{
    (void)state;
    for_each_vector(check_refused_behind_another);
}

/* ---- what differs from a vector in one byte ---- */

static uint64_t mutants, accepted;

/* A mutant may be good or bad, but only in one way. */
static void check_mutant(struct slice text)
{
    struct http_request r;
    ssize_t whole = parse(&r, text), half = parse(&r, (struct slice){text.p, text.n / 2});

    if (half != 0 && half != whole)
        fail_msg("\"%s\", a byte changed: %zd, but half of it %zd", heading, whole, half);
    mutants++;
    accepted += whole > 0;
}

static void mutate(void)
{
    static const char put[] = "\0\t\n\r \x7f\x80\xff:;,/?#@%_+-0aZ\"\\";
    struct slice text = buf_get(&bytes);
    char *copy;

    if (text.n > 300)
        return;
    copy = malloc(text.n + 1);
    assert_non_null(copy);
    for (size_t at = 0; at < text.n; at++)
        for (size_t k = 0; k < 2 * (sizeof put - 1) + 1; k++) {
            bool insert = k >= sizeof put - 1, erase = k == 2 * (sizeof put - 1);
            size_t n = at, from = at + !(insert && !erase);

            memcpy(copy, text.p, at);
            if (!erase)
                copy[n++] = put[k % (sizeof put - 1)];
            memcpy(copy + n, text.p + from, text.n - from);
            check_mutant((struct slice){copy, n + text.n - from});
        }
    free(copy);
}

static void a_byte_changed_lost_or_added_is_read_in_one_way(void **state)
{
    (void)state;
    mutants = accepted = 0;
    for_each_vector(mutate);
    assert_true(mutants > 1000000);
    assert_in_range(accepted, mutants / 100, mutants / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_gets_its_verdict),
        cmocka_unit_test(no_verdict_changes_with_what_comes_later),
        cmocka_unit_test(a_request_in_front_changes_nothing),
        cmocka_unit_test(a_byte_changed_lost_or_added_is_read_in_one_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
