/* Four questions in one write, four answers in order. PING is the last one because only
 * its answer tells a Redis that serves from one that loads, follows a lost master or
 * wants a password. */
#include "redis_handshake.h"

#include <stdio.h>
#include <string.h>

#define WHY_MAX 80

static bool is_bad(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ERROR;
}

/* The first word of an error, "WRONGPASS". */
static int code_length(const redisReply *error)
{
    return (int)strcspn(error->str, " ");
}

/* The reason keeps to the error's code: some servers repeat our arguments after it. */
static void on_authenticated(void *arg, const redisReply *reply)
{
    struct redis_handshake *h = arg;
    char why[WHY_MAX];

    if (!is_bad(reply))
        return;
    snprintf(why, sizeof why, "AUTH refused: %.*s", code_length(reply), reply->str);
    h->done(h->arg, REDIS_REFUSED, why);
}

/* A name is a comfort; an ACL may forbid it. */
static void on_named(void *arg, const redisReply *reply)
{
    (void)arg;
    (void)reply;
}

static void on_selected(void *arg, const redisReply *reply)
{
    struct redis_handshake *h = arg;

    if (is_bad(reply))
        h->done(h->arg, REDIS_UNUSABLE, reply->str);
}

static bool is_refusal(const redisReply *error)
{
    static const char *const codes[] = {"NOAUTH", "WRONGPASS", "NOPERM"};
    size_t n = (size_t)code_length(error);

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strlen(codes[i]) == n && memcmp(codes[i], error->str, n) == 0)
            return true;
    return false;
}

static void on_pinged(void *arg, const redisReply *reply)
{
    struct redis_handshake *h = arg;

    if (is_bad(reply))
        h->done(h->arg, is_refusal(reply) ? REDIS_REFUSED : REDIS_UNUSABLE, reply->str);
    else if (reply)
        h->done(h->arg, REDIS_PROVEN, NULL);
}

int redis_handshake_start(struct redis_handshake *h, struct redis_pipeline *p,
                          const struct redis_addr *addr, const char *client_name)
{
    const char *auth[] = {"AUTH", addr->password};
    const char *auth_user[] = {"AUTH", addr->user, addr->password};
    const char *name[] = {"CLIENT", "SETNAME", client_name};
    char db[12];
    const char *select[] = {"SELECT", db};
    const char *ping[] = {"PING"};
    int r = 0;

    snprintf(db, sizeof db, "%d", addr->db);
    if (addr->password[0] && addr->user[0])
        r = redis_pipeline_call(p, 3, auth_user, NULL, on_authenticated, h);
    else if (addr->password[0])
        r = redis_pipeline_call(p, 2, auth, NULL, on_authenticated, h);
    if (r == 0)
        r = redis_pipeline_call(p, 3, name, NULL, on_named, h);
    if (r == 0 && addr->db)
        r = redis_pipeline_call(p, 2, select, NULL, on_selected, h);
    if (r == 0)
        r = redis_pipeline_call(p, 1, ping, NULL, on_pinged, h);
    return r;
}
