/* Channels are followed before anything is read, so that nothing falls between; what
 * comes twice is sorted out by (e, n) in the model.
 *
 * Questions go out as they come up, TOP_READS_MAX at most, and answers come in their
 * order: a ring of what was asked says what they are. */
#include "top_source.h"

#include <stdio.h>
#include <stdlib.h>
#include "interrupt.h"
#include "site_read.h"

#define PAUSE_FIRST_MS 250 /* between dials, doubled up to the last */
#define PAUSE_LAST_MS 5000
#define LIST_EVERY_MS 5000 /* sites that were named; also tells that Redis is there */
#define ASKS (TOP_READS_MAX + 2)

static int dial(struct top_source *s)
{
    struct subscription_sites all = {.n = 0};

    if (s->follows && subscription_open(&s->news, &s->addr, &all) < 0) {
        snprintf(s->why, sizeof s->why, "%s", s->news.why);
        return -1;
    }
    s->reads = dial_open(&s->addr, s->why, sizeof s->why);
    if (s->reads == NULL) {
        subscription_close(&s->news);
        return -1;
    }
    s->moved = s->answered = mono_now();
    s->listed = s->moved - LIST_EVERY_MS; /* now */
    s->first = s->n = 0;
    return 0;
}

static void lose(struct top_source *s, struct top_model *m, const char *why)
{
    mono_t now = mono_now();
    mono_t heard = s->news.heard > s->answered ? s->news.heard : s->answered;

    snprintf(s->why, sizeof s->why, "%s", why);
    top_source_close(s);
    s->pause = PAUSE_FIRST_MS;
    s->again = now + s->pause;
    top_model_away(m, s->why, now - heard);
}

/* ---- questions ----------------------------------------------------------- */

static void remember(struct top_source *s, struct top_ask ask)
{
    if (s->n == 0)
        s->moved = mono_now();
    s->ask[(s->first + s->n++) % ASKS] = ask;
}

static void ask_list(struct top_source *s)
{
    redisAppendCommand(s->reads, "SMEMBERS " KEY_SITES);
    redisAppendCommand(s->reads, "ZRANGE " KEY_LIVE " 0 -1");
    remember(s, (struct top_ask){.what = ASK_NAMED});
    remember(s, (struct top_ask){.what = ASK_LIVE});
    s->listed = mono_now();
}

static void ask_sites(struct top_source *s, struct top_model *m)
{
    struct top_ask ask = {.what = ASK_SITE};

    while (s->n < TOP_READS_MAX && top_model_next_read(m, &ask.number, &ask.minutes)) {
        site_read_ask(s->reads, roster_name(&m->roster, (size_t)ask.number), ask.minutes);
        remember(s, ask);
    }
}

static int flush(redisContext *c)
{
    int done = 0;

    while (!done)
        if (redisBufferWrite(c, &done) != REDIS_OK)
            return -1;
    return 0;
}

static void dial_again(struct top_source *s, struct top_model *m)
{
    if (dial(s) == 0) {
        top_model_here(m);
        return;
    }
    s->pause = s->pause * 2 < PAUSE_LAST_MS ? s->pause * 2 : PAUSE_LAST_MS;
    s->again = mono_now() + s->pause;
    top_model_away(m, s->why, 0);
}

void top_source_step(struct top_source *s, struct top_model *m)
{
    if (s->reads == NULL && mono_now() >= s->again)
        dial_again(s, m);
    if (s->reads == NULL)
        return;
    if (mono_now() - s->listed >= LIST_EVERY_MS && s->n < TOP_READS_MAX)
        ask_list(s);
    ask_sites(s, m);
    if (flush(s->reads) < 0)
        lose(s, m, s->reads->errstr);
}

/* ---- answers ------------------------------------------------------------- */

static void on_names(struct top_model *m, const redisReply *r)
{
    for (size_t i = 0; r->type == REDIS_REPLY_ARRAY && i < r->elements; i++)
        if (r->element[i]->type == REDIS_REPLY_STRING)
            top_model_site(m, (struct slice){r->element[i]->str, r->element[i]->len});
}

static void on_site(struct top_model *m, const struct top_ask *ask, redisReply *r)
{
    struct slice site = roster_name(&m->roster, (size_t)ask->number);
    struct site_read read;
    char err[256];

    if (site_read_take(&read, site, ask->minutes, r, err, sizeof err) < 0) {
        top_model_read(m, ask->number, NULL);
        return;
    }
    top_model_read(m, ask->number, &read.summary);
    site_read_fini(&read);
}

/* Returns whether Redis may be used: a refusal of the list is one of all. */
static bool on_answer(struct top_source *s, struct top_model *m, redisReply *r)
{
    struct top_ask ask = s->ask[s->first];

    s->first = (s->first + 1) % ASKS;
    s->n--;
    s->moved = s->answered = mono_now();
    if (ask.what == ASK_SITE) {
        on_site(m, &ask, r);
        return true;
    }
    if (r->type == REDIS_REPLY_ERROR) {
        lose(s, m, r->str);
        freeReplyObject(r);
        return false;
    }
    on_names(m, r);
    freeReplyObject(r);
    return true;
}

static void read_answers(struct top_source *s, struct top_model *m)
{
    void *reply = NULL;

    if (redisBufferRead(s->reads) != REDIS_OK) {
        lose(s, m, s->reads->errstr);
        return;
    }
    for (;;) {
        if (redisGetReplyFromReader(s->reads, &reply) != REDIS_OK) {
            lose(s, m, s->reads->errstr);
            return;
        }
        if (reply == NULL)
            return;
        if (s->n == 0) {
            freeReplyObject(reply);
            lose(s, m, "it answers what nobody asked");
            return;
        }
        if (!on_answer(s, m, reply))
            return;
    }
}

static void read_news(struct top_source *s, struct top_model *m, bool readable)
{
    struct slice site, text;
    struct news n;
    int rc = subscription_on_poll(&s->news, readable);

    while (rc == 0 && (rc = subscription_next(&s->news, &site, &text)) > 0) {
        rc = 0;
        if (news_parse(&n, text) < 0)
            continue;
        top_model_message(m, site, &n);
        news_fini(&n);
    }
    if (rc < 0)
        lose(s, m, s->news.why);
}

int top_source_open(struct top_source *s, const struct redis_addr *addr, bool follows)
{
    *s = (struct top_source){.addr = *addr, .follows = follows};
    return dial(s);
}

void top_source_close(struct top_source *s)
{
    subscription_close(&s->news);
    if (s->reads)
        redisFree(s->reads);
    s->reads = NULL;
    s->n = 0;
}

void top_source_refresh(struct top_source *s, struct top_model *m)
{
    s->listed = mono_now() - LIST_EVERY_MS;
    s->again = mono_now();
    if (!m->away)
        top_model_here(m);
}

nfds_t top_source_fds(const struct top_source *s, struct pollfd fds[TOP_SOCKETS])
{
    if (s->reads == NULL)
        return 0;
    fds[0] = (struct pollfd){s->reads->fd, POLLIN, 0};
    if (!s->follows)
        return 1;
    fds[1] = (struct pollfd){subscription_fd(&s->news), POLLIN, 0};
    return 2;
}

void top_source_on_poll(struct top_source *s, struct top_model *m,
                        const struct pollfd *fds)
{
    if (s->reads == NULL)
        return;
    if (fds[0].revents)
        read_answers(s, m);
    if (s->reads && s->n > 0 && mono_now() - s->moved > REPLY_DEADLINE_MS)
        lose(s, m, "it does not answer");
    if (s->reads && s->follows)
        read_news(s, m, fds[1].revents != 0);
}

mono_t top_source_patience(const struct top_source *s, mono_t now)
{
    mono_t until = s->reads == NULL ? s->again : s->listed + LIST_EVERY_MS;

    if (s->reads && s->n > 0 && s->moved + REPLY_DEADLINE_MS < until)
        until = s->moved + REPLY_DEADLINE_MS;
    return until > now ? until - now : 0;
}

bool top_source_is_idle(const struct top_source *s)
{
    return s->n == 0;
}
