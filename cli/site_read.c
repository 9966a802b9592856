/* One EVAL of proto/snapshot.lua. The reply is one flat list of strings; slices of it are
 * all that summary_parse asks for, and the reply is kept as long as they are used. */
#include "site_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "../proto/hit.h"
#include "../proto/keys.h"

bool site_check(char *text, struct slice *site)
{
    *site = slice_of(text);
    if (site_valid(*site))
        return true;
    complain("\"%s\" is no site id: 1 to %d of A-Z a-z 0-9 . _ -, but not . or ..", text,
             SITE_MAX);
    return false;
}

enum command_exit site_argument(int argc, char **argv, int rest, struct slice *site)
{
    if (argc - rest != 1) {
        complain("%s takes one SITE; see `headcount %s --help`", argv[0], argv[0]);
        return EXIT_USAGE;
    }
    return site_check(argv[rest], site) ? EXIT_FINE : EXIT_USAGE;
}

/* EVAL script 1 hc:{S}:m hc:{S}:b: hc:{S}:r minutes */
void site_read_ask(redisContext *c, struct slice site, unsigned minutes)
{
    struct key_name meta = key_meta(site), recent = key_recent(site);
    struct key_name rows = key_minute(site, 0); /* its last byte is the minute */
    char wanted[16];
    const char *argv[] = {"EVAL", snapshot_lua, "1", meta.s, rows.s, recent.s, wanted};
    size_t n = (size_t)snprintf(wanted, sizeof wanted, "%u", minutes);
    size_t lens[] = {4, strlen(snapshot_lua), 1, meta.n, rows.n - 1, recent.n, n};

    redisAppendCommandArgv(c, 7, argv, lens);
}

/* Returns 0, or -1 when the reply is no list of strings. */
static int flatten(struct site_read *r)
{
    if (r->reply->type != REDIS_REPLY_ARRAY)
        return -1;
    r->flat = calloc(r->reply->elements + 1, sizeof *r->flat);
    if (r->flat == NULL)
        return -1;
    for (size_t i = 0; i < r->reply->elements; i++) {
        const redisReply *e = r->reply->element[i];

        if (e->type != REDIS_REPLY_STRING)
            return -1;
        r->flat[i] = (struct slice){e->str, e->len};
    }
    return 0;
}

static void release(struct site_read *r)
{
    free(r->flat);
    if (r->reply)
        freeReplyObject(r->reply);
}

int site_read_take(struct site_read *r, struct slice site, unsigned minutes,
                   redisReply *reply, char *err, size_t err_n)
{
    *r = (struct site_read){.site = site, .reply = reply};
    if (reply->type == REDIS_REPLY_ERROR)
        snprintf(err, err_n, "%s", reply->str);
    else if (flatten(r) < 0 ||
             summary_parse(&r->summary, r->flat, reply->elements, minutes) < 0)
        snprintf(err, err_n, "what lies at its keys was not written by headcount");
    else
        return 0;
    release(r);
    return -1;
}

/* Returns 0, or -1 with a sentence in @err. */
static int read_summary(struct site_read *r, redisContext *c, struct slice site,
                        unsigned minutes, char *err, size_t err_n)
{
    void *reply;

    site_read_ask(c, site, minutes);
    if (redisGetReply(c, &reply) == REDIS_OK)
        return site_read_take(r, site, minutes, reply, err, err_n);
    snprintf(err, err_n, "%s", c->errstr);
    return -1;
}

enum command_exit site_read(struct site_read *r, const struct dial_opts *opts,
                            struct slice site, unsigned minutes)
{
    struct redis_addr addr;
    char err[512], at[512];
    redisContext *c;
    int rc;

    if (dial_address(&addr, opts) < 0)
        return EXIT_USAGE;
    c = dial_open(&addr, err, sizeof err);
    rc = c ? read_summary(r, c, site, minutes, err, sizeof err) : -1;
    if (c)
        redisFree(c);
    if (rc == 0)
        return EXIT_FINE;
    redis_addr_text(&addr, at, sizeof at);
    complain("cannot read site %.*s from %s: %s", (int)site.n, site.p, at, err);
    return EXIT_UNREACHABLE;
}

void site_read_fini(struct site_read *r)
{
    summary_fini(&r->summary);
    release(r);
}

enum command_exit site_unknown(const struct site_read *r)
{
    complain("nothing is known of site %.*s: no beacon came within its memory",
             (int)r->site.n, r->site.p);
    return EXIT_NO;
}
