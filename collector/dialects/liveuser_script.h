/* liveuser_script: LiveUser's widget, with what the page asked for written into it. */
#ifndef HC_DIALECTS_LIVEUSER_SCRIPT_H
#define HC_DIALECTS_LIVEUSER_SCRIPT_H

#include "../../proto/buf.h"
#include "../exchange.h"

/* What the page asks for in the query:
 *
 *   siteId               default-site
 *   serverUrl            ws://HOST/, where HOST was asked for the script
 *   displayElementId     liveuser
 *   totalCountElementId  liveuser_totalvisits
 *   enableTotalCount     false, unless it is "true"
 *   reconnectDelay       3000 ms; at least 1, at most a day
 *   debug                false, unless it is "true"
 *   baseUrl              none */
struct liveuser_wish {
    struct slice query;
    struct slice host, prefix; /* of the default of serverUrl; both may be empty */
    struct slice site;         /* another default of siteId, or empty */
    bool root; /* the connection is to the server's root, and the site is said there */
};

/* Appends it as JSON that may stand in a script. Returns whether there is a baseUrl. */
bool liveuser_config(struct buf *out, const struct liveuser_wish *wish);

/* GET /liveuser.js: the widget, which begins at once; with baseUrl a loader that takes it
 * from BASEURL/init-liveuser.js. */
enum handled liveuser_script(struct exchange *x);

/* GET /init-liveuser.js: the widget, which waits to be called. */
enum handled liveuser_library(struct exchange *x);

/* GET /main.js: the widget as its ancestor in Go has it: by the root, and of the site
 * that the page's host names. */
enum handled liveuser_main(struct exchange *x);

#endif
