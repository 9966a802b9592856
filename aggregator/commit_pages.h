/* commit_pages: the operations that tell who is on which page, and which page has which
 * id. Pure.
 *
 * As those of commit_ops; what begins with an id gives back the one to go on with. */
#ifndef HC_COMMIT_PAGES_H
#define HC_COMMIT_PAGES_H

#include "command.h"
#include "site.h"

/* The fields of those pages from id @from on that are in flight for @slot: HSET where
 * visitors are, HDEL where none are any more, which a staged row does not have. Stops at
 * @room bytes of text or what one HSET takes. Returns the id to go on with. */
size_t op_row_pages(struct command *c, const struct site *s, unsigned slot, size_t from,
                    size_t room, bool staged);

/* The same for who has a page open now, of the pages whose number is in flight; and, with
 * the last of them, what op_online writes, if anybody is there. */
size_t op_online_pages(struct command *c, const struct site *s, size_t from, size_t room,
                       bool staged);

/* Whether nobody is online. */
bool op_is_nobody(const struct site *s);

/* How many are online, in which states and how many tabs. */
void op_online(struct command *c, const struct site *s, bool staged);

/* Tells Redis the ids of pages that it does not know, up to @room bytes of text. Returns
 * whether it knows all of them then. */
bool op_page_ids(struct command *c, struct site *s, size_t room, bool staged);

/* And who is online, for ONLINE_TTL_S from now on. */
void op_expire_online(struct command *c, const struct site *s, bool staged);

void op_expire_pages(struct command *c, const struct site *s);

#endif
