/* agents: User-Agents that there are, and some that nobody has, with what they are. */
#ifndef HC_TESTS_AGENTS_H
#define HC_TESTS_AGENTS_H

#include "../proto/hit.h"

#define WEBKIT "AppleWebKit/537.36 (KHTML, like Gecko) "
#define APPLE "AppleWebKit/605.1.15 (KHTML, like Gecko) "

static const struct {
    const char *text;
    enum hit_device device;
    enum hit_browser browser;
} agents[] = {
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " WEBKIT "Chrome/120.0.0.0 Safari/537.36",
     DEVICE_DESKTOP, BROWSER_CHROME},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " WEBKIT
     "Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91",
     DEVICE_DESKTOP, BROWSER_EDGE},
    {"Mozilla/5.0 (Windows NT 10.0) " WEBKIT "Chrome/64.0 Safari/537.36 Edge/17.17134",
     DEVICE_DESKTOP, BROWSER_EDGE},
    {"Mozilla/5.0 (Linux; Android 10; K) " WEBKIT
     "Chrome/120.0.0.0 Mobile Safari/537.36 EdgA/120.0",
     DEVICE_MOBILE, BROWSER_EDGE},
    {"Mozilla/5.0 (X11; Linux x86_64) " WEBKIT
     "Chrome/120.0.0.0 Safari/537.36 OPR/106.0.0.0",
     DEVICE_DESKTOP, BROWSER_OPERA},
    {"Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18", DEVICE_DESKTOP,
     BROWSER_OPERA},
    {"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S918B) " WEBKIT
     "SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
     DEVICE_MOBILE, BROWSER_SAMSUNG},
    {"Mozilla/5.0 (Linux; Android 10; K) " WEBKIT "Chrome/120.0.0.0 Mobile Safari/537.36",
     DEVICE_MOBILE, BROWSER_CHROME},
    {"Mozilla/5.0 (Linux; Android 12; SM-X906C) " WEBKIT "Chrome/120.0.0.0 Safari/537.36",
     DEVICE_TABLET, BROWSER_CHROME},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) " APPLE
     "Version/17.1 Mobile/15E148 Safari/604.1",
     DEVICE_MOBILE, BROWSER_SAFARI},
    {"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) " APPLE
     "Version/16.6 Mobile/15E148 Safari/604.1",
     DEVICE_TABLET, BROWSER_SAFARI},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) " APPLE
     "CriOS/120.0.6099.50 Mobile/15E148 Safari/604.1",
     DEVICE_MOBILE, BROWSER_CHROME},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) " APPLE
     "FxiOS/120.0 Mobile/15E148 Safari/605.1.15",
     DEVICE_MOBILE, BROWSER_FIREFOX},
    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " APPLE
     "Version/17.1 Safari/605.1.15",
     DEVICE_DESKTOP, BROWSER_SAFARI},
    {"Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
     DEVICE_DESKTOP, BROWSER_FIREFOX},
    {"Mozilla/5.0 (Android 14; Mobile; rv:121.0) Gecko/121.0 Firefox/121.0",
     DEVICE_MOBILE, BROWSER_FIREFOX},
    {"Mozilla/5.0 (Android 14; Tablet; rv:121.0) Gecko/121.0 Firefox/121.0",
     DEVICE_TABLET, BROWSER_FIREFOX},
    {"Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0 "
     "SeaMonkey/2.53.17",
     DEVICE_DESKTOP, BROWSER_OTHER},
    {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " WEBKIT "Chrome/120.0.0.0 Safari/537.36",
     DEVICE_DESKTOP, BROWSER_CHROME},
    {"Mozilla/5.0 (Linux; U; Android 4.0.3; xx) AppleWebKit/534.30 (KHTML, like Gecko) "
     "Version/4.0 Mobile Safari/534.30",
     DEVICE_MOBILE, BROWSER_OTHER},
    {"Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)", DEVICE_DESKTOP,
     BROWSER_OTHER},
    {"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) " WEBKIT
     "SamsungBrowser/4.0 Chrome/76.0 TV Safari/537.36",
     DEVICE_OTHER, BROWSER_SAMSUNG},
    {"Mozilla/5.0 (PlayStation; PlayStation 5/2.26) " APPLE
     "Version/13.0 Safari/605.1.15",
     DEVICE_OTHER, BROWSER_SAFARI},
    {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
     DEVICE_OTHER, BROWSER_OTHER},
    {"curl/8.5.0", DEVICE_OTHER, BROWSER_OTHER},
    {"Mozilla/5.0", DEVICE_OTHER, BROWSER_OTHER},
    {"x", DEVICE_OTHER, BROWSER_OTHER},
    {" ", DEVICE_OTHER, BROWSER_OTHER},
    {"((( ( (", DEVICE_OTHER, BROWSER_OTHER},
    {"\xff\x80 \x01[ ^ ~ {", DEVICE_OTHER, BROWSER_OTHER},
    {"NotChrome/1 xFirefox/2 -Android", DEVICE_OTHER, BROWSER_OTHER},
    {"", DEVICE_NONE, BROWSER_NONE},
};

#define AGENTS (sizeof agents / sizeof *agents)

#endif
