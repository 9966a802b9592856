/* renaming: texts that speak of names, made to speak of the names in use. */
#ifndef HC_RENAMING_H
#define HC_RENAMING_H

#include "../proto/buf.h"
#include "naming.h"

#define RENAMINGS 5

/* What to write instead of a default name. */
struct rename_rule {
    struct slice from, to;
    char text[NAMING_BASE_MAX + NAMING_NAME_MAX];
};

struct renaming {
    struct rename_rule v[RENAMINGS];
};

/* The names of @n, and @web for "@web@". Stays where it is. */
void renaming_init(struct renaming *r, const struct naming *n, struct slice web);

/* Writes @text with every name that is another now into @out. Returns whether there was
 * any. */
bool renaming_apply(const struct renaming *r, struct slice text, struct buf *out);

#endif
