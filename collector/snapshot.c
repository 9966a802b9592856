/* Happy path: EVALSHA, the flat list into summary_parse.
 *
 * Failure modes: Redis does not know the script (restarted, SCRIPT FLUSH): asked once
 * more with its text, which loads it. Everything else is for the asker to repeat. */
#include "snapshot.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "../proto/keys.h"

static void on_loaded(void *arg, const redisReply *reply)
{
    struct snapshots *all = arg;

    if (reply && reply->type == REDIS_REPLY_STRING && reply->len == 40)
        memcpy(all->sha, reply->str, 41);
}

void snapshots_up(struct snapshots *all, struct redis_link *link)
{
    const char *argv[] = {"SCRIPT", "LOAD", snapshot_lua};
    size_t lens[] = {6, 4, strlen(snapshot_lua)};

    all->link = link;
    all->sha[0] = '\0';
    redis_link_call(link, 3, argv, lens, on_loaded, all);
}

/* The reply's strings as slices, or NULL if it is no list of strings. */
static struct slice *texts_of(const redisReply *reply)
{
    struct slice *texts;

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0)
        return NULL;
    if ((texts = malloc(reply->elements * sizeof *texts)) == NULL)
        return NULL;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *text = reply->element[i];

        if (text->type != REDIS_REPLY_STRING) {
            free(texts);
            return NULL;
        }
        texts[i] = (struct slice){text->str, text->len};
    }
    return texts;
}

static void finish(struct snapshot *q, const redisReply *reply)
{
    struct slice *texts = reply ? texts_of(reply) : NULL;
    unsigned minutes = q->minutes ? q->minutes : MINUTES_DEFAULT;
    struct summary summary;

    q->asked = false;
    if (texts && summary_parse(&summary, texts, reply->elements, minutes) == 0) {
        q->done(q, &summary); /* which may free @q */
        summary_fini(&summary);
    } else {
        q->done(q, NULL);
    }
    free(texts);
}

static bool is_noscript(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ERROR &&
           strncmp(reply->str, "NOSCRIPT", 8) == 0;
}

static int ask(struct snapshot *q);

static void on_answer(void *arg, const redisReply *reply)
{
    struct snapshot *q = arg;

    if (is_noscript(reply) && !q->in_full) {
        snapshots_up(q->all, q->all->link);
        if (ask(q) == 0)
            return;
        reply = NULL;
    }
    finish(q, reply);
}

/* Asks with the script's hash if Redis is known to have it, else with its text. */
static int ask(struct snapshot *q)
{
    const struct snapshots *all = q->all;
    struct slice site = {q->site, q->site_n};
    struct key_name meta = key_meta(site), bucket = key_minute(site, 0);
    struct key_name recent = key_recent(site);
    bool in_full = all->sha[0] == '\0';
    const char *script = in_full ? snapshot_lua : all->sha;
    char minutes[12];
    int digits = snprintf(minutes, sizeof minutes, "%u", q->minutes);
    const char *argv[] = {
        in_full ? "EVAL" : "EVALSHA", script, "1", meta.s, bucket.s, recent.s, minutes};
    /* without the digit of minute 0 the bucket's key is the prefix of all */
    size_t lens[] = {strlen(argv[0]), strlen(script), 1, meta.n, bucket.n - 1,
                     recent.n,        (size_t)digits};

    q->in_full = in_full;
    if (all->link == NULL || redis_link_call(all->link, 7, argv, lens, on_answer, q) < 0)
        return -1;
    q->asked = true;
    return 0;
}

int snapshot_ask(struct snapshot *q, struct snapshots *all, struct slice site,
                 unsigned minutes, snapshot_fn done)
{
    assert(!q->asked && site.n <= SITE_MAX);
    q->all = all;
    q->done = done;
    if (site.n > 0)
        memcpy(q->site, site.p, site.n);
    q->site_n = site.n;
    q->minutes = minutes;
    return ask(q);
}
