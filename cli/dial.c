/* AUTH and SELECT are checked before the connection is handed out, so that whoever uses
 * it only meets answers to his own questions. */
#include "dial.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "command.h"

static struct timeval timeval_of(int ms)
{
    return (struct timeval){ms / 1000, ms % 1000 * 1000};
}

/* No program that we run gets it: it is logged in. */
static redisContext *connect_to(const struct redis_addr *a)
{
    struct timeval deadline = timeval_of(DIAL_DEADLINE_MS);
    redisContext *c = a->is_unix ? redisConnectUnixWithTimeout(a->host, deadline)
                                 : redisConnectWithTimeout(a->host, a->port, deadline);

    if (c && !c->err)
        fcntl(c->fd, F_SETFD, FD_CLOEXEC);
    return c;
}

/* One command that must be answered by anything but an error. */
static int must(redisContext *c, int argc, const char **argv, char *err, size_t err_n)
{
    redisReply *reply = redisCommandArgv(c, argc, argv, NULL);
    int rc = reply && reply->type != REDIS_REPLY_ERROR ? 0 : -1;

    if (rc < 0)
        snprintf(err, err_n, "%s: %s", argv[0], reply ? reply->str : c->errstr);
    if (reply)
        freeReplyObject(reply);
    return rc;
}

static int log_in(redisContext *c, const struct redis_addr *a, char *err, size_t err_n)
{
    const char *with_user[] = {"AUTH", a->user, a->password};
    const char *without[] = {"AUTH", a->password};

    if (!*a->password)
        return 0;
    if (*a->user)
        return must(c, 3, with_user, err, err_n);
    return must(c, 2, without, err, err_n);
}

static int select_db(redisContext *c, const struct redis_addr *a, char *err, size_t err_n)
{
    char db[16];
    const char *select[] = {"SELECT", db};

    snprintf(db, sizeof db, "%d", a->db);
    return a->db == 0 ? 0 : must(c, 2, select, err, err_n);
}

int dial_address(struct redis_addr *addr, const struct dial_opts *opts)
{
    char err[256];

    if (redis_addr_parse(addr, opts->redis, err, sizeof err) < 0 ||
        (opts->auth_file &&
         redis_addr_auth_file(addr, opts->auth_file, err, sizeof err) < 0)) {
        complain("%s", err);
        return -1;
    }
    return 0;
}

redisContext *dial_open(const struct redis_addr *addr, char *err, size_t err_n)
{
    redisContext *c = connect_to(addr);

    if (c == NULL) {
        snprintf(err, err_n, "out of memory");
        return NULL;
    }
    if (c->err)
        snprintf(err, err_n, "%s", c->errstr);
    else if (redisSetTimeout(c, timeval_of(REPLY_DEADLINE_MS)) == REDIS_OK &&
             log_in(c, addr, err, err_n) == 0 && select_db(c, addr, err, err_n) == 0)
        return c;
    redisFree(c);
    return NULL;
}
