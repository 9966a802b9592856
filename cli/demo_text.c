/* Pages are told by their whole address, so that the collector knows the shop's own host
 * from those that visitors came from. Each visitor has an id, because all of them have
 * the address of this machine. */
#include "demo_text.h"

#include <ctype.h>
#include <inttypes.h>

/* All but the unreserved bytes is escaped (RFC 3986, 2.3). */
static void put_value(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~", *text))
            buf_add(out, text, 1);
        else
            buf_printf(out, "%%%02X", (unsigned char)*text);
    }
}

static void put_page(struct buf *out, const char *name, const char *path,
                     const char *query)
{
    buf_str(out, name);
    put_value(out, SHOP_ORIGIN);
    put_value(out, path);
    put_value(out, query);
}

/* What only a view tells. */
static void put_view(struct buf *out, const struct demo_beacon *b)
{
    buf_str(out, "&t=");
    put_value(out, shop_page(b->page)->title);
    put_value(out, " \xe2\x80\x93 " SHOP_NAME); /* an en dash */
    if (b->from) {
        put_page(out, "&r=", b->from, "");
    } else if (b->referrer) {
        buf_str(out, "&r=");
        put_value(out, b->referrer);
    }
}

void demo_query(const struct demo_beacon *b, struct slice site, struct buf *out)
{
    buf_printf(out, "i=%.*s&k=%c&a=%c&u=%016" PRIx64 "&v=%016" PRIx64 ".%u&d=%" PRId64,
               (int)site.n, site.p, b->kind, b->state, b->who, b->who, b->view,
               b->engaged);
    put_page(out, "&p=", shop_page(b->page)->path, b->query);
    if (b->kind == 'v')
        put_view(out, b);
    if (b->event) {
        buf_str(out, "&e=");
        put_value(out, b->event);
    }
}

void demo_headers(const struct demo_beacon *b, struct buf *out)
{
    buf_printf(out, "User-Agent: %s\r\nCF-IPCountry: %s\r\n", b->agent, b->country);
}
