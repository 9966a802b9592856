/* Each of them is read into a place of its own, and takes the old one's only when it is
 * whole. So a broken file at a start is an error, and at a reload no more than a line. */
#include "files.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "../proto/reload.h"
#include "admission/list.h"

#define ERR_MAX 512

extern const char bots_txt[], bots_txt_end[];
extern const char referrer_spam_txt[], referrer_spam_txt_end[];

static bool is_built_in(const char *name)
{
    return name && strcmp(name, "built-in") == 0;
}

static bool is_file(const char *name)
{
    return name && strcmp(name, "none") != 0 && !is_built_in(name);
}

/* ---- reading one ---- */

static int read_bots(struct files *f, const char *path, char *err, size_t err_n)
{
    char name[ERR_MAX];
    size_t n;
    char *text = list_read("--bots", path, &n, err, err_n);

    if (text == NULL)
        return -1;
    snprintf(name, sizeof name, "--bots %.300s", path);
    f->bots = words_new((struct slice){text, n}, name, err, err_n);
    free(text);
    return f->bots ? 0 : -1;
}

static int read_spam(struct files *f, const char *path, char *err, size_t err_n)
{
    char name[ERR_MAX];
    size_t n;
    char *text = list_read("--referrer-spam", path, &n, err, err_n);

    if (text == NULL)
        return -1;
    snprintf(name, sizeof name, "--referrer-spam %.300s", path);
    f->spam = domains_new((struct slice){text, n}, name, err, err_n);
    free(text);
    return f->spam ? 0 : -1;
}

static int read_geoip(struct files *f, const char *path, char *err, size_t err_n)
{
    f->geo = geo_open(path, err, err_n);
    return f->geo ? 0 : -1;
}

static int read_secret(struct files *f, const char *path, char *err, size_t err_n)
{
    return secret_read(&f->secret, path, err, err_n);
}

static int read_redis_auth(struct files *f, const char *path, char *err, size_t err_n)
{
    return redis_addr_auth_file(&f->redis, path, err, err_n);
}

/* ---- all of them ---- */

/* The lists are tested when they are built in. */
static void open_built_in(struct files *f, const struct file_names *names)
{
    struct slice bots = {bots_txt, (size_t)(bots_txt_end - bots_txt)};
    struct slice spam = {referrer_spam_txt,
                         (size_t)(referrer_spam_txt_end - referrer_spam_txt)};
    char err[ERR_MAX];

    if (is_built_in(names->bots)) {
        f->bots = words_new(bots, "deploy/data/bots.txt", err, sizeof err);
        assert(f->bots);
    }
    if (is_built_in(names->spam)) {
        f->spam = domains_new(spam, "deploy/data/referrer-spam.txt", err, sizeof err);
        assert(f->spam);
    }
}

int files_open(struct files *f, const struct file_names *names,
               const struct redis_addr *redis, char *err, size_t err_n)
{
    *f = (struct files){.redis = *redis};
    if (read_secret(f, names->secret, err, err_n) == 0 &&
        (!names->redis_auth || read_redis_auth(f, names->redis_auth, err, err_n) == 0) &&
        (!is_file(names->bots) || read_bots(f, names->bots, err, err_n) == 0) &&
        (!is_file(names->spam) || read_spam(f, names->spam, err, err_n) == 0) &&
        (!names->geoip || read_geoip(f, names->geoip, err, err_n) == 0)) {
        open_built_in(f, names);
        return 0;
    }
    files_drop(f);
    return -1;
}

/* Puts what @read makes of @path into @fresh, and says so. */
static bool renew(struct files *fresh, const char *option, const char *path,
                  int (*read)(struct files *f, const char *path, char *err, size_t err_n))
{
    char err[ERR_MAX];
    bool good;

    if (!is_file(path))
        return false;
    good = reload_check(option, path, err, sizeof err) == 0 &&
           read(fresh, path, err, sizeof err) == 0;
    reload_tell(option, path, good ? NULL : err);
    return good;
}

void files_reload(struct files *f, const struct file_names *names)
{
    struct files fresh = {.redis = f->redis}, old = {0};

    if (renew(&fresh, "secret-file", names->secret, read_secret))
        f->secret = fresh.secret;
    if (renew(&fresh, "redis-auth-file", names->redis_auth, read_redis_auth))
        f->redis = fresh.redis;
    if (renew(&fresh, "bots", names->bots, read_bots)) {
        old.bots = f->bots;
        f->bots = fresh.bots;
    }
    if (renew(&fresh, "referrer-spam", names->spam, read_spam)) {
        old.spam = f->spam;
        f->spam = fresh.spam;
    }
    if (renew(&fresh, "geoip", names->geoip, read_geoip)) {
        old.geo = f->geo;
        f->geo = fresh.geo;
    }
    files_drop(&old);
}

void files_hold(struct files *copy, const struct files *f)
{
    *copy = (struct files){.secret = f->secret,
                           .redis = f->redis,
                           .bots = words_hold(f->bots),
                           .spam = domains_hold(f->spam),
                           .geo = geo_hold(f->geo)};
}

void files_drop(struct files *f)
{
    words_drop(f->bots);
    domains_drop(f->spam);
    geo_close(f->geo);
    *f = (struct files){0};
}
