/* A table of nodes with a keyed hash, for names come from clients, and beside each site
 * of which something is set that in one piece of memory. */
#include "register.h"

#include <stdlib.h>
#include "../../proto/hit.h"
#include "../../proto/origin.h"
#include "../../proto/privacy.h"
#include "../beacon.h"

/* What is set of one site. */
struct policy {
    bool heeds;
    size_t norigins; /* 0: pages of any */
    struct origin origin[ORIGINS_MAX];
    char text[]; /* that they point to */
};

struct registered {
    struct site_node node;
    struct policy *policy; /* NULL: nothing is set */
};

struct site_register {
    unsigned users; /* atomic */
    struct site_map map;
    size_t n, max;
    struct registered site[];
};

struct site_register *register_new(size_t max,
                                   const unsigned char key[SITE_MAP_KEY_BYTES])
{
    struct site_register *r = calloc(1, sizeof *r + max * sizeof *r->site);

    if (r == NULL)
        abort();
    r->users = 1;
    r->max = max;
    site_map_init(&r->map, key);
    return r;
}

struct registered *register_add(struct site_register *r, struct slice site)
{
    struct registered *new = &r->site[r->n];

    if (r->n == r->max || !site_valid(site) || site_map_find(&r->map, site))
        return NULL;
    site_map_add(&r->map, &new->node, site);
    r->n++;
    return new;
}

static struct slice take_line(struct slice *lines)
{
    const char *end = lines->n ? memchr(lines->p, '\n', lines->n) : NULL;
    struct slice line = {lines->p, end ? (size_t)(end - lines->p) : lines->n};

    *lines = slice_skip(*lines, line.n + (end != NULL));
    return line;
}

/* Origins are made no longer by reading them, so all have room in what the lines take;
 * but each is read into a place of ORIGIN_MAX first. */
static bool take_origin(struct policy *p, struct slice line, char **at)
{
    char text[ORIGIN_MAX];
    struct origin *o = &p->origin[p->norigins];
    size_t n;

    if (p->norigins == ORIGINS_MAX || !origin_read(o, line, text, &n))
        return false;
    memcpy(*at, text, n);
    o->scheme.p = *at + (o->scheme.p - text);
    o->host.p = *at + (o->host.p - text);
    *at += n;
    p->norigins++;
    return true;
}

size_t registered_set(struct registered *site, struct slice lines)
{
    struct policy *p;
    struct slice privacy;
    size_t left_out = 0;
    char *at;

    if (lines.n == 0)
        return 0;
    if ((p = calloc(1, sizeof *p + lines.n)) == NULL)
        abort();
    at = p->text;
    privacy = take_line(&lines);
    p->heeds = privacy.n > 0 && privacy_is_heeded(privacy);
    while (lines.n > 0)
        left_out += !take_origin(p, take_line(&lines), &at);
    site->policy = p;
    return left_out;
}

struct slice register_name(const struct site_register *r, size_t i)
{
    return site_node_name(&r->site[i].node);
}

struct registered *register_at(struct site_register *r, size_t i)
{
    return &r->site[i];
}

size_t register_sites(const struct site_register *r)
{
    return r->n;
}

struct site_register *register_hold(struct site_register *r)
{
    if (r)
        __atomic_add_fetch(&r->users, 1, __ATOMIC_RELAXED);
    return r;
}

void register_drop(struct site_register *r)
{
    if (r == NULL || __atomic_sub_fetch(&r->users, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    for (size_t i = 0; i < r->n; i++)
        free(r->site[i].policy);
    site_map_fini(&r->map);
    free(r);
}

/* ---- judging ---- */

/* Where the page is from that sent it; empty: it does not say. An Origin of "null" says
 * nothing either: it is what browsers send for honest pages, too, that tell nobody where
 * they are (Referrer-Policy; Fetch, "append a request `Origin` header"). */
static struct slice origin_of(const struct beacon_sender *from)
{
    if (from->origin.n > 0 && !slice_eq(from->origin, SLICE("null")))
        return from->origin;
    return origin_of_url(from->referer);
}

static bool is_foreign(const struct policy *p, const struct beacon_sender *from)
{
    struct slice text = origin_of(from);
    char own[ORIGIN_MAX];
    struct origin o;
    size_t n;

    if (p->norigins == 0 || text.n == 0)
        return false;
    if (!origin_read(&o, text, own, &n))
        return true;
    for (size_t i = 0; i < p->norigins; i++)
        if (origin_matches(&p->origin[i], &o))
            return false;
    return true;
}

enum admission register_judge(const struct site_register *r, bool open, struct slice site,
                              const struct beacon_sender *from)
{
    const struct site_node *node = r ? site_map_find(&r->map, site) : NULL;
    const struct policy *p;

    if (node == NULL)
        return r == NULL || open ? ADMITTED : REFUSED_SITE;
    p = ((const struct registered *)node)->policy; /* the node is its first member */
    if (p == NULL || from == NULL)
        return ADMITTED;
    if (!from->vouched && is_foreign(p, from))
        return REFUSED_ORIGIN;
    return p->heeds && from->opts_out ? UNCOUNTED_OPTED_OUT : ADMITTED;
}
