/* The summary of Misra and Gries ("Finding repeated elements", 1982): a hit from an
 * address that has a place counts there; else it takes a free one; else every place loses
 * one. A place thus loses one only together with all others, so with K places an address
 * that sent H of N hits keeps H - (N - H) / K at least. */
#include "busiest.h"

#define MINUTE_MS 60000

bool busiest_turn(struct busiest *b, mono_t now)
{
    mono_t minute = now / MINUTE_MS;
    uint32_t most = 0;

    if (minute == b->minute)
        return false;
    for (unsigned i = 0; i < BUSIEST_PLACES; i++)
        if (b->places[i].hits > most)
            most = b->places[i].hits;
    *b = (struct busiest){
        .minute = minute,
        .last_hits = minute == b->minute + 1 ? b->hits : 0,
        .last_busiest = minute == b->minute + 1 ? most : 0,
    };
    return true;
}

static bool is_same(const struct ip *a, const struct ip *b)
{
    return a->n == b->n && memcmp(a->b, b->b, sizeof a->b) == 0;
}

void busiest_add(struct busiest *b, const struct ip *ip)
{
    struct busiest_place *free_place = NULL;

    if (ip->n == 0 || b->hits == UINT32_MAX)
        return;
    b->hits++;
    for (struct busiest_place *p = b->places; p < b->places + BUSIEST_PLACES; p++) {
        if (is_same(&p->ip, ip)) {
            p->hits++;
            return;
        }
        if (p->hits == 0)
            free_place = p;
    }
    if (free_place)
        *free_place = (struct busiest_place){*ip, 1};
    for (unsigned i = 0; i < BUSIEST_PLACES && !free_place; i++)
        b->places[i].hits--;
}

unsigned busiest_percent(uint64_t busiest, uint64_t hits)
{
    return hits < BUSIEST_HITS_MIN ? 0 : (unsigned)(busiest * 100 / hits);
}
