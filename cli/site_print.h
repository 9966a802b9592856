/* site_print: what `headcount site` shows of settings, for people and as JSON. */
#ifndef HC_SITE_PRINT_H
#define HC_SITE_PRINT_H

#include "../proto/buf.h"
#include "site_store.h"
#include "term.h"

/* All sites, by name. */
void site_print_list(const struct site_index *list, const struct term *term, bool json,
                     struct buf *out);

/* The tokens or goals (@prefix) among the fields and values of @all, by name. */
void site_print_settings(const redisReply *all, const char *prefix,
                         const struct term *term, bool json, struct buf *out);

/* The origins among them: a line each, or an array of texts. */
void site_print_origins(const redisReply *all, bool json, struct buf *out);

#endif
