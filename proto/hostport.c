/* The port is what follows the last colon; an IPv6 address needs brackets, because
 * without them "::1:80" could be read in two ways. */
#include "hostport.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_port(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n <= 5 && strspn(s, "0123456789") == n && atoi(s) <= 65535;
}

static bool split(struct hostport *hp, const char *text)
{
    const char *colon = strrchr(text, ':');
    size_t n;

    if (colon == NULL || !is_port(colon + 1))
        return false;
    n = (size_t)(colon - text);
    if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    } else if (memchr(text, ':', n)) {
        return false;
    }
    if (n == 0 || n >= sizeof hp->host)
        return false;
    memcpy(hp->host, text, n);
    hp->host[n] = '\0';
    strcpy(hp->port, colon + 1);
    return true;
}

int hostport_parse(struct hostport *hp, const char *text, const char *option, char *err,
                   size_t err_n)
{
    if (split(hp, text))
        return 0;
    snprintf(err, err_n, "%s %s: give HOST:PORT or [IPV6]:PORT", option, text);
    return -1;
}
