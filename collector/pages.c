/* The policy lets a page load scripts, styles and images from here only, and nobody frame
 * it: even a text that slipped through unescaped could not run. */
#include "pages.h"

#define PAGE_HEADERS                                                                     \
    HEADER_NO_SNIFF                                                                      \
    "Cache-Control: no-cache\r\n"                                                        \
    "Referrer-Policy: same-origin\r\n"                                                   \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; " \
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "          \
    "frame-ancestors 'none'\r\n"

extern const char demo_html[], demo_html_end[];
extern const char demo_js[], demo_js_end[];
extern const char demo_css[], demo_css_end[];
extern const char icon_svg[], icon_svg_end[];

static enum handled answer(struct exchange *x, const char *type, const char *from,
                           const char *to)
{
    exchange_reply(x, &(struct reply){.status = 200,
                                      .type = type,
                                      .headers = PAGE_HEADERS,
                                      .body = {from, (size_t)(to - from)}});
    return ANSWERED;
}

enum handled pages_home(struct exchange *x)
{
    exchange_reply(x, &(struct reply){.status = 302, .headers = "Location: /demo\r\n"});
    return ANSWERED;
}

enum handled pages_demo(struct exchange *x)
{
    return answer(x, "text/html; charset=utf-8", demo_html, demo_html_end);
}

enum handled pages_demo_js(struct exchange *x)
{
    return answer(x, "text/javascript; charset=utf-8", demo_js, demo_js_end);
}

enum handled pages_demo_css(struct exchange *x)
{
    return answer(x, "text/css; charset=utf-8", demo_css, demo_css_end);
}

enum handled pages_icon(struct exchange *x)
{
    return answer(x, "image/svg+xml", icon_svg, icon_svg_end);
}

enum handled pages_robots(struct exchange *x)
{
    static const char text[] = "User-agent: *\nDisallow: /\n";

    return answer(x, "text/plain", text, text + sizeof text - 1);
}
