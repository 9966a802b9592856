/* feed_command: what a line sent to the feed port asks for.
 *
 *   watch SITE [TOKEN] [json]
 *   send SITE TOKEN TEXT...
 *   query SITE TOKEN MS TEXT...
 *   help
 *   quit
 *
 * Words are parted by blanks and tabs; TEXT is the rest of the line. Pure. */
#ifndef HC_FEED_COMMAND_H
#define HC_FEED_COMMAND_H

#include "../proto/slice.h"

enum feed_verb {
    FEED_NOTHING, /* an empty line */
    FEED_WATCH,
    FEED_SEND,
    FEED_QUERY,
    FEED_HELP,
    FEED_QUIT,
    FEED_UNKNOWN,
};

/* Texts point into the line and are as sent: empty when they are not there. */
struct feed_command {
    enum feed_verb verb;
    struct slice site, token;
    struct slice ms;   /* of query: how long it took */
    struct slice text; /* of send and query */
    bool json;         /* of watch */
};

/* A word too many makes it unknown. */
struct feed_command feed_command_parse(struct slice line);

#endif
