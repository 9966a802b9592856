/* Chained, doubled when there are as many nodes as slots. */
#include "site_map.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define SLOTS_FIRST 64

_Static_assert(SITE_MAP_KEY_BYTES == crypto_shorthash_KEYBYTES, "SipHash's key");

static struct site_node **slot_of(const struct site_map *m, struct slice site)
{
    unsigned char hash[crypto_shorthash_BYTES];
    uint64_t h;

    crypto_shorthash(hash, (const unsigned char *)site.p, site.n, m->key);
    memcpy(&h, hash, sizeof h);
    return &m->slot[h & (m->slots - 1)];
}

static void link_node(struct site_map *m, struct site_node *node)
{
    struct site_node **slot = slot_of(m, site_node_name(node));

    node->next = *slot;
    *slot = node;
}

static struct site_node **new_slots(unsigned n)
{
    struct site_node **slots = calloc(n, sizeof *slots);

    if (slots == NULL)
        abort();
    return slots;
}

static void grow(struct site_map *m)
{
    struct site_node **old = m->slot, *node;
    unsigned n = m->slots;

    m->slots = 2 * n;
    m->slot = new_slots(m->slots);
    for (unsigned i = 0; i < n; i++) {
        while ((node = old[i])) {
            old[i] = node->next;
            link_node(m, node);
        }
    }
    free(old);
}

void site_map_init(struct site_map *m, const unsigned char key[SITE_MAP_KEY_BYTES])
{
    *m = (struct site_map){.slots = SLOTS_FIRST, .slot = new_slots(SLOTS_FIRST)};
    memcpy(m->key, key, sizeof m->key);
}

void site_map_fini(struct site_map *m)
{
    free(m->slot);
    *m = (struct site_map){0};
}

struct site_node *site_map_find(const struct site_map *m, struct slice site)
{
    struct site_node *node = *slot_of(m, site);

    while (node && !slice_eq(site_node_name(node), site))
        node = node->next;
    return node;
}

void site_map_add(struct site_map *m, struct site_node *node, struct slice site)
{
    assert(site.n <= SITE_MAX && site_map_find(m, site) == NULL);
    if (m->n == m->slots)
        grow(m);
    memcpy(node->name, site.p, site.n);
    node->n = (uint8_t)site.n;
    link_node(m, node);
    m->n++;
}

void site_map_remove(struct site_map *m, struct site_node *node)
{
    struct site_node **at = slot_of(m, site_node_name(node));

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    m->n--;
}

struct site_node *site_map_next(const struct site_map *m, const struct site_node *node)
{
    struct site_node **slot;

    if (node && node->next)
        return node->next;
    slot = node ? slot_of(m, site_node_name(node)) + 1 : m->slot;
    while (slot < m->slot + m->slots && *slot == NULL)
        slot++;
    return slot < m->slot + m->slots ? *slot : NULL;
}
