/* One block, grown by whoever knows how much will come. */
#include "carry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool budget_take(struct budget *b, size_t n)
{
    if (n > b->max - b->used)
        return false;
    b->used += n;
    return true;
}

void budget_give(struct budget *b, size_t n)
{
    assert(n <= b->used);
    b->used -= n;
}

bool carry_reserve(struct carry *c, struct budget *b, size_t size)
{
    if (size <= c->size)
        return true;
    if (!budget_take(b, size - c->size))
        return false;
    c->p = realloc(c->p, size);
    if (c->p == NULL)
        abort();
    c->size = (uint32_t)size;
    return true;
}

bool carry_keep(struct carry *c, struct budget *b, const char *bytes, size_t n)
{
    if (n == 0) {
        carry_fini(c, b);
        return true;
    }
    if (!carry_reserve(c, b, n)) /* moves nothing that @bytes is a part of: that fits */
        return false;
    memmove(c->p, bytes, n);
    c->n = (uint32_t)n;
    return true;
}

void carry_fini(struct carry *c, struct budget *b)
{
    budget_give(b, c->size);
    free(c->p);
    *c = (struct carry){0};
}
