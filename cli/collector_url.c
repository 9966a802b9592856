/* Only what can go into a request head as it stands: visible ASCII without quotes. */
#include "collector_url.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_clean(const char *s)
{
    for (; *s; s++)
        if (*s <= ' ' || *s >= 0x7f || strchr("\"<>\\^`{|}?#", *s))
            return false;
    return true;
}

/* Copies @n bytes; false when they do not fit. */
static bool copy(char *out, size_t out_n, const char *s, size_t n)
{
    if (n >= out_n)
        return false;
    memcpy(out, s, n);
    out[n] = '\0';
    return true;
}

static bool is_port(const char *s)
{
    size_t n = strlen(s);
    long v = strtol(s, NULL, 10);

    return n > 0 && n <= 5 && strspn(s, "0123456789") == n && v >= 1 && v <= 65535;
}

/* host:port, [::1]:port, or either without port. */
static bool split_authority(struct collector_url *u)
{
    const char *a = u->authority, *host = a, *end;

    if (*a == '[') {
        host = a + 1;
        end = strchr(host, ']');
        a = end ? end + 1 : a;
    } else {
        end = host + strcspn(host, ":");
        a = end;
    }
    if (end == NULL || end == host ||
        !copy(u->host, sizeof u->host, host, (size_t)(end - host)))
        return false;
    if (*a == '\0')
        return copy(u->port, sizeof u->port, "80", 2);
    return *a == ':' && is_port(a + 1) &&
           copy(u->port, sizeof u->port, a + 1, strlen(a + 1));
}

/* What stands behind http:// */
static bool split(struct collector_url *u, const char *rest)
{
    size_t host_n = strcspn(rest, "/"), n = strlen(rest);

    while (n > host_n && rest[n - 1] == '/')
        n--;
    return copy(u->authority, sizeof u->authority, rest, host_n) && split_authority(u) &&
           copy(u->base, sizeof u->base, rest + host_n, n - host_n);
}

int collector_url_parse(struct collector_url *u, const char *text, char *err,
                        size_t err_n)
{
    if (strncmp(text, "https://", 8) == 0) {
        snprintf(err, err_n,
                 "--collector speaks http only: give the collector behind the proxy");
        return -1;
    }
    if (strncmp(text, "http://", 7) == 0 && is_clean(text) && !strchr(text, '@') &&
        split(u, text + 7))
        return 0;
    snprintf(err, err_n, "--collector \"%s\" is not http://HOST[:PORT][/BASE]", text);
    return -1;
}
