/* messages: lines that services send into a site's feed. */
#ifndef HC_MESSAGES_H
#define HC_MESSAGES_H

#include "../proto/hit.h"
#include "../proto/limits.h"
#include "exchange.h"

struct posted {
    const char *error; /* why it cannot be sent, or NULL */
    uint16_t text_n, name_n;
    char text[PATH_MAX_BYTES];
    char name[EVENT_NAME_MAX];
};

/* Reads a body: {"text":...,"name":...} when @type, its Content-Type, is JSON, or is
 * neither JSON nor text/plain and the body begins with a brace; else it is the text. */
void messages_parse(struct posted *m, struct slice type, struct slice body);

/* The same of a text and a name that are there already. */
void messages_set(struct posted *m, struct slice text, struct slice name);

/* An access_act: sends the `struct posted` on its way, unless it is wrong. */
const char *messages_deliver(struct worker *w, struct slice site, const void *wish);

/* POST /sites/:id/messages, for tokens of scope send. */
enum handled messages_post(struct exchange *x);

#endif
