/* prefetch: memory that is needed soon is asked for now.
 *
 * gcc (12) takes a function that does nothing else for one without effects, and leaves
 * out calls of it. The empty statement is an effect: it costs nothing. */
#ifndef HC_PREFETCH_H
#define HC_PREFETCH_H

#include <stddef.h>

/* The line of @p, which need not be a good address. */
static inline void prefetch(const void *p)
{
    __builtin_prefetch(p, 1);
    __asm__ volatile("");
}

#endif
