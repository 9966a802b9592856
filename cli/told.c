/* Two questions to each daemon: /counters, which says who it is, and /readyz. */
#include "told.h"

#include <stdio.h>
#include <string.h>
#include "../proto/limits.h"
#include "command.h"
#include "fetch.h"

/* Returns 0, or -1 with why set. */
static int get(struct told *t, const struct hostport *at, const char *path,
               struct fetched *f, struct buf *bytes)
{
    buf_init(bytes, FETCH_ANSWER_MAX);
    return fetch_get(f, at, path, bytes, t->why, sizeof t->why);
}

static void ask_counters(struct told *t, const struct hostport *at)
{
    struct fetched f;
    struct buf bytes;

    if (get(t, at, "/counters", &f, &bytes) == 0) {
        if (f.status == 200)
            told_read(t, f.body);
        else
            snprintf(t->why, sizeof t->why, "it answers with status %d", f.status);
    }
    buf_fini(&bytes);
}

static void ask_ready(struct told *t, const struct hostport *at)
{
    struct fetched f;
    struct buf bytes;

    if (get(t, at, "/readyz", &f, &bytes) == 0) {
        t->ready = f.status == 200;
        if (!t->ready)
            snprintf(t->unready, sizeof t->unready, "%.*s", (int)f.body.n, f.body.p);
    } else {
        snprintf(t->unready, sizeof t->unready, "%s", t->why);
    }
    buf_fini(&bytes);
}

bool told_check(const struct opt_list *at, const char *option)
{
    struct hostport hp;
    char err[512];

    for (size_t i = 0; i < at->n; i++) {
        if (hostport_parse(&hp, at->v[i], option, err, sizeof err) < 0) {
            complain("%s", err);
            return false;
        }
    }
    return true;
}

void told_ask(struct told *t, const char *at)
{
    struct hostport hp;

    *t = (struct told){.at = at};
    if (hostport_parse(&hp, at, "", t->why, sizeof t->why) < 0)
        return;
    ask_counters(t, &hp);
    if (t->json)
        ask_ready(t, &hp);
}

void told_fini(struct told *t)
{
    json_decref(t->json);
}

int told_read(struct told *t, struct slice body)
{
    const char *program, *version;
    json_int_t uptime;
    json_t *counters;

    t->json = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    if (t->json &&
        json_unpack(t->json, "{s:s,s:s,s:I,s:o}", "program", &program, "version",
                    &version, "uptime_seconds", &uptime, "counters", &counters) == 0 &&
        json_is_object(counters) && json_object_size(counters) <= TOLD_COUNTERS_MAX)
        return 0;
    json_decref(t->json);
    t->json = NULL;
    snprintf(t->why, sizeof t->why, "what answers there is no admin port of headcount");
    return -1;
}

static const char *text_of(const struct told *t, const char *key)
{
    const char *text = json_string_value(json_object_get(t->json, key));

    return text ? text : "";
}

static uint64_t number_of(const json_t *json)
{
    json_int_t v = json_integer_value(json);

    return v > 0 ? (uint64_t)v : 0;
}

static json_t *counter_of(const struct told *t, const char *counter)
{
    return json_object_get(json_object_get(t->json, "counters"), counter);
}

const char *told_program(const struct told *t)
{
    return text_of(t, "program");
}

const char *told_version(const struct told *t)
{
    return text_of(t, "version");
}

uint64_t told_uptime(const struct told *t)
{
    return number_of(json_object_get(t->json, "uptime_seconds"));
}

bool told_has(const struct told *t, const char *counter)
{
    return counter_of(t, counter) != NULL;
}

uint64_t told_counter(const struct told *t, const char *counter)
{
    return number_of(counter_of(t, counter));
}
