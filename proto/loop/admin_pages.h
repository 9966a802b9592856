/* admin_pages: what the admin port answers. Part of admin; nothing else needs it. */
#ifndef HC_ADMIN_PAGES_H
#define HC_ADMIN_PAGES_H

#include "../admin_http.h"
#include "admin.h"

/* Appends the whole answer to @r. Returns its status. */
int admin_pages_answer(struct admin *a, const struct admin_request *r, struct buf *out);

#endif
