/* Of mapped memory only the pages that are written to are there. */
#include "commons.h"

#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "../setup.h"

struct commons *commons_new(const struct setup *s)
{
    struct commons *c =
        mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct key keys[6];

    if (c == MAP_FAILED)
        abort();
    randombytes_buf(keys, sizeof keys);
    quotas_init(&c->quotas, &s->quota_rates, keys);
    replays_init(&c->replays, &keys[4]);
    crowd_init(&c->crowd, &keys[5], s->conns_per_address);
    return c;
}

void commons_free(struct commons *c)
{
    if (c)
        munmap(c, sizeof *c);
}
