/* post: the request that puts one line, or one query, into a site's feed, and what its
 * answer means. Pure. */
#ifndef HC_POST_H
#define HC_POST_H

#include "../proto/buf.h"
#include "../proto/limits.h"
#include "collector_url.h"

#define POST_TOKEN_MAX 256 /* bytes; headcount's own have 46 */
#define POST_REQUEST_MAX (16 * 1024)

struct post {
    const struct collector_url *url;
    struct slice site;
    const char *token; /* visible ASCII */
    struct slice name; /* may be empty */
    long query_ms;     /* how long it took, of a query; -1: it is a message */
};

/* Cuts @text to what a token's file should hold: its first line without blanks at its
 * ends. Returns false when nothing is left, or what is left is no token. */
bool post_token(struct slice text, char token[POST_TOKEN_MAX + 1]);

/* Writes the request for @text, which the feed will carry as it stands. */
void post_request(const struct post *p, struct slice text, struct buf *out);

/* What the status means, for a sentence that goes on from "the collector": never NULL. */
const char *post_meaning(int status);

#endif
