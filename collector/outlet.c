/* Nearly every answer fits the socket's buffer: one send(2) and nothing to remember. */
#include "outlet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct rest {
    size_t n, sent;
    char bytes[];
};

/* How many the socket took, or a negative errno. */
static ssize_t push(int fd, const char *bytes, size_t n)
{
    ssize_t taken = send(fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (taken >= 0)
        return taken;
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static int keep(struct outlet *o, struct budget *budget, const char *bytes, size_t n)
{
    if (!budget_take(budget, n))
        return -ENOMEM;
    if ((o->rest = malloc(sizeof *o->rest + n)) == NULL)
        abort();
    o->rest->n = n;
    o->rest->sent = 0;
    memcpy(o->rest->bytes, bytes, n);
    return 1;
}

int outlet_write(struct outlet *o, int fd, struct budget *budget, const char *bytes,
                 size_t n)
{
    ssize_t taken = push(fd, bytes, n);

    if (taken < 0)
        return (int)taken;
    return (size_t)taken == n ? 0 : keep(o, budget, bytes + taken, n - (size_t)taken);
}

int outlet_resume(struct outlet *o, int fd, struct budget *budget)
{
    struct rest *r = o->rest;
    ssize_t taken = push(fd, r->bytes + r->sent, r->n - r->sent);

    if (taken < 0)
        return (int)taken;
    r->sent += (size_t)taken;
    if (r->sent < r->n)
        return 1;
    outlet_fini(o, budget);
    return 0;
}

void outlet_fini(struct outlet *o, struct budget *budget)
{
    if (o->rest == NULL)
        return;
    budget_give(budget, o->rest->n);
    free(o->rest);
    o->rest = NULL;
}
