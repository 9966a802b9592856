/* Two generations of the widget ask for the same address. The second is given all of it;
 * the first, known by its baseUrl, a loader, and the rest from there. Both end in the
 * same call, and texts of the query go into it as JSON alone. */
#include "liveuser_script.h"

#include "../../proto/hit.h"
#include "../../proto/json.h"
#include "../query.h"
#include "../worker.h"

extern const char liveuser_js[]; /* web/liveuser.js, with a NUL behind it */

#define HEADERS HEADER_OPEN HEADER_NO_SNIFF HEADER_EMBED "Cache-Control: no-cache\r\n"
#define TYPE "application/javascript; charset=utf-8"

#define DELAY_DEFAULT 3000
#define DELAY_MAX 86400000 /* ms; beyond 2^31 a browser's timer does not wait at all */

/* The library is loaded by address alone: no other scheme runs as a script. */
#define LOADER_BEGIN                                                     \
    "(config => {\n"                                                     \
    "  const script = document.createElement('script');\n"               \
    "  const base = config.baseUrl.replace(/\\/*$/, '/');\n"             \
    "  script.src = new URL('init-liveuser.js', base);\n"                \
    "  script.onload = () => LiveUser.initializeLiveUser(config);\n"     \
    "  if (/^https?:/.test(script.src)) document.head.append(script);\n" \
    "})("

static struct slice find(struct slice query, struct slice name,
                         char text[HTTP_REQUEST_LINE_MAX])
{
    return query_find(query, name, text, HTTP_REQUEST_LINE_MAX);
}

/* A member of the same name as the parameter. An empty one is as good as none. */
static void put_text(struct json *j, struct slice query, const char *name,
                     struct slice otherwise)
{
    char text[HTTP_REQUEST_LINE_MAX];
    struct slice value = find(query, slice_of(name), text);

    json_key(j, name);
    json_slice(j, value.n ? value : otherwise);
}

static void put_flag(struct json *j, struct slice query, const char *name)
{
    char text[HTTP_REQUEST_LINE_MAX];

    json_key(j, name);
    json_bool(j, slice_eq(find(query, slice_of(name), text), SLICE("true")));
}

/* As parseInt reads it: digits, and whatever behind them. */
static uint64_t delay_of(struct slice text)
{
    uint64_t ms = 0;

    for (size_t i = 0; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        if (ms <= DELAY_MAX)
            ms = ms * 10 + (uint64_t)(text.p[i] - '0');
    if (ms == 0)
        return DELAY_DEFAULT;
    return ms < DELAY_MAX ? ms : DELAY_MAX;
}

static void put_server(struct json *j, const struct liveuser_wish *wish)
{
    struct buf address;

    buf_init(&address, HTTP_HEAD_MAX);
    if (wish->host.n > 0) {
        buf_str(&address, "ws://");
        buf_slice(&address, wish->host);
        buf_slice(&address, wish->prefix);
        buf_str(&address, "/");
    }
    put_text(j, wish->query, "serverUrl", buf_get(&address));
    buf_fini(&address);
}

bool liveuser_config(struct buf *out, const struct liveuser_wish *wish)
{
    struct slice query = wish->query, base;
    char text[HTTP_REQUEST_LINE_MAX];
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    put_text(&j, query, "siteId", wish->site.n ? wish->site : SLICE("default-site"));
    put_server(&j, wish);
    put_text(&j, query, "displayElementId", SLICE("liveuser"));
    put_text(&j, query, "totalCountElementId", SLICE("liveuser_totalvisits"));
    put_flag(&j, query, "enableTotalCount");
    json_key(&j, "reconnectDelay");
    json_u64(&j, delay_of(find(query, SLICE("reconnectDelay"), text)));
    put_flag(&j, query, "debug");
    base = find(query, SLICE("baseUrl"), text);
    if (base.n > 0)
        put_text(&j, query, "baseUrl", base);
    if (wish->root) {
        json_key(&j, "root");
        json_bool(&j, true);
    }
    json_end(&j);
    return base.n > 0;
}

static enum handled answer(struct exchange *x, struct slice body)
{
    exchange_reply(x, &(struct reply){
                          .status = 200, .type = TYPE, .headers = HEADERS, .body = body});
    return ANSWERED;
}

static struct slice widget(void)
{
    return slice_of(liveuser_js);
}

static enum handled answer_with(struct exchange *x, const struct liveuser_wish *wish)
{
    struct buf *out = &x->worker->answer, config;
    bool loads;

    buf_init(&config, ANSWER_MAX / 2);
    loads = liveuser_config(&config, wish);
    buf_clear(out);
    buf_slice(out, loads ? SLICE(LOADER_BEGIN) : widget());
    if (!loads)
        buf_str(out, "LiveUser.initializeLiveUser(");
    buf_slice(out, buf_get(&config));
    buf_str(out, ");\n");
    buf_fini(&config);
    return answer(x, buf_get(out));
}

static struct liveuser_wish wish_of(const struct exchange *x)
{
    return (struct liveuser_wish){
        .query = x->request->query, .host = x->request->host, .prefix = x->at.prefix};
}

enum handled liveuser_script(struct exchange *x)
{
    const struct liveuser_wish wish = wish_of(x);

    return answer_with(x, &wish);
}

enum handled liveuser_library(struct exchange *x)
{
    return answer(x, widget());
}

/* The page's host is the site, unless the query names another. */
enum handled liveuser_main(struct exchange *x)
{
    struct liveuser_wish wish = wish_of(x);
    char host[REFERRER_MAX];

    wish.root = true;
    wish.site = host_normalize(x->request->referer, host);
    return answer_with(x, &wish);
}
