/* pages: the files that are compiled in (collector/web), and /robots.txt. */
#ifndef HC_PAGES_H
#define HC_PAGES_H

#include "exchange.h"

enum handled pages_home(struct exchange *x); /* 302 to /demo */
enum handled pages_demo(struct exchange *x);
enum handled pages_demo_js(struct exchange *x);
enum handled pages_demo_css(struct exchange *x);
enum handled pages_icon(struct exchange *x);
enum handled pages_robots(struct exchange *x);

#endif
