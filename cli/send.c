/* send: lines and queries for the feed of a site, where dashboards, `headcount tail` and
 * every other subscriber see them.
 *
 * One text, or with - each line of standard input as it comes. The first refusal ends it;
 * only "too many" (429) of a line from standard input is waited out, so that a log can be
 * piped in. */
#include "command.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include "../proto/hit.h"
#include "../proto/json.h"
#include "fetch.h"
#include "interrupt.h"
#include "post.h"
#include "site_read.h"

#define WAIT_DEFAULT_S 1 /* after a 429 that does not say how long */
#define WAIT_MAX_S 60
#define ANSWER_BYTES 16384 /* of which only the status is used */

struct send_opts {
    const char *collector;
    const char *token_file;
    const char *name;
    long query;
    bool json;
};

struct send {
    struct send_opts opts;
    struct collector_url url;
    struct post post;
    char token[POST_TOKEN_MAX + 1];
    char name[EVENT_NAME_MAX];
    uint64_t sent;
};

static const struct opt rows[] = {
    {.name = "collector",
     .arg = "URL",
     .type = OPT_TEXT,
     .offset = offsetof(struct send_opts, collector),
     .def = "http://127.0.0.1:8080",
     .help = "The collector: http://HOST[:PORT][/BASE].",
     .group = "Collector"},
    {.name = "token-file",
     .arg = "FILE",
     .type = OPT_TEXT,
     .offset = offsetof(struct send_opts, token_file),
     .help = "A file with a token of scope send or admin on its first line; see "
             "`headcount site token`."},
    {.name = "name",
     .arg = "NAME",
     .type = OPT_TEXT,
     .offset = offsetof(struct send_opts, name),
     .help = "Who sends it, shown with the text.",
     .group = "Message"},
    {.name = "query",
     .arg = "MS",
     .type = OPT_INT,
     .offset = offsetof(struct send_opts, query),
     .def = "-1",
     .min = -1,
     .max = ENGAGED_MAX_MS,
     .help = "TEXT is what a program asked of its database, and that took so many "
             "milliseconds; -1: TEXT is a message."},
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct send_opts, json),
     .help = "Print one JSON object that tells how many were sent."},
};

static const struct opts_spec spec = {
    .program = "headcount send",
    .usage = "SITE TEXT|- [options]",
    .about = "Puts TEXT into the feed of SITE, or with - each line of standard input. "
             "Texts are cut to 512 bytes; control characters are taken out, and lines "
             "that are empty then are not sent.",
    .footer =
        "Exit codes:\n"
        "  0  everything was taken\n"
        "  1  a message was refused; nothing was sent after it\n"
        "  2  the command line is wrong, or a file cannot be read\n"
        "  3  the collector does not answer, or cannot take messages now\n"
        "\n"
        "Examples:\n"
        "  headcount send shop 'version 2 is out' --name deploy --token-file token\n"
        "  headcount send shop --query 12 'SELECT * FROM carts' --token-file token\n"
        "  tail -n 0 -F news | headcount send shop - --token-file token",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

/* ---- the command line ---------------------------------------------------- */

static int read_token(struct send *s)
{
    char text[POST_TOKEN_MAX + 64];
    FILE *f;
    size_t n = 0;
    bool good;

    if (s->opts.token_file == NULL) {
        complain("send needs --token-file, a file with a token of scope send");
        return -1;
    }
    f = fopen(s->opts.token_file, "re");
    if (f)
        n = fread(text, 1, sizeof text, f);
    if (f == NULL || ferror(f)) {
        complain("--token-file %s cannot be read: %s", s->opts.token_file,
                 strerror(errno));
        if (f)
            fclose(f);
        return -1;
    }
    fclose(f);
    good = post_token((struct slice){text, n}, s->token);
    sodium_memzero(text, sizeof text);
    if (!good)
        complain("--token-file %s has no token on its first line", s->opts.token_file);
    return good ? 0 : -1;
}

/* Everything that can be wrong without the collector. */
static enum command_exit prepare(struct send *s, char **argv, int n)
{
    char err[512];

    if (n != 2) {
        complain("send takes a SITE and one TEXT, or -; see `headcount send --help`");
        return EXIT_USAGE;
    }
    if (!site_check(argv[0], &s->post.site))
        return EXIT_USAGE;
    if (collector_url_parse(&s->url, s->opts.collector, err, sizeof err) < 0) {
        complain("%s", err);
        return EXIT_USAGE;
    }
    if (read_token(s) < 0)
        return EXIT_USAGE;
    s->post.url = &s->url;
    s->post.token = s->token;
    s->post.query_ms = s->opts.query;
    s->post.name = name_normalize(slice_of(s->opts.name), s->name);
    return EXIT_FINE;
}

/* ---- sending ------------------------------------------------------------- */

static enum command_exit judge(const struct send *s, int status)
{
    if (status / 100 == 2)
        return EXIT_FINE;
    complain("the collector at %s %s (%d)", s->url.authority, post_meaning(status),
             status);
    return status >= 500 ? EXIT_UNREACHABLE : EXIT_NO;
}

/* One request. @wait: seconds after which to try again, if it is for that that it was
 * refused. */
static enum command_exit try_once(const struct send *s, struct slice text, long *wait)
{
    struct buf request, answer;
    struct fetched f;
    char err[256];
    int rc;

    *wait = 0;
    buf_init(&request, POST_REQUEST_MAX);
    buf_init(&answer, ANSWER_BYTES);
    post_request(&s->post, text, &request);
    rc = fetch_send(&f, s->url.host, s->url.port, buf_get(&request), &answer, err,
                    sizeof err);
    sodium_memzero(request.p, request.n);
    buf_fini(&request);
    buf_fini(&answer);
    if (rc < 0) {
        complain("cannot send to %s: %s", s->url.authority, err);
        return EXIT_UNREACHABLE;
    }
    if (f.status == 429)
        *wait = f.retry_after > 0 ? f.retry_after : WAIT_DEFAULT_S;
    return *wait ? EXIT_NO : judge(s, f.status);
}

static enum command_exit send_text(struct send *s, struct slice raw, bool is_line)
{
    char out[PATH_MAX_BYTES];
    struct slice text = text_normalize(raw, out);
    enum command_exit code;
    long wait;

    if (text.n == 0 && is_line)
        return EXIT_FINE;
    if (text.n == 0) {
        complain("there is nothing in the text that could be sent");
        return EXIT_USAGE;
    }
    for (;;) {
        code = try_once(s, text, &wait);
        if (wait == 0)
            break;
        if (!is_line)
            return judge(s, 429);
        interrupt_poll(NULL, 0, (wait < WAIT_MAX_S ? wait : WAIT_MAX_S) * 1000);
    }
    s->sent += code == EXIT_FINE;
    return code;
}

static enum command_exit send_lines(struct send *s)
{
    enum command_exit code = EXIT_FINE;
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    while (code == EXIT_FINE && (n = getline(&line, &room, stdin)) >= 0)
        code = send_text(s, (struct slice){line, (size_t)n}, true);
    free(line);
    return code;
}

static void tell(const struct send *s)
{
    struct json j;
    struct buf out;

    buf_init(&out, 1024);
    json_init(&j, &out);
    json_begin_object(&j);
    json_key(&j, "site");
    json_slice(&j, s->post.site);
    json_key(&j, "sent");
    json_u64(&j, s->sent);
    json_end(&j);
    printf("%.*s\n", (int)out.n, out.p);
    buf_fini(&out);
}

int send_run(int argc, char **argv)
{
    struct send s = {0};
    int rest, code;

    if (!command_options(&spec, &s.opts, argc, argv, &rest, &code))
        return code;
    code = prepare(&s, argv + rest, argc - rest);
    if (code != EXIT_FINE)
        return code;
    if (strcmp(argv[rest + 1], "-") == 0)
        code = send_lines(&s);
    else
        code = send_text(&s, slice_of(argv[rest + 1]), false);
    if (s.opts.json)
        tell(&s);
    sodium_memzero(s.token, sizeof s.token);
    return code;
}
