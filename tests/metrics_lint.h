/* metrics_lint: whether a text is what Prometheus takes, read more strictly than it does.
 *
 * Both formats: every family begins with HELP and TYPE, its samples follow and are called
 * as it is, counters end in _total and nothing else does, no family and no series comes
 * twice, every line ends. OpenMetrics ends with # EOF. */
#ifndef HC_TESTS_METRICS_LINT_H
#define HC_TESTS_METRICS_LINT_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINT_SEEN_MAX 1000

struct metrics_lint {
    bool open;        /* OpenMetrics */
    char family[200]; /* as HELP has it */
    char kind[20];    /* as TYPE has it; empty before */
    unsigned samples; /* of this family */
    char *seen[LINT_SEEN_MAX];
    size_t nseen;
    char why[400]; /* the first complaint */
};

static bool lint_fail(struct metrics_lint *l, const char *what, const char *line)
{
    if (!l->why[0])
        snprintf(l->why, sizeof l->why, "%s: %.300s", what, line);
    return false;
}

static bool lint_once(struct metrics_lint *l, const char *prefix, const char *text)
{
    char *key = malloc(strlen(prefix) + strlen(text) + 1);

    strcpy(key, prefix);
    strcat(key, text);
    for (size_t i = 0; i < l->nseen; i++) {
        if (strcmp(l->seen[i], key) == 0) {
            free(key);
            return lint_fail(l, "twice", text);
        }
    }
    if (l->nseen == LINT_SEEN_MAX) {
        free(key);
        return lint_fail(l, "too many", text);
    }
    l->seen[l->nseen++] = key;
    return true;
}

/* How many bytes of @s are a name: [a-z][a-z0-9_]*. */
static size_t lint_name(const char *s)
{
    size_t n = 0;

    if (islower((unsigned char)*s))
        while (islower((unsigned char)s[n]) || isdigit((unsigned char)s[n]) ||
               s[n] == '_')
            n++;
    return n;
}

static bool lint_ends(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

/* "# HELP name a sentence" begins a family. */
static bool lint_help(struct metrics_lint *l, const char *rest)
{
    size_t n = lint_name(rest);

    if (l->family[0] && (!l->kind[0] || !l->samples))
        return lint_fail(l, "the family before lacks TYPE or samples", rest);
    if (n == 0 || n >= sizeof l->family || rest[n] != ' ' || strlen(rest) < n + 4)
        return lint_fail(l, "bad HELP", rest);
    if (strpbrk(rest, "\\\""))
        return lint_fail(l, "HELP needs escapes", rest);
    memcpy(l->family, rest, n);
    l->family[n] = '\0';
    l->kind[0] = '\0';
    l->samples = 0;
    return lint_once(l, "family ", l->family);
}

static bool lint_type(struct metrics_lint *l, const char *rest)
{
    size_t n = strlen(l->family);
    const char *kind = rest + n + 1;
    bool counter;

    if (n == 0 || l->kind[0] || strncmp(rest, l->family, n) != 0 || rest[n] != ' ')
        return lint_fail(l, "TYPE of another family", rest);
    counter = strcmp(kind, "counter") == 0;
    if (!counter && strcmp(kind, "gauge") != 0 && !(l->open && strcmp(kind, "info") == 0))
        return lint_fail(l, "unknown TYPE", rest);
    if (lint_ends(l->family, "_total") != (counter && !l->open))
        return lint_fail(l, "_total", rest);
    strcpy(l->kind, kind);
    return true;
}

/* {a="x",b="y"}, every label once. Returns what stands behind it, or NULL. */
static const char *lint_labels(const char *s)
{
    char names[200] = ",";

    do {
        char name[64] = ",";
        size_t n = lint_name(++s);

        if (n == 0 || n > 60 || strncmp(s + n, "=\"", 2) != 0)
            return NULL;
        strncat(name, s, n);
        strcat(name, ",");
        if (strstr(names, name) || strlen(names) + n + 2 > sizeof names)
            return NULL;
        strcat(names, name + 1);
        for (s += n + 2; *s && *s != '"'; s++)
            if (*s == '\\' || *s == '\n')
                return NULL;
        if (*s++ != '"')
            return NULL;
    } while (*s == ',');
    return *s == '}' ? s + 1 : NULL;
}

static bool lint_sample(struct metrics_lint *l, const char *line)
{
    const char *suffix = "", *at;
    size_t n = lint_name(line);
    char name[260], series[400], *end;

    if (l->open && strcmp(l->kind, "counter") == 0)
        suffix = "_total";
    if (l->open && strcmp(l->kind, "info") == 0)
        suffix = "_info";
    snprintf(name, sizeof name, "%s%s", l->family, suffix);
    if (!l->kind[0] || n != strlen(name) || strncmp(line, name, n) != 0)
        return lint_fail(l, "sample of another family", line);
    at = line[n] == '{' ? lint_labels(line + n) : line + n;
    if (at == NULL || *at != ' ' || at - line >= (long)sizeof series)
        return lint_fail(l, "bad labels", line);
    snprintf(series, (size_t)(at - line) + 1, "%s", line);
    if (!isdigit((unsigned char)at[1]))
        return lint_fail(l, "bad value", line);
    strtod(at + 1, &end);
    if (*end)
        return lint_fail(l, "bad value", line);
    l->samples++;
    return lint_once(l, "series ", series);
}

static bool lint_line(struct metrics_lint *l, const char *line)
{
    if (strncmp(line, "# HELP ", 7) == 0)
        return lint_help(l, line + 7);
    if (strncmp(line, "# TYPE ", 7) == 0)
        return lint_type(l, line + 7);
    return lint_sample(l, line);
}

/* Returns NULL when @text is sound, else a complaint that stays until the next call. */
static const char *metrics_lint(const char *text, bool open)
{
    static struct metrics_lint l;
    char *copy = strdup(text), *rest = copy, *line;
    bool good = true, ended = false;

    l = (struct metrics_lint){.open = open};
    while (good && *rest) {
        if (ended || !strchr(rest, '\n')) {
            good = lint_fail(&l, "does not end where it should", rest);
            break;
        }
        line = strsep(&rest, "\n");
        ended = open && strcmp(line, "# EOF") == 0;
        if (!ended)
            good = lint_line(&l, line);
    }
    if (good && ((open && !ended) || !l.samples))
        lint_fail(&l, "too short", text);
    for (size_t i = 0; i < l.nseen; i++)
        free(l.seen[i]);
    free(copy);
    return l.why[0] ? l.why : NULL;
}

#endif
