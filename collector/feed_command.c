/* From left to right, a word at a time. */
#include "feed_command.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice skip_blanks(struct slice s)
{
    while (s.n > 0 && is_blank(*s.p))
        s = slice_skip(s, 1);
    return s;
}

/* The word at the front of @s, which becomes what is behind it and its blanks. */
static struct slice take_word(struct slice *s)
{
    struct slice word = {s->p, 0};

    while (word.n < s->n && !is_blank(s->p[word.n]))
        word.n++;
    *s = skip_blanks(slice_skip(*s, word.n));
    return word;
}

static void parse_watch(struct feed_command *c, struct slice rest)
{
    struct slice word;

    c->verb = FEED_WATCH;
    c->site = take_word(&rest);
    word = take_word(&rest);
    if (!slice_eq(word, SLICE("json"))) { /* no token looks like that */
        c->token = word;
        word = take_word(&rest);
    }
    c->json = slice_eq(word, SLICE("json"));
    if (rest.n > 0 || (word.n > 0 && !c->json))
        c->verb = FEED_UNKNOWN;
}

static void parse_send(struct feed_command *c, struct slice rest)
{
    c->verb = FEED_SEND;
    c->site = take_word(&rest);
    c->token = take_word(&rest);
    c->text = rest;
}

static void parse_query(struct feed_command *c, struct slice rest)
{
    c->verb = FEED_QUERY;
    c->site = take_word(&rest);
    c->token = take_word(&rest);
    c->ms = take_word(&rest);
    c->text = rest;
}

struct feed_command feed_command_parse(struct slice line)
{
    struct feed_command c = {.verb = FEED_UNKNOWN};
    struct slice rest = skip_blanks(line), verb = take_word(&rest);

    if (verb.n == 0)
        c.verb = FEED_NOTHING;
    else if (slice_eq(verb, SLICE("watch")))
        parse_watch(&c, rest);
    else if (slice_eq(verb, SLICE("send")))
        parse_send(&c, rest);
    else if (slice_eq(verb, SLICE("query")))
        parse_query(&c, rest);
    else if (slice_eq(verb, SLICE("help")) && rest.n == 0)
        c.verb = FEED_HELP;
    else if (slice_eq(verb, SLICE("quit")) && rest.n == 0)
        c.verb = FEED_QUIT;
    return c;
}
