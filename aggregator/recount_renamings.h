/* recount_renamings: while a site is read back, who was renamed into whom, and when. */
#ifndef HC_RECOUNT_RENAMINGS_H
#define HC_RECOUNT_RENAMINGS_H

#include "visitors.h"

struct renaming {
    uint64_t to;
    size_t next;     /* the next one later of the same visitor, counted from 1; 0: none */
    uint32_t number; /* as in its record (minute_log.h) */
};

struct renamings {
    struct visitors first; /* old id -> its earliest that was met, from 1, in `seen` */
    struct renaming *of;
    size_t n, cap;
};

void renamings_init(struct renamings *r);
void renamings_fini(struct renamings *r);

/* @old was renamed to @to (as renamings_resolve has it) by renaming @number. They are met
 * backwards: false when @old has one that is no later, or out of memory. */
bool renamings_add(struct renamings *r, uint64_t old, uint64_t to, uint32_t number);

/* Whose a record of @id is by now that was logged after @number renamings. */
uint64_t renamings_resolve(const struct renamings *r, uint64_t id, uint32_t number);

#endif
