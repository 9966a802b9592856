/* domains: the names in one block of text, found by halving; a host is looked up with all
 * its labels, then without the first, and so on. */
#include "domains.h"

#include <assert.h>
#include <stdlib.h>

#include "../../proto/hit.h"
#include "list.h"

struct domains {
    unsigned holders; /* atomic */
    size_t n;
    char *text;
    struct slice v[]; /* in the order of slice_cmp, in the text */
};

static int by_name(const void *a, const void *b)
{
    return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

/* What is normalized is never longer than what it is made of. */
static int add(struct domains *d, const struct list *l, struct slice item, char **end,
               char *err, size_t err_n)
{
    char host[REFERRER_MAX];
    struct slice name = host_normalize(item, host);

    if (d->n == DOMAINS_MAX)
        return list_explain(l, "more than " TEXT_OF(DOMAINS_MAX) " domains", err, err_n);
    if (name.n == 0 || memchr(name.p, '.', name.n) == NULL)
        return list_explain(l, "not a domain like spam.example", err, err_n);
    assert(name.n <= item.n);
    memcpy(*end, name.p, name.n);
    d->v[d->n++] = (struct slice){*end, name.n};
    *end += name.n;
    return 0;
}

/* Room for as many as there are lines, at most. */
static struct domains *new_for(struct slice text)
{
    size_t lines = 1;
    struct domains *d;

    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    if (lines > DOMAINS_MAX)
        lines = DOMAINS_MAX;
    d = malloc(sizeof *d + lines * sizeof *d->v);
    if (d == NULL)
        abort();
    *d = (struct domains){.holders = 1, .text = malloc(text.n + 1)};
    if (d->text == NULL)
        abort();
    return d;
}

struct domains *domains_new(struct slice text, const char *name, char *err, size_t err_n)
{
    struct domains *d = new_for(text);
    char *end = d->text;
    struct slice item;
    struct list l;
    int r;

    list_init(&l, text, name);
    while ((r = list_next(&l, &item, err, err_n)) > 0 &&
           (r = add(d, &l, item, &end, err, err_n)) == 0)
        ;
    if (r < 0) {
        domains_drop(d);
        return NULL;
    }
    qsort(d->v, d->n, sizeof *d->v, by_name);
    return d;
}

struct domains *domains_hold(struct domains *d)
{
    if (d)
        __atomic_add_fetch(&d->holders, 1, __ATOMIC_RELAXED);
    return d;
}

void domains_drop(struct domains *d)
{
    if (d == NULL || __atomic_sub_fetch(&d->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free(d->text);
    free(d);
}

/* None of them is a single label, so that the last one is not looked for. */
bool domains_have(const struct domains *d, struct slice host)
{
    const char *dot;

    if (d == NULL)
        return false;
    while (host.n > 0 && (dot = memchr(host.p, '.', host.n)) != NULL) {
        if (bsearch(&host, d->v, d->n, sizeof *d->v, by_name))
            return true;
        host = slice_skip(host, (size_t)(dot - host.p) + 1);
    }
    return false;
}

size_t domains_count(const struct domains *d)
{
    return d->n;
}
