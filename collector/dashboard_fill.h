/* dashboard_fill: a page's template, and what is put at its marks. Pure.
 *
 * A mark is a comment, so that the template is a whole page by itself:
 *
 *   <!--hc:title-->    text, in <title>
 *   <!--hc:online-->   text
 *   <!--hc:data-->     JSON, in <script type="application/json">
 *
 * Each may stand any number of times; other comments stay. */
#ifndef HC_DASHBOARD_FILL_H
#define HC_DASHBOARD_FILL_H

#include "../proto/buf.h"

struct dashboard_words {
    struct slice title, online; /* any text: it is escaped */
    struct slice data;          /* JSON: of it every < is written as \u003c, so that no
                                   text in it can end the element it stands in */
};

/* Appends the page to @out. */
void dashboard_fill(struct buf *out, struct slice template,
                    const struct dashboard_words *w);

#endif
