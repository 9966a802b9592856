/* An address leads through a binary tree to an entry, the entry is a map, and the code
 * lies in it under a path that differs between publishers. Which path a database uses is
 * found out when it is opened, by looking at its first entries.
 *
 * Failure modes: a file that is no database, or one without countries, is refused at
 * start. Damage that shows only in a lookup ends that lookup, and is counted by who
 * asked. A file that is written over or cut short while it is mapped takes the process
 * with it, as with any mapped file: a new one is moved into place, not copied. */
#include "geo.h"

#include <errno.h>
#include <stdio.h>

#ifdef HAVE_MAXMINDDB

#include <maxminddb.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TREE_DEPTH_MAX 128 /* bits of an address */
#define PROBE_NODES_MAX                                            \
    65536 /* looked at for one entry with a country: a millisecond \
           */

/* Path elements of a country's code: MaxMind and DB-IP; IPinfo's lite and older ones. */
static const char *const paths[][3] = {
    {"country", "iso_code", NULL},
    {"country_code", NULL},
    {"country", NULL},
};

struct geo {
    unsigned holders; /* atomic */
    MMDB_s db;
    const char *const *path; /* one of paths[] */
};

/* ---- an entry ---- */

static bool is_code(const MMDB_entry_data_s *d)
{
    const char *c = d->utf8_string;

    return d->has_data && d->type == MMDB_DATA_TYPE_UTF8_STRING && d->data_size == 2 &&
           c[0] >= 'A' && c[0] <= 'Z' && c[1] >= 'A' && c[1] <= 'Z';
}

/* An entry that has something else under the path is as good as one that has nothing. */
static bool is_absent(int r)
{
    return r == MMDB_SUCCESS || r == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR ||
           r == MMDB_INVALID_LOOKUP_PATH_ERROR;
}

/* MMDB_get_value would allocate. */
static enum geo_verdict read_entry(const char *const *path, MMDB_entry_s *entry,
                                   char country[2])
{
    MMDB_entry_data_s data;
    int r = MMDB_aget_value(entry, &data, path);

    if (r != MMDB_SUCCESS || !is_code(&data))
        return is_absent(r) ? GEO_UNKNOWN : GEO_DAMAGED;
    memcpy(country, data.utf8_string, 2);
    return GEO_KNOWN;
}

/* ---- what the database tells ---- */

static const char *const *path_of(MMDB_entry_s *entry)
{
    char country[2];

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (read_entry(paths[i], entry, country) == GEO_KNOWN)
            return paths[i];
    return NULL;
}

/* The nodes still to be looked at, deepest last: never more than one a level. */
struct walk {
    uint32_t node[TREE_DEPTH_MAX + 2];
    unsigned n;
};

/* One half of a node: a way on, or an entry that may tell a path. In a damaged tree ways
 * lead back up, so what does not fit is let go. */
static const char *const *probe_record(struct walk *w, uint8_t type, uint64_t record,
                                       MMDB_entry_s *entry)
{
    if (type == MMDB_RECORD_TYPE_DATA)
        return path_of(entry);
    if (type == MMDB_RECORD_TYPE_SEARCH_NODE && w->n < sizeof w->node / sizeof w->node[0])
        w->node[w->n++] = (uint32_t)record;
    return NULL;
}

/* Under which path the first entry that has a country has it. NULL: none has. */
static const char *const *probe(const MMDB_s *db)
{
    struct walk w = {.n = 1};
    MMDB_search_node_s node;
    const char *const *path;

    for (unsigned seen = 0; w.n > 0 && seen < PROBE_NODES_MAX; seen++) {
        if (MMDB_read_node(db, w.node[--w.n], &node) != MMDB_SUCCESS)
            continue;
        path = probe_record(&w, node.right_record_type, node.right_record,
                            &node.right_record_entry);
        if (!path)
            path = probe_record(&w, node.left_record_type, node.left_record,
                                &node.left_record_entry);
        if (path)
            return path;
    }
    return NULL;
}

/* ---- public ---- */

/* Opening a pipe would wait for a writer. */
static int check_file(const char *path, char *err, size_t err_n)
{
    struct stat st;
    bool is_there = stat(path, &st) == 0;

    if (is_there && S_ISREG(st.st_mode))
        return 0;
    snprintf(err, err_n, "--geoip %s: %s", path,
             is_there ? "not a file" : strerror(errno));
    return -1;
}

static int open_database(struct geo *g, const char *path, char *err, size_t err_n)
{
    int r;

    if (check_file(path, err, err_n) < 0)
        return -1;
    r = MMDB_open(path, MMDB_MODE_MMAP, &g->db);
    if (r == MMDB_SUCCESS)
        return 0;
    snprintf(err, err_n, "--geoip %s: %s", path,
             r == MMDB_FILE_OPEN_ERROR
                 ? strerror(errno)
                 : "not a database in MaxMind DB format, or a damaged one");
    return -1;
}

struct geo *geo_open(const char *path, char *err, size_t err_n)
{
    struct geo *g = calloc(1, sizeof *g);

    if (!g || open_database(g, path, err, err_n) < 0) {
        if (!g)
            snprintf(err, err_n, "--geoip %s: %s", path, strerror(ENOMEM));
        free(g);
        return NULL;
    }
    g->holders = 1;
    g->path = probe(&g->db);
    if (g->path)
        return g;
    snprintf(err, err_n,
             "--geoip %s: it tells no countries; give a country or city database", path);
    geo_close(g);
    return NULL;
}

struct geo *geo_hold(struct geo *g)
{
    if (g)
        __atomic_add_fetch(&g->holders, 1, __ATOMIC_RELAXED);
    return g;
}

void geo_close(struct geo *g)
{
    if (!g || __atomic_sub_fetch(&g->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    MMDB_close(&g->db);
    free(g);
}

static void to_sockaddr(const struct ip *ip, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){.ss_family = ip->n == 4 ? AF_INET : AF_INET6};
    if (ip->n == 4)
        memcpy(&((struct sockaddr_in *)out)->sin_addr, ip->b, 4);
    else
        memcpy(&((struct sockaddr_in6 *)out)->sin6_addr, ip->b, 16);
}

enum geo_verdict geo_country(const struct geo *g, const struct ip *ip, char country[2])
{
    struct sockaddr_storage at;
    MMDB_lookup_result_s found;
    int r = MMDB_SUCCESS;

    if (!g || ip->n == 0)
        return GEO_UNKNOWN;
    to_sockaddr(ip, &at);
    found = MMDB_lookup_sockaddr(&g->db, (const struct sockaddr *)&at, &r);
    if (r == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR)
        return GEO_UNKNOWN;
    if (r != MMDB_SUCCESS)
        return GEO_DAMAGED;
    return found.found_entry ? read_entry(g->path, &found.entry, country) : GEO_UNKNOWN;
}

#else

struct geo *geo_open(const char *path, char *err, size_t err_n)
{
    snprintf(err, err_n,
             "--geoip %s: this headcount was built without libmaxminddb; install "
             "libmaxminddb-dev and build it again, or leave --geoip out",
             path);
    return NULL;
}

struct geo *geo_hold(struct geo *g)
{
    return g;
}

void geo_close(struct geo *g)
{
    (void)g;
}

enum geo_verdict geo_country(const struct geo *g, const struct ip *ip, char country[2])
{
    (void)g, (void)ip, (void)country;
    return GEO_UNKNOWN;
}

#endif
