/* site: the sites of an installation and what an operator has decided about each.
 *
 * Reads the words and the options, does one thing in Redis, and says what changed. A new
 * token is printed once, alone on standard output, so that it can go into a file; what
 * Redis keeps of it is a hash.
 *
 * What can be wrong without Redis is found before it is asked (2). */
#include "command.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include "site_act.h"

#define LIST_MAX_BYTES (16 * 1024 * 1024) /* ROSTER_MAX rows of a list as JSON */

static const struct opt rows[] = {
    {.name = "origin",
     .arg = "ORIGIN",
     .type = OPT_LIST,
     .offset = offsetof(struct site_opts, origins),
     .help = "Only pages of this origin, like https://shop.example, may send the site's "
             "beacons; https://*.shop.example stands for all names below. May be "
             "repeated; without any, pages of all may.",
     .group = "add SITE"},
    {.name = "scope",
     .arg = "SCOPE",
     .type = OPT_TEXT,
     .offset = offsetof(struct site_opts, scope),
     .help = "Of a new token: read (what is not public), send (messages too) or admin "
             "(all of it, and resetting totals). Without it read.",
     .group = "token SITE add"},
    {.name = "path",
     .arg = "PATTERN",
     .type = OPT_TEXT,
     .offset = offsetof(struct site_opts, path),
     .help = "The goal is reached by a view of this path; * stands for any text.",
     .group = "goal SITE add"},
    {.name = "event",
     .arg = "NAME",
     .type = OPT_TEXT,
     .offset = offsetof(struct site_opts, event),
     .help = "The goal is reached by an event of this name."},
    {.name = "above",
     .arg = "N",
     .type = OPT_TEXT,
     .offset = offsetof(struct site_opts, alert.above),
     .help = "The alert goes on when the number is N or more, ...",
     .group = "alert SITE add"},
    {.name = "below",
     .arg = "N",
     .type = OPT_TEXT,
     .offset = offsetof(struct site_opts, alert.below),
     .help = "... or N or less."},
    {.name = "of",
     .arg = "NUMBER",
     .type = OPT_TEXT,
     .offset = offsetof(struct site_opts, alert.of),
     .help = "Which number: online (visitors online, which it is without it), current "
             "(visitors of five minutes) or views (page views of five minutes)."},
    {.name = "back",
     .arg = "M",
     .type = OPT_TEXT,
     .offset = offsetof(struct site_opts, alert.back),
     .help = "It goes off when the number is back at M. Without it a tenth less than "
             "--above, or more than --below, at least 1."},
    {.name = "for",
     .arg = "SECONDS",
     .type = OPT_TEXT,
     .offset = offsetof(struct site_opts, alert.hold),
     .help = "It goes on when the number has been there for so long, up to a day. "
             "Without it 0."},
    {.name = "data",
     .type = OPT_FLAG,
     .offset = offsetof(struct site_opts, data),
     .help = "Forget totals and peaks too, which nothing brings back.",
     .group = "rm"},
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct site_opts, json),
     .help = "Print JSON: an array for lists, an object for changes.",
     .group = "Output"},
    DIAL_OPTS(struct site_opts, dial),
};

static const struct opts_spec spec = {
    .program = "headcount site",
    .usage = "list | add SITE | rm SITE | badge SITE [on | off] |\n"
             "       visibility SITE [public | token] | privacy SITE [off | heed] |\n"
             "       origin SITE [list | add ORIGIN | rm ORIGIN] |\n"
             "       token SITE [list | add NAME | rm NAME] |\n"
             "       goal SITE [list | add NAME | rm NAME] |\n"
             "       alert SITE [list | add NAME | rm NAME] [options]",
    .about = "Lists sites, and changes what an operator decides about one: that it is "
             "counted, whose pages may send its beacons, whether it heeds DNT and "
             "Sec-GPC, its tokens, who may read it, whether its badge may be shown, its "
             "goals and alerts. A collector without --open-sites counts only sites that "
             "were added; who sets anything of a site adds it. A new token is printed "
             "once and kept nowhere; Redis has a hash of it.",
    .footer = "Exit codes:\n"
              "  0  done, or it was so already\n"
              "  1  not done: the name is taken or not there, or there are too many; or\n"
              "     standard output does not take the answer\n"
              "  2  the command line is wrong\n"
              "  3  Redis does not answer\n"
              "\n"
              "Examples:\n"
              "  headcount site add shop --origin https://shop.example\n"
              "  headcount site privacy shop heed\n"
              "  (umask 077 && headcount site token shop add bot --scope send >token)\n"
              "  headcount site badge shop on\n"
              "  headcount site goal shop add order --path '/thanks/*'\n"
              "  headcount site alert shop add quiet --below 5 --for 300",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

/* ---- the command line ---------------------------------------------------- */

static int refuse_option(const char *option, const char *where)
{
    complain("--%s belongs to `headcount site %s`", option, where);
    return -1;
}

/* The first option of an alert that was given. */
static const char *stray_alert(const struct site_alert_opts *o)
{
    return o->above   ? "above"
           : o->below ? "below"
           : o->of    ? "of"
           : o->back  ? "back"
           : o->hold  ? "for"
                      : NULL;
}

/* Options that mean nothing here are a mistake of somebody who meant something. */
static int check_stray(const struct site *s)
{
    if (s->opts.origins.n > 0 && s->order.verb != SITE_ADD)
        return refuse_option("origin", "add");
    if (s->opts.scope && s->order.verb != TOKEN_ADD)
        return refuse_option("scope", "token SITE add");
    if (s->opts.path && s->order.verb != GOAL_ADD)
        return refuse_option("path", "goal SITE add");
    if (s->opts.event && s->order.verb != GOAL_ADD)
        return refuse_option("event", "goal SITE add");
    if (s->order.verb != ALERT_ADD && stray_alert(&s->opts.alert))
        return refuse_option(stray_alert(&s->opts.alert), "alert SITE add");
    if (s->opts.data && s->order.verb != SITE_RM)
        return refuse_option("data", "rm");
    return 0;
}

static int make_token(struct site *s)
{
    const char *scope = s->opts.scope ? s->opts.scope : "read";
    uint8_t random[TOKEN_RANDOM];

    if (!setting_scope_valid(scope)) {
        complain("--scope \"%s\" is none of read, send and admin", scope);
        return -1;
    }
    if (sodium_init() < 0) {
        complain("libsodium finds no random numbers");
        return -1;
    }
    randombytes_buf(random, sizeof random);
    token_text(random, s->token);
    setting_token(&s->setting, s->order.name, scope, s->token);
    return 0;
}

static int make_goal(struct site *s)
{
    const char *path = s->opts.path, *event = s->opts.event;

    if (!path == !event) {
        complain("a goal needs either --path or --event");
        return -1;
    }
    if (path && !setting_path_valid(path)) {
        complain("--path \"%s\" is no path as it is counted: it begins with /, without "
                 "host, ? and #, at most %d bytes",
                 path, PATH_MAX_BYTES);
        return -1;
    }
    if (event && !setting_event_valid(event)) {
        complain("--event \"%s\" is no name of an event: 1 to %d bytes, no control "
                 "characters, no blank at either end",
                 event, EVENT_NAME_MAX);
        return -1;
    }
    setting_goal(&s->setting, s->order.name, path ? "path" : "event",
                 path ? path : event);
    return 0;
}

static int make_alert(struct site *s)
{
    struct alert_rule rule;
    char err[512];

    if (site_alert_rule(&s->opts.alert, &rule, err, sizeof err) < 0) {
        complain("%s", err);
        return -1;
    }
    setting_alert(&s->setting, s->order.name, &rule);
    return 0;
}

static int check_origins(const struct opt_list *origins)
{
    struct setting s;
    char err[512];

    if (origins->n > ORIGINS_MAX) {
        complain("--origin: at most %d", ORIGINS_MAX);
        return -1;
    }
    for (size_t i = 0; i < origins->n; i++) {
        if (setting_origin(&s, origins->v[i]))
            continue;
        setting_origin_explain(origins->v[i], err, sizeof err);
        complain("--origin: %s", err);
        return -1;
    }
    return 0;
}

/* Everything that can be wrong without Redis. */
static int prepare(struct site *s, char *const *words, int n)
{
    char err[512];

    if (site_order_read(&s->order, words, n, err, sizeof err) < 0) {
        complain("%s", err);
        return -1;
    }
    if (check_stray(s) < 0 || check_origins(&s->opts.origins) < 0)
        return -1;
    if (s->order.verb == ORIGIN_ADD || s->order.verb == ORIGIN_RM)
        setting_origin(&s->setting, s->order.name); /* was checked */
    if (s->order.verb == TOKEN_ADD)
        return make_token(s);
    if (s->order.verb == ALERT_ADD)
        return make_alert(s);
    return s->order.verb == GOAL_ADD ? make_goal(s) : 0;
}

/* ---- the whole ----------------------------------------------------------- */

/* Returns 0, or -1 after a complaint. */
static int print(const struct site *s)
{
    if (fwrite(s->out.p, 1, s->out.n, stdout) == s->out.n && fflush(stdout) == 0)
        return 0;
    complain("standard output does not take what is to be said: %s", strerror(errno));
    return -1;
}

static enum command_exit run(struct site *s)
{
    struct redis_addr addr;
    enum command_exit code;

    if (dial_address(&addr, &s->opts.dial) < 0)
        return EXIT_USAGE;
    s->store.redis = dial_open(&addr, s->store.why, sizeof s->store.why);
    if (s->store.redis == NULL)
        return site_unreachable(s);
    if (s->order.verb == TOKEN_ADD)
        signal(SIGPIPE, SIG_IGN); /* printing fails instead, and is noticed */
    buf_init(&s->out, LIST_MAX_BYTES);
    code = site_act(s);
    if (print(s) < 0)
        code = site_unsay(s);
    redisFree(s->store.redis);
    buf_fini(&s->out);
    sodium_memzero(s->token, sizeof s->token);
    return code;
}

int site_run(int argc, char **argv)
{
    struct site s = {0};
    int rest, code;

    if (!command_options(&spec, &s.opts, argc, argv, &rest, &code))
        return code;
    if (prepare(&s, argv + rest, argc - rest) < 0)
        return EXIT_USAGE;
    return run(&s);
}
