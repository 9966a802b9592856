/* site_map: finds what belongs to a site by the site's name.
 *
 * Nodes are embedded in what is found and stay where they are; the map owns only its
 * slots. Names come from clients, so the hash is keyed. */
#ifndef HC_SITE_MAP_H
#define HC_SITE_MAP_H

#include <stdint.h>
#include "../proto/limits.h"
#include "../proto/slice.h"

struct site_node {
    struct site_node *next; /* in its slot */
    uint8_t n;
    char name[SITE_MAX];
};

static inline struct slice site_node_name(const struct site_node *node)
{
    return (struct slice){node->name, node->n};
}

#define SITE_MAP_KEY_BYTES 16

struct site_map {
    struct site_node **slot;
    unsigned slots; /* a power of two, at least as many as there are nodes */
    unsigned n;
    unsigned char key[SITE_MAP_KEY_BYTES];
};

/* @key: random. */
void site_map_init(struct site_map *m, const unsigned char key[SITE_MAP_KEY_BYTES]);

/* Frees the slots; nodes are forgotten. */
void site_map_fini(struct site_map *m);

/* The site's node, or NULL. */
struct site_node *site_map_find(const struct site_map *m, struct slice site);

/* Puts @node in, named @site, which must not be there yet. */
void site_map_add(struct site_map *m, struct site_node *node, struct slice site);

/* Takes @node out. */
void site_map_remove(struct site_map *m, struct site_node *node);

/* The node after @node, NULL for the first one, in no order; NULL at the end. The map
 * must not change meanwhile, but for removing nodes already passed. */
struct site_node *site_map_next(const struct site_map *m, const struct site_node *node);

#endif
