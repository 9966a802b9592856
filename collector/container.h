/* container: from a member of a struct to the struct that it is in. */
#ifndef HC_CONTAINER_H
#define HC_CONTAINER_H

#include <stddef.h>

/* The struct of @type whose @member @p points to. */
#define CONTAINER(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

#endif
