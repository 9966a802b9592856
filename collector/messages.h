/* messages: lines that services send into a site's feed, and queries: what a program
 * asked of its database, and how long it took. */
#ifndef HC_MESSAGES_H
#define HC_MESSAGES_H

#include "../proto/hit.h"
#include "../proto/limits.h"
#include "exchange.h"

struct posted {
    const char *error; /* why it cannot be sent, or NULL: a literal */
    uint32_t ms;       /* of a query; <= ENGAGED_MAX_MS */
    uint8_t kind;      /* HIT_MESSAGE or HIT_QUERY */
    uint16_t text_n, name_n;
    char text[PATH_MAX_BYTES];
    char name[EVENT_NAME_MAX];
};

/* Reads a body: {"text":...,"name":...,"kind":...,"ms":...} when @type, its Content-Type,
 * is JSON, or is neither JSON nor text/plain and the body begins with a brace; else it is
 * the text of a message. */
void messages_parse(struct posted *m, struct slice type, struct slice body);

/* The same of a text and a name that are there already. */
void messages_set(struct posted *m, struct slice text, struct slice name);

/* The same of a query that took @ms, a decimal number whose fraction is cut off. Its text
 * is put into one line; errors are "no_text" and "bad_ms". */
void messages_set_query(struct posted *m, struct slice text, struct slice name,
                        struct slice ms);

/* An access_act: sends the `struct posted` on its way, unless it is wrong. */
const char *messages_deliver(struct worker *w, struct slice site, const void *wish);

/* POST /sites/:id/messages, for tokens of scope send. */
enum handled messages_post(struct exchange *x);

#endif
