/* Walks twice over a copy: once over all of it, to see that it is plain and where the
 * events begin, and once over each event, to take its fields. */
#include "plain_events.h"

#include <stddef.h>
#include <stdlib.h>
#include "../proto/utf8.h"

#define STRANGE_MAX 8 /* members of an event that say nothing to us */
#define DIGITS_MAX 18 /* any number of so many fits 64 bits */

struct plain_events {
    size_t n;
    uint32_t at[BATCH_MAX]; /* where in the text an event begins */
    struct slice text;
    char bytes[];
};

/* The members of an event: of those that fill the same field, the one of the least rank
 * that is not null. */
#define FIELD(f) offsetof(struct beacon, f)
static const struct member {
    struct slice name;
    size_t field;
    unsigned rank;
} members[] = {
#define MEMBER(name, field, rank)                    \
    {                                                \
        {name, sizeof(name) - 1}, FIELD(field), rank \
    }
    MEMBER("i", site, 0),
    MEMBER("p", path, 0),
    MEMBER("k", kind, 0),
    MEMBER("e", name, 0),
    MEMBER("u", user, 0),
    MEMBER("v", tab, 0),
    MEMBER("a", state, 0),
    MEMBER("d", engaged, 0),
    MEMBER("t", title, 0),
    MEMBER("r", referrer, 0),
    MEMBER("q", query, 0),
    MEMBER("_", sent, 0),
    MEMBER("site", site, 1),
    MEMBER("path", path, 1),
    MEMBER("url", path, 2),
    MEMBER("kind", kind, 1),
    MEMBER("event", name, 1),
    MEMBER("name", name, 2),
    MEMBER("user", user, 1),
    MEMBER("view", tab, 1),
    MEMBER("state", state, 1),
    MEMBER("engaged", engaged, 1),
    MEMBER("title", title, 1),
    MEMBER("referrer", referrer, 1),
    MEMBER("utm_campaign", campaign, 0),
    MEMBER("utm_term", term, 0),
    MEMBER("utm_source", source, 0),
    MEMBER("sent", sent, 1),
#undef MEMBER
};
#define MEMBERS (sizeof members / sizeof *members)

/* What is known of the event being walked over. */
struct event {
    uint32_t seen; /* a bit for each of `members` */
    struct slice strange[STRANGE_MAX];
    unsigned nstrange;
    const struct member *from[MEMBERS]; /* whose value a field has, by field */
    struct beacon *out;                 /* NULL: nobody wants to know */
};
_Static_assert(MEMBERS <= 32, "a bit for each");

static void skip_blanks(struct slice *in)
{
    while (in->n > 0 &&
           (*in->p == ' ' || *in->p == '\n' || *in->p == '\r' || *in->p == '\t'))
        *in = slice_skip(*in, 1);
}

/* Takes @c and the blanks around it. */
static bool take(struct slice *in, char c)
{
    skip_blanks(in);
    if (in->n == 0 || *in->p != c)
        return false;
    *in = slice_skip(*in, 1);
    skip_blanks(in);
    return true;
}

static bool is_plain(char c)
{
    return (signed char)c >= ' ' && c != '"' && c != '\\';
}

/* Takes characters up to one that ends a text, or is not plain. */
static bool take_plain(struct slice *in)
{
    const char *p = in->p, *end = p + in->n;
    uint32_t code;

    for (;;) {
        while (p < end && is_plain(*p))
            p++;
        *in = (struct slice){p, (size_t)(end - p)};
        if (p == end || !((unsigned char)*p & 0x80))
            return p < end;
        if (!utf8_next(in, &code))
            return false;
        p = in->p;
    }
}

static bool take_text(struct slice *in, struct slice *text)
{
    if (in->n == 0 || *in->p != '"')
        return false;
    *in = slice_skip(*in, 1);
    text->p = in->p;
    if (!take_plain(in) || *in->p != '"')
        return false;
    text->n = (size_t)(in->p - text->p);
    *in = slice_skip(*in, 1);
    return true;
}

/* Numbers are written as they are read, so their text is the one that stands there. */
static bool take_number(struct slice *in, struct slice *text)
{
    size_t sign = in->n > 0 && *in->p == '-', n = sign;

    while (n < in->n && in->p[n] >= '0' && in->p[n] <= '9')
        n++;
    if (n == sign || n - sign > DIGITS_MAX || (in->p[sign] == '0' && n > 1))
        return false;
    *text = (struct slice){in->p, n};
    *in = slice_skip(*in, n);
    return true;
}

static bool take_word(struct slice *in, struct slice *text)
{
    static const struct slice words[] = {{"true", 4}, {"false", 5}, {"null", 4}};

    for (int i = 0; i < 3; i++) {
        if (in->n < words[i].n || memcmp(in->p, words[i].p, words[i].n) != 0)
            continue;
        *text = i < 2 ? words[i] : (struct slice){0};
        *in = slice_skip(*in, words[i].n);
        return true;
    }
    return false;
}

/* Of null @value points nowhere. What stands behind it is looked at by the caller. */
static bool take_value(struct slice *in, struct slice *value, bool *is_text)
{
    *is_text = in->n > 0 && *in->p == '"';
    return *is_text ? take_text(in, value)
                    : take_number(in, value) || take_word(in, value);
}

/* Returns whether it did not come before and there is room to remember that. */
static bool is_new_stranger(struct event *e, struct slice name)
{
    if (e->nstrange == STRANGE_MAX || slice_eq(name, SLICE("hits")))
        return false;
    for (unsigned i = 0; i < e->nstrange; i++)
        if (slice_eq(e->strange[i], name))
            return false;
    e->strange[e->nstrange++] = name;
    return true;
}

static const struct member *find(struct slice name)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (members[i].name.n == name.n && *members[i].name.p == *name.p &&
            memcmp(members[i].name.p, name.p, name.n) == 0)
            return &members[i];
    return NULL;
}

static void fill(struct event *e, const struct member *m, struct slice value)
{
    const struct member **from = &e->from[m->field / sizeof(struct slice)];

    if (*from && (*from)->rank < m->rank)
        return;
    *from = m;
    memcpy((char *)e->out + m->field, &value, sizeof value);
}

/* Takes note of a member. Returns false when it is not plain. */
static bool note(struct event *e, struct slice name, struct slice value, bool is_text)
{
    const struct member *m = name.n ? find(name) : NULL;

    if (m == NULL)
        return is_new_stranger(e, name);
    if (e->seen & 1u << (m - members))
        return false;
    e->seen |= 1u << (m - members);
    if (m->field == FIELD(site) && value.p && !is_text)
        return false;
    if (m->field == FIELD(kind) && slice_eq(value, SLICE("query")))
        return false;
    if (e->out && value.p)
        fill(e, m, value);
    return true;
}

static bool take_member(struct slice *in, struct event *e)
{
    struct slice name, value;
    bool is_text;

    return take_text(in, &name) && take(in, ':') && take_value(in, &value, &is_text) &&
           note(e, name, value, is_text);
}

/* Takes an event, and fills @out with it, if somebody wants to know. */
static bool take_event(struct slice *in, struct beacon *out)
{
    struct event e = {.out = out};

    if (!take(in, '{'))
        return false;
    if (take(in, '}'))
        return true;
    do {
        if (!take_member(in, &e))
            return false;
    } while (take(in, ','));
    return take(in, '}');
}

static bool take_one(struct slice *in, struct plain_events *e)
{
    skip_blanks(in);
    if (e->n == BATCH_MAX)
        return false;
    e->at[e->n++] = (uint32_t)(in->p - e->text.p);
    return take_event(in, NULL);
}

static bool take_list(struct slice *in, struct plain_events *e)
{
    if (!take(in, '['))
        return false;
    if (take(in, ']'))
        return true;
    do {
        if (!take_one(in, e))
            return false;
    } while (take(in, ','));
    return take(in, ']');
}

static bool take_hits(struct slice *in, struct plain_events *e)
{
    struct slice name;

    return take(in, '{') && take_text(in, &name) && slice_eq(name, SLICE("hits")) &&
           take(in, ':') && take_list(in, e) && take(in, '}');
}

/* An event alone has no member "hits", so it is one of the two at most. */
static bool take_all(struct slice *in, struct plain_events *e)
{
    struct slice begin;

    skip_blanks(in);
    begin = *in;
    if (in->n > 0 && *in->p == '[')
        return take_list(in, e);
    if (take_hits(in, e))
        return true;
    if (e->n > 0)
        return false;
    *in = begin;
    return take_one(in, e);
}

struct plain_events *plain_events_read(struct slice text)
{
    struct plain_events *e = malloc(sizeof *e + text.n);
    struct slice in;

    if (e == NULL)
        abort();
    e->n = 0;
    memcpy(e->bytes, text.p, text.n);
    in = e->text = (struct slice){e->bytes, text.n};
    if (take_all(&in, e) && in.n == 0)
        return e;
    free(e);
    return NULL;
}

void plain_events_free(struct plain_events *e)
{
    free(e);
}

size_t plain_events_count(const struct plain_events *e)
{
    return e->n;
}

void plain_events_get(const struct plain_events *e, size_t i, struct beacon *b)
{
    struct slice in = slice_skip(e->text, e->at[i]);

    take_event(&in, b);
}
