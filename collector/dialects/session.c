/* A cookie that does not look as if it came from here is as good as none: its sender gets
 * a new one. */
#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* Takes what stands before the next @end off @s, and @end with it. */
static struct slice take_until(struct slice *s, char end)
{
    const char *at = s->n ? memchr(s->p, end, s->n) : NULL;
    struct slice taken = {s->p, at ? (size_t)(at - s->p) : s->n};

    *s = slice_skip(*s, taken.n + (at != NULL));
    return taken;
}

struct slice session_find(struct slice cookies, struct slice name)
{
    while (cookies.n > 0) {
        struct slice value = take_until(&cookies, ';');
        struct slice found = slice_trim(take_until(&value, '='));

        if (slice_eq(found, name))
            return slice_trim(value);
    }
    return (struct slice){0};
}

struct slice session_mint(char *out, ms_t now, const uint8_t random[SESSION_RANDOM])
{
    char text[SESSION_TEXT + 1]; /* with a NUL */
    size_t n = (size_t)snprintf(text, sizeof text, "%08x-", (uint32_t)(now / 1000));

    for (size_t i = 0; i < SESSION_RANDOM; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%02x", random[i]);
    memcpy(out, text, n);
    return (struct slice){out, n};
}

bool session_valid(struct slice value)
{
    if (value.n != SESSION_TEXT || value.p[8] != '-')
        return false;
    for (size_t i = 0; i < value.n; i++)
        if (i != 8 && !memchr("0123456789abcdef", value.p[i], 16))
            return false;
    return true;
}

ms_t session_minted(struct slice value)
{
    char seconds[9] = "";

    memcpy(seconds, value.p, 8);
    return (ms_t)strtoul(seconds, NULL, 16) * 1000;
}

bool session_young(struct slice value, ms_t now)
{
    ms_t age = now - session_minted(value);

    return age > -SESSION_YOUNG_MS && age < SESSION_YOUNG_MS;
}

bool session_is_foreign(struct slice origin, struct slice host)
{
    const char *scheme = origin.n ? memmem(origin.p, origin.n, "://", 3) : NULL;

    if (origin.n == 0)
        return false;
    if (scheme == NULL) /* "null": a sandbox, a file */
        return true;
    origin = slice_skip(origin, (size_t)(scheme - origin.p) + 3);
    return origin.n != host.n || strncasecmp(origin.p, host.p, host.n) != 0;
}
