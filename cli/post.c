/* The token is in the request and nowhere else: not in an address, which proxies log, and
 * not among the arguments, which everybody on the machine may see. */
#include "post.h"

#include "../proto/json.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool post_token(struct slice text, char token[POST_TOKEN_MAX + 1])
{
    const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;

    if (end)
        text.n = (size_t)(end - text.p);
    while (text.n > 0 && is_blank(text.p[text.n - 1]))
        text.n--;
    while (text.n > 0 && is_blank(text.p[0]))
        text = slice_skip(text, 1);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f)
            return false;
    if (text.n == 0 || text.n > POST_TOKEN_MAX)
        return false;
    memcpy(token, text.p, text.n);
    token[text.n] = '\0';
    return true;
}

static void write_body(const struct post *p, struct slice text, struct buf *out)
{
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "text");
    json_slice(&j, text);
    json_key(&j, "name");
    json_slice(&j, p->name);
    if (p->query_ms >= 0) {
        json_key(&j, "kind");
        json_str(&j, "query");
        json_key(&j, "ms");
        json_i64(&j, p->query_ms);
    }
    json_end(&j);
}

void post_request(const struct post *p, struct slice text, struct buf *out)
{
    struct buf body;

    buf_init(&body, POST_REQUEST_MAX);
    write_body(p, text, &body);
    buf_printf(out,
               "POST %s/sites/%.*s/messages HTTP/1.1\r\n"
               "Host: %s\r\n"
               "User-Agent: headcount/" HC_VERSION "\r\n"
               "Authorization: Bearer %s\r\n"
               "Content-Type: application/json\r\n"
               "Content-Length: %zu\r\n"
               "Connection: close\r\n"
               "\r\n",
               p->url->base, (int)p->site.n, p->site.p, p->url->authority, p->token,
               body.n);
    buf_slice(out, buf_get(&body));
    buf_fini(&body);
}

const char *post_meaning(int status)
{
    switch (status) {
    case 401:
        return "does not know the token";
    case 403:
        return "says that the token may not send";
    case 404:
        return "has no feed at this address";
    case 429:
        return "was sent too much in too short a time";
    case 503:
        return "cannot take messages now";
    default:
        return "did not take the message";
    }
}
