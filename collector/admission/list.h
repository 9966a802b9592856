/* list: a text file of one item a line, and what is wrong with one.
 *
 *    # what begins so is a comment; blanks around an item do not count
 *    item
 *
 * Reading a file is apart from reading its text, which is pure. */
#ifndef HC_LIST_H
#define HC_LIST_H

#include "../../proto/limits.h"
#include "../../proto/slice.h"

struct list {
    struct slice rest;
    unsigned line;    /* of the item at hand, from 1 */
    const char *name; /* for messages: the option and the file */
};

/* Reads all of @path, a regular file of at most LIST_FILE_MAX bytes. Returns its bytes,
 * to be freed, and how many in *@n; or NULL, with one sentence in @err that begins with
 * @option. */
char *list_read(const char *option, const char *path, size_t *n, char *err, size_t err_n);

void list_init(struct list *l, struct slice text, const char *name);

/* The next item, which lies in the text and is not empty. Returns 1, 0 at the end, or -1
 * with a sentence that names the line in @err: the item has more than LIST_ITEM_MAX
 * bytes, or some that are no printable ASCII. */
int list_next(struct list *l, struct slice *item, char *err, size_t err_n);

/* Writes "NAME, line 7: @why" into @err. Returns -1. */
int list_explain(const struct list *l, const char *why, char *err, size_t err_n);

#endif
