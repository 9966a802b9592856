/* What must be asked of Redis first is concluded later; until then the session obeys
 * nothing. `watch` is answered by the hello of its stream, so that all that happens after
 * the answer is told. */
#include "feed_obey.h"

#include "access.h"
#include "conn.h"
#include "feed_command.h"
#include "feed_session.h"
#include "messages.h"
#include "worker.h"

#define HELP                                                           \
    "# watch SITE [TOKEN] [json]   the events of a site from now on\n" \
    "# send SITE TOKEN TEXT        put a line among them\n"            \
    "# query SITE TOKEN MS TEXT    and a query that took so long\n"    \
    "# quit\n"
#define UNAVAILABLE "error unavailable\n"

static void begin_watching(struct stream *s, struct slice site)
{
    const struct feed_session *fs = s->own;
    struct stream_wish wish = {.granted = fs->granted};

    if (!stream_has_room(stream_worker(s), site)) {
        feed_session_answer(s, UNAVAILABLE);
        return;
    }
    feed_session_flush(s); /* what was answered before comes before */
    if (stream_conn(s)->state != CONN_STREAMING)
        return;
    s->framing = fs->json ? &feed_json_framing : &feed_framing;
    stream_watch(s, site, &wish);
    stream_serve(s); /* its hello is the answer */
}

static const char *reason(const struct outcome *o)
{
    static const char *const answers[] = {
        [ACCESS_DONE] = "ok\n",
        [ACCESS_BAD_SITE] = "error bad_site\n",
        [ACCESS_STRANGER] = "error unauthorized\n",
        [ACCESS_FORBIDDEN] = "error forbidden\n",
        [ACCESS_GUESSER] = "error too_many_guesses\n",
        [ACCESS_UNHEARD] = UNAVAILABLE,
    };

    if (o->end == ACCESS_REFUSED) /* one of the two reasons that messages have here */
        return strcmp(o->error, "bad_ms") == 0 ? "error bad_ms\n" : "error empty\n";
    return answers[o->end];
}

/* While Redis is away a watcher without a token may wait for it: it is told nothing that
 * is not read from Redis before, and is dismissed then if the site is closed. */
static bool may_watch(struct stream *s, struct slice site, const struct outcome *o)
{
    const struct feed_session *fs = s->own;

    return o->end == ACCESS_DONE || (o->end == ACCESS_UNHEARD && !fs->granted &&
                                     !watches_closed(&stream_worker(s)->watches, site));
}

static void conclude(struct stream *s, struct slice site, const struct outcome *o)
{
    const struct feed_session *fs = s->own;

    if (fs->watches && may_watch(s, site, o))
        begin_watching(s, site);
    else
        feed_session_answer(s, reason(o));
}

static void on_told(struct waiter *waiter, struct slice site, const struct outcome *o)
{
    struct conn *c = conn_of_waiter(waiter);

    if (c->state != CONN_STREAMING)
        return; /* the worker stops: the client was told so */
    conclude(&c->stream, site, o);
    if (c->state == CONN_STREAMING)
        feed_session_resume(&c->stream);
}

static void demand(struct stream *s, const struct feed_command *cmd, struct demand d)
{
    struct conn *c = stream_conn(s);
    struct outcome o;

    d.site = cmd->site;
    d.ip = c->peer;
    d.bearer = token_of_text(cmd->token, &d.hash);
    d.tell = on_told;
    if (access_decide(c->worker, &d, &c->waiter, &o))
        conclude(s, cmd->site, &o);
}

/* To be allowed to is all. */
static const char *allow(struct worker *w, struct slice site, const void *wish)
{
    (void)w;
    (void)site;
    (void)wish;
    return NULL;
}

static void watch(struct stream *s, const struct feed_command *cmd)
{
    struct feed_session *fs = s->own;

    fs->watches = true;
    fs->json = cmd->json;
    fs->granted = cmd->token.n > 0;
    if (s->watch)
        feed_session_answer(s, "error already_watching\n");
    else
        demand(s, cmd, (struct demand){.need = SCOPE_READ, .reads = true, .act = allow});
}

static void send_message(struct stream *s, const struct feed_command *cmd)
{
    struct feed_session *fs = s->own;
    struct posted m = {0};

    fs->watches = false;
    if (cmd->verb == FEED_QUERY)
        messages_set_query(&m, cmd->text, (struct slice){0}, cmd->ms);
    else
        messages_set(&m, cmd->text, (struct slice){0});
    demand(
        s, cmd,
        (struct demand){
            .need = SCOPE_SEND, .act = messages_deliver, .wish = &m, .wish_n = sizeof m});
}

void feed_obey(struct stream *s, struct slice line)
{
    struct feed_command cmd = feed_command_parse(line);
    struct counters *n = &stream_worker(s)->counters;

    COUNT_ADD(n, feed_commands, cmd.verb != FEED_NOTHING);
    COUNT_ADD(n, feed_unknown, cmd.verb == FEED_UNKNOWN);
    switch (cmd.verb) {
    case FEED_NOTHING:
        break;
    case FEED_WATCH:
        watch(s, &cmd);
        break;
    case FEED_SEND:
    case FEED_QUERY:
        send_message(s, &cmd);
        break;
    case FEED_HELP:
        feed_session_answer(s, HELP);
        break;
    case FEED_QUIT:
        feed_session_end(s, "ok\n");
        break;
    case FEED_UNKNOWN:
        feed_session_answer(s, "error unknown_command\n");
        break;
    }
}
