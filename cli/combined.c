/* Goes through the line once, from the left, each step taking what it knows off the front
 * of the rest. The user's name is the one field that may hold blanks and brackets
 * unescaped, so the time is looked for: the first bracket behind which there is one.
 *
 * Nothing here reads beyond the slice, and nothing copies. */
#include "combined.h"

#include <time.h>
#include "../proto/hex.h"

#define TIME_N 26 /* 22/Nov/2026:10:11:12 +0100 */

static bool take_byte(struct slice *rest, char c)
{
    if (rest->n == 0 || rest->p[0] != c)
        return false;
    *rest = slice_skip(*rest, 1);
    return true;
}

/* What stands before the next blank, or all. */
static struct slice take_word(struct slice *rest)
{
    struct slice word = {rest->p, 0};

    while (word.n < rest->n && rest->p[word.n] != ' ')
        word.n++;
    *rest = slice_skip(*rest, word.n);
    return word;
}

/* Exactly @digits digits at @p. */
static bool number_at(const char *p, unsigned digits, int *v)
{
    *v = 0;
    for (unsigned i = 0; i < digits; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        *v = *v * 10 + (p[i] - '0');
    }
    return true;
}

static bool month_at(const char *p, int *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (*month = 0; *month < 12; ++*month)
        if (memcmp(names + 3 * *month, p, 3) == 0)
            return true;
    return false;
}

/* +0100: what the zone is ahead of UTC, in seconds. */
static bool zone_at(const char *p, int *seconds)
{
    int hours, minutes;

    if ((p[0] != '+' && p[0] != '-') || !number_at(p + 1, 2, &hours) ||
        !number_at(p + 3, 2, &minutes) || hours > 14 || minutes > 59)
        return false;
    *seconds = (hours * 60 + minutes) * 60;
    if (p[0] == '-')
        *seconds = -*seconds;
    return true;
}

static bool is_calendar(const struct tm *t)
{
    return t->tm_mday >= 1 && t->tm_mday <= 31 && t->tm_year >= 70 && t->tm_hour < 24 &&
           t->tm_min < 60 && t->tm_sec <= 60;
}

/* The TIME_N bytes at @p. timegm knows no time zone but UTC and reads no clock. */
static bool time_at(const char *p, ms_t *at)
{
    struct tm t = {0};
    int year, zone;

    if (!number_at(p, 2, &t.tm_mday) || p[2] != '/' || !month_at(p + 3, &t.tm_mon) ||
        p[6] != '/' || !number_at(p + 7, 4, &year) || p[11] != ':' ||
        !number_at(p + 12, 2, &t.tm_hour) || p[14] != ':' ||
        !number_at(p + 15, 2, &t.tm_min) || p[17] != ':' ||
        !number_at(p + 18, 2, &t.tm_sec) || p[20] != ' ' || !zone_at(p + 21, &zone))
        return false;
    t.tm_year = year - 1900;
    if (!is_calendar(&t))
        return false;
    *at = ((ms_t)timegm(&t) - zone) * 1000;
    return *at >= 0;
}

/* Skips to behind the closing bracket of the time. */
static bool take_time(struct slice *rest, ms_t *at)
{
    while (rest->n >= TIME_N + 2) {
        if (rest->p[0] == '[' && rest->p[1 + TIME_N] == ']' && time_at(rest->p + 1, at)) {
            *rest = slice_skip(*rest, TIME_N + 2);
            return true;
        }
        *rest = slice_skip(*rest, 1);
    }
    return false;
}

/* A text between quotes; a backslash takes the byte after it along. */
static bool take_quoted(struct slice *rest, struct slice *text)
{
    size_t n = 0;

    if (!take_byte(rest, '"'))
        return false;
    while (n < rest->n && rest->p[n] != '"')
        n += rest->p[n] == '\\' ? 2 : 1;
    if (n >= rest->n)
        return false;
    *text = (struct slice){rest->p, n};
    *rest = slice_skip(*rest, n + 1);
    return true;
}

static bool take_status(struct slice *rest, unsigned *status)
{
    struct slice word = take_word(rest);
    int v;

    if (word.n != 3 || !number_at(word.p, 3, &v) || v < 100 || v > 599)
        return false;
    *status = (unsigned)v;
    return true;
}

/* A number or "-". */
static bool take_size(struct slice *rest)
{
    struct slice word = take_word(rest);

    for (size_t i = 0; i < word.n; i++)
        if ((word.p[i] < '0' || word.p[i] > '9') && !(word.n == 1 && word.p[0] == '-'))
            return false;
    return word.n > 0;
}

/* " "text"" if it is there; "-" stands for none. */
static struct slice take_optional(struct slice *rest)
{
    struct slice before = *rest, text;

    if (take_byte(rest, ' ') && take_quoted(rest, &text))
        return slice_eq(text, SLICE("-")) ? (struct slice){text.p, 0} : text;
    *rest = before;
    return (struct slice){rest->p, 0};
}

/* METHOD TARGET, and the protocol behind it if there is one. Whatever else a client sent
 * (TLS to a plain port, nothing at all) leaves both empty. */
static void split_request(struct combined *c, struct slice request)
{
    struct slice rest = request;

    c->method = take_word(&rest);
    take_byte(&rest, ' ');
    c->target = take_word(&rest);
    if (c->method.n == 0 || c->target.n == 0)
        c->method = c->target = (struct slice){request.p, 0};
}

bool combined_parse(struct combined *c, struct slice line)
{
    struct slice request;

    c->address = take_word(&line);
    if (c->address.n == 0 || !take_byte(&line, ' ') || !take_time(&line, &c->at) ||
        !take_byte(&line, ' ') || !take_quoted(&line, &request) ||
        !take_byte(&line, ' ') || !take_status(&line, &c->status) ||
        !take_byte(&line, ' ') || !take_size(&line))
        return false;
    split_request(c, request);
    c->referrer = take_optional(&line);
    c->agent = take_optional(&line);
    return true;
}

/* The escape at the front of @s, which is a backslash: how many bytes it takes, and the
 * byte it stands for. 0: none that is known. */
static size_t escape_of(struct slice s, char *byte)
{
    if (s.n < 2)
        return 0;
    *byte = s.p[1] == 't' ? '\t' : s.p[1] == 'n' ? '\n' : s.p[1] == 'r' ? '\r' : s.p[1];
    if (*byte != s.p[1] || *byte == '"' || *byte == '\\')
        return 2;
    if (s.n < 4 || s.p[1] != 'x' || hex_digit(s.p[2]) < 0 || hex_digit(s.p[3]) < 0)
        return 0;
    *byte = (char)(hex_digit(s.p[2]) << 4 | hex_digit(s.p[3]));
    return 4;
}

struct slice combined_unescape(struct slice text, char *out)
{
    size_t n = 0;

    while (text.n > 0) {
        size_t taken = text.p[0] == '\\' ? escape_of(text, &out[n]) : 0;

        if (taken == 0) {
            out[n] = text.p[0];
            taken = 1;
        }
        n++;
        text = slice_skip(text, taken);
    }
    return (struct slice){out, n};
}
