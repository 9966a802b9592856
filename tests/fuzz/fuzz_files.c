/* What stands in the files and the addresses of an operator: the secret, the credentials
 * of Redis, lists, HOST:PORT and the address of a Redis. What is refused is refused in
 * one line of text, and what is taken keeps its bounds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../collector/admission/list.h"
#include "../../proto/hostport.h"
#include "../../proto/redis_addr.h"
#include "../../proto/secret.h"

#define TEXT_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static void check_why(const char *why, size_t room, const char *names)
{
    must(memchr(why, '\0', room) != NULL && strchr(why, '\n') == NULL);
    must(strstr(why, names) != NULL);
}

/* Two that are the same give the same keys; which they are nobody can tell here. */
static void check_secret(struct slice text)
{
    struct secret s, again;
    char why[256];

    if (secret_parse(&s, text, "FILE", why, sizeof why) < 0) {
        check_why(why, sizeof why, "--secret-file");
        return;
    }
    must(s.n >= 1 && s.n <= SECRETS_MAX && text.n >= SECRET_FILE_MIN);
    must(secret_parse(&again, text, "FILE", why, sizeof why) == 0 && again.n == s.n);
    must(memcmp(&again.v[0].up, &s.v[0].up, sizeof s.v[0].up) == 0);
    secret_day_key(&s, 20000);
    secret_tab_key(&s, -1);
}

static void check_list(struct slice text)
{
    struct list l;
    struct slice item;
    char why[256];
    int got;

    list_init(&l, text, "FILE");
    while ((got = list_next(&l, &item, why, sizeof why)) > 0) {
        must(item.n > 0 && item.n <= LIST_ITEM_MAX);
        must(item.p >= text.p && item.p + item.n <= text.p + text.n);
        must(*item.p != ' ' && *item.p != '#' && item.p[item.n - 1] != ' ');
    }
    if (got < 0)
        check_why(why, sizeof why, "FILE");
}

/* As it is written for the log it is the same. */
static void check_addr(const char *text)
{
    struct redis_addr a, again;
    char why[512], out[REDIS_ADDR_TEXT_MAX];

    if (redis_addr_parse(&a, text, why, sizeof why) < 0) {
        must(memchr(why, '\0', sizeof why) != NULL);
        return;
    }
    must(a.password[0] == '\0' && memchr(a.host, '\0', sizeof a.host));
    redis_addr_text(&a, out, sizeof out);
    must(redis_addr_parse(&again, out, why, sizeof why) == 0);
    must(again.is_unix == a.is_unix && strcmp(again.host, a.host) == 0);
    must(again.port == a.port && again.db == a.db);
}

static void check_hostport(const char *text)
{
    struct hostport hp;
    char why[512];

    if (hostport_parse(&hp, text, "--listen", why, sizeof why) < 0) {
        must(strncmp(why, "--listen", 8) == 0);
        return;
    }
    must(memchr(hp.host, '\0', sizeof hp.host) && memchr(hp.port, '\0', sizeof hp.port));
    must(atol(hp.port) >= 0 && atol(hp.port) <= 65535);
}

static void check_auth(struct slice text)
{
    struct redis_addr a = {0};
    char path[64], why[512];
    int fd = memfd_create("auth", 0);

    must(fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (redis_addr_auth_file(&a, path, why, sizeof why) < 0)
        check_why(why, sizeof why, "--redis-auth-file");
    must(memchr(a.user, '\0', sizeof a.user) != NULL);
    must(memchr(a.password, '\0', sizeof a.password) != NULL);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    char *string;

    if (size > TEXT_MAX)
        return 0;
    string = strndup(size > 0 ? text.p : "", size);
    must(string != NULL);
    check_secret(text);
    check_list(text);
    check_addr(string);
    check_hostport(string);
    check_auth(text);
    free(string);
    return 0;
}
