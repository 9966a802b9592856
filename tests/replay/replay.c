/* replay: plays tapes, scripts of virtual time, against fold, commit and summary.
 *
 * A tape is lines; '#' begins a comment. Times are UTC of 2025-11-22, and only go
 * forward.
 *
 *   window 30                       minutes kept; the first line, if given
 *   at 12:00:05                     the clock moves on; ticks run on the way
 *   hit SITE PATH v=NAME [kind=view|heartbeat|leave|event|message|reset|join|query]
 *       [name=TEXT] [late=SECONDS] [previous=NAME] [tab=NAME] [engaged=MS]
 *       [state=idle|reading|writing|background] [lasts=SECONDS] [mark=held|counted|both]
 *   redis flush|away|back           it forgets everything; stops answering; answers again
 *   restart                         the aggregator begins anew with a higher epoch
 *   expect SITE [minutes=N] [visitors=N] [views=N] [events=N] [PATH=N] [engaged=MS]
 *       [online=N] [writing=N] [reading=N] [idle=N] [background=N] [tabs=N] [on:PATH=N]
 *       [members=N] [fresh=N] [connections=N] [counted=N]
 *       [peak=N] ...                what a reader of Redis is told now; on:PATH is how
 *                                   many have it open
 *   expect SITE 12:00 [views=N] [uniques=N] [events=N]       one minute's row
 *   expect keys SITE N              keys of the site in Redis; all have an expiry
 *   expect message SITE TEXT ...    the latest message published contains each TEXT
 *
 * Before an expect the store is committed. The first line that is not so is printed and
 * the tape has failed; the last line of the output is "N passed, N failed" (expects). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../aggregator/commit.h"
#include "../../aggregator/fold.h"
#include "../fake/redis_model.h"

#define DAY INT64_C(1763769600000) /* 2025-11-22 00:00:00 UTC */
#define LINE_WORDS_MAX 16
#define TICK_MAX_MS 1000 /* as in engine.c */

struct tape {
    struct store st;
    struct redis_model redis;
    struct command command;
    struct buf message;
    struct fold_counts counts;
    uint64_t epoch;
    ms_t now, tick_at;
    bool begun, away;
    unsigned window;
    const char *file;
    int line, passed;
};

static const struct key key = {{7}};

static void fail(const struct tape *t, const char *what, const char *detail)
{
    printf("%s:%d: %s %s\n%d passed, 1 failed\n", t->file, t->line, what, detail,
           t->passed);
    exit(1);
}

static ms_t parse_time(const struct tape *t, const char *text)
{
    int h = 0, m = 0, s = 0;

    if (sscanf(text, "%d:%d:%d", &h, &m, &s) < 2)
        fail(t, "not a time:", text);
    return DAY + ((h * 60 + m) * 60 + s) * 1000;
}

static uint64_t parse_number(const struct tape *t, const char *text)
{
    char *end;
    uint64_t v = strtoull(text, &end, 10);

    if (!*text || *end)
        fail(t, "not a number:", text);
    return v;
}

/* The value of word "name=value", or NULL. */
static const char *option(char **word, int n, const char *name)
{
    size_t len = strlen(name);

    for (int i = 0; i < n; i++)
        if (strncmp(word[i], name, len) == 0 && word[i][len] == '=')
            return word[i] + len + 1;
    return NULL;
}

static void begin(struct tape *t, ms_t now)
{
    t->begun = true;
    t->now = t->tick_at = now;
    store_init(&t->st, t->window, &key, now);
    redis_model_init(&t->redis, now);
    command_init(&t->command, COMMIT_BYTES_MAX);
    buf_init(&t->message, MESSAGE_MAX);
}

/* ---- the aggregator's shell in small ------------------------------------ */

static enum commit_outcome commit_site(struct tape *t, struct site *s)
{
    enum commit_outcome worst = COMMIT_OK;
    struct commit c;
    bool last;

    commit_begin(&c, &t->st, s, t->epoch, t->now);
    do {
        const char *reply = NULL;
        enum commit_outcome o;

        last = commit_next(&c, SLICE("sha"), &t->command, &t->message);
        if (!t->away)
            reply = redis_model_run(&t->redis, &t->command);
        o = commit_outcome(reply, reply ? strlen(reply) : 0, false);
        if (worst == COMMIT_OK)
            worst = o;
    } while (!last);
    commit_end(&t->st, s, worst, 0);
    return worst;
}

static void commit_all(struct tape *t)
{
    struct site *s;

    for (size_t left = t->st.ndirty * 2; left > 0 && (s = store_take_dirty(&t->st));
         left--) {
        if (commit_is_tick(s) && !t->away) {
            commit_tick(s, t->epoch, t->now, &t->command, &t->message);
            redis_model_run(&t->redis, &t->command);
        } else if (commit_site(t, s) == COMMIT_FENCED) {
            fail(t, "fenced:", "the tape's only aggregator");
        }
    }
}

static void move_to(struct tape *t, ms_t now)
{
    if (!t->begun)
        begin(t, now);
    if (now < t->now)
        fail(t, "time goes", "back");
    while (t->tick_at <= now) {
        t->now = t->tick_at;
        t->tick_at = fold_tick(&t->st, t->now);
        if (t->tick_at > t->now + TICK_MAX_MS)
            t->tick_at = t->now + TICK_MAX_MS;
        commit_all(t);
    }
    t->now = now;
    redis_model_at(&t->redis, now);
}

/* ---- lines --------------------------------------------------------------- */

static uint64_t visitor_of(const char *name)
{
    return name ? siphash(&key, name, strlen(name)) | 1 : 0;
}

static uint8_t index_of(struct tape *t, const char *const *names, uint8_t n,
                        const char *name)
{
    for (uint8_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    fail(t, "no such thing:", name);
    return 0;
}

static void do_hit(struct tape *t, char **word, int n)
{
    static const char *const kinds[HIT_KINDS] = {
        "view", "heartbeat", "leave", "event", "message", "reset", "join", "query"};
    static const char *const marks[] = {"none", "held", "counted", "both"};
    static const char *const states[HIT_STATES] = {"none", "idle", "reading", "writing",
                                                   "background"};
    const char *kind = option(word, n, "kind"), *late = option(word, n, "late"),
               *state = option(word, n, "state"), *engaged = option(word, n, "engaged"),
               *lasts = option(word, n, "lasts"), *mark = option(word, n, "mark");
    struct hit h = {0};

    if (n < 3 || !option(word, n, "v"))
        fail(t, "a hit needs", "SITE PATH v=NAME");
    h.site = slice_of(word[1]);
    h.path = slice_of(word[2]);
    h.name = slice_of(option(word, n, "name"));
    h.visitor = visitor_of(option(word, n, "v"));
    h.previous = visitor_of(option(word, n, "previous"));
    h.at = late ? -(ms_t)parse_number(t, late) * 1000 : 0;
    h.tab = visitor_of(option(word, n, "tab"));
    h.kind = kind ? index_of(t, kinds, HIT_KINDS, kind) : HIT_VIEW;
    h.state = state ? index_of(t, states, HIT_STATES, state) : STATE_NONE;
    h.lasts = lasts ? (uint8_t)parse_number(t, lasts) : 0;
    h.marks = mark ? index_of(t, marks, 4, mark) : 0;
    h.engaged = engaged ? (uint32_t)parse_number(t, engaged) : 0;
    fold_hits(&t->st, &h, 1, &(struct fold_origin){.at = t->now}, &t->counts);
}

static void do_redis(struct tape *t, const char *what)
{
    if (strcmp(what, "flush") == 0) {
        redis_model_flush(&t->redis);
    } else if (strcmp(what, "away") == 0) {
        t->away = true;
    } else if (strcmp(what, "back") == 0) {
        t->away = false;
        store_recheck(&t->st);
    } else {
        fail(t, "redis what?", what);
    }
}

static void expect_number(struct tape *t, const char *what, uint64_t want, uint64_t got)
{
    char text[128];

    if (want == got)
        return;
    snprintf(text, sizeof text, "%s is %" PRIu64 ", not %" PRIu64, what, got, want);
    fail(t, "expected otherwise:", text);
}

static struct page_count on_page(const struct summary *s, struct slice path)
{
    for (size_t i = 0; i < s->npages; i++)
        if (slice_eq(s->pages[i].path, path))
            return s->pages[i];
    return (struct page_count){.visitors = 0};
}

/* The number called @name; -1: there is none. */
static int64_t number_of(const struct summary *s, struct slice name)
{
    struct summary_window w = summary_window(s, s->minutes);
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"visitors", w.visitors},
        {"views", w.views},
        {"events", w.events},
        {"engaged", w.engaged},
        {"online", online_total(&s->online)},
        {"writing", s->online.writing},
        {"reading", s->online.reading},
        {"idle", s->online.idle},
        {"background", s->online.background},
        {"tabs", s->online.tabs},
        {"members", s->online.members},
        {"fresh", s->online.fresh.writing + s->online.fresh.reading +
                      s->online.fresh.idle + s->online.fresh.background},
        {"connections", s->total.joins},
        {"counted", s->total.counted},
        {"peak", s->peaks.all},
    };

    if (name.p[0] == '/')
        return (int64_t)on_page(s, name).visitors;
    if (slice_starts(name, SLICE("on:/")))
        return (int64_t)on_page(s, slice_skip(name, 3)).online;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (slice_eq(name, slice_of(numbers[i].name)))
            return (int64_t)numbers[i].value;
    return -1;
}

static void expect_window(struct tape *t, const struct summary *s, char **word, int n)
{
    for (int i = 2; i < n; i++) {
        char *eq = strrchr(word[i], '=');
        int64_t got;

        if (strncmp(word[i], "minutes=", 8) == 0)
            continue;
        if (!eq)
            fail(t, "not name=number:", word[i]);
        got = number_of(s, (struct slice){word[i], (size_t)(eq - word[i])});
        if (got < 0)
            fail(t, "no such number:", word[i]);
        expect_number(t, word[i], parse_number(t, eq + 1), (uint64_t)got);
    }
}

static void expect_row(struct tape *t, const struct summary *s, minute_t minute,
                       char **word, int n)
{
    const char *views = option(word, n, "views"), *uniques = option(word, n, "uniques"),
               *events = option(word, n, "events");
    const struct summary_row *row = &s->row[s->now - minute];

    if (minute > s->now || s->now - minute >= s->window)
        fail(t, "not in the window:", word[2]);
    if (views)
        expect_number(t, "views", parse_number(t, views), row->views);
    if (uniques)
        expect_number(t, "uniques", parse_number(t, uniques), row->uniques);
    if (events)
        expect_number(t, "events", parse_number(t, events), row->events);
}

static void expect_site(struct tape *t, char **word, int n)
{
    const char *minutes = option(word, n, "minutes");
    struct model_list list;
    struct summary s;

    if (redis_model_snapshot(&t->redis, slice_of(word[1]),
                             minutes ? (unsigned)parse_number(t, minutes)
                                     : MINUTES_DEFAULT,
                             &s, &list) < 0)
        fail(t, "cannot be read:", word[1]);
    if (n > 2 && strchr(word[2], ':') && !strchr(word[2], '='))
        expect_row(t, &s, minute_of(parse_time(t, word[2])), word, n);
    else
        expect_window(t, &s, word, n);
    summary_fini(&s);
    redis_model_snapshot_fini(&list);
}

static void do_expect(struct tape *t, char **word, int n)
{
    char prefix[SITE_MAX + 8];

    commit_all(t);
    if (n >= 4 && strcmp(word[1], "keys") == 0) {
        snprintf(prefix, sizeof prefix, "hc:{%s}:", word[2]);
        expect_number(t, "keys", parse_number(t, word[3]),
                      redis_model_count(&t->redis, prefix));
        expect_number(t, "keys without expiry", 0,
                      redis_model_eternal(&t->redis, prefix));
    } else if (n >= 4 && strcmp(word[1], "message") == 0) {
        for (int i = 3; i < n; i++)
            if (!t->redis.published.n || !strstr(t->redis.published.p, word[i]))
                fail(t, "not in the message:", word[i]);
    } else if (n >= 3) {
        expect_site(t, word, n);
    } else {
        fail(t, "expect", "what?");
    }
    t->passed++;
}

static void play_line(struct tape *t, char **word, int n)
{
    if (strcmp(word[0], "window") == 0 && n == 2 && !t->begun)
        t->window = (unsigned)parse_number(t, word[1]);
    else if (strcmp(word[0], "at") == 0 && n == 2)
        move_to(t, parse_time(t, word[1]));
    else if (!t->begun)
        fail(t, "a tape begins with", "at");
    else if (strcmp(word[0], "hit") == 0)
        do_hit(t, word, n);
    else if (strcmp(word[0], "redis") == 0 && n == 2)
        do_redis(t, word[1]);
    else if (strcmp(word[0], "restart") == 0)
        store_reset(&t->st, t->now), t->epoch++;
    else if (strcmp(word[0], "expect") == 0)
        do_expect(t, word, n);
    else
        fail(t, "unknown word:", word[0]);
}

int main(int argc, char **argv)
{
    struct tape t = {
        .window = WINDOW_DEFAULT, .epoch = 1000, .file = argc > 1 ? argv[1] : ""};
    FILE *in = fopen(t.file, "r");
    char line[1024];

    if (!in)
        fail(&t, "cannot be opened:", t.file);
    while (fgets(line, sizeof line, in)) {
        char *word[LINE_WORDS_MAX], *save, *comment = strchr(line, '#');
        int n = 0;

        t.line++;
        if (comment)
            *comment = 0;
        for (char *w = strtok_r(line, " \t\n", &save); w && n < LINE_WORDS_MAX;
             w = strtok_r(NULL, " \t\n", &save))
            word[n++] = w;
        if (n)
            play_line(&t, word, n);
    }
    fclose(in);
    if (!t.passed)
        fail(&t, "a tape without", "expect");
    printf("%d passed, 0 failed\n", t.passed);
    store_fini(&t.st);
    redis_model_fini(&t.redis);
    command_fini(&t.command);
    buf_fini(&t.message);
    return 0;
}
