/* Lanes share the addresses of the collector, and what is known of its being there: the
 * first dial that fails after one that did not starts the clock of giving up. */
#include "lanes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "interrupt.h"
#include "lane.h"

#define REDIAL_MS 200 /* between two dials of all lanes */

struct lanes {
    struct addrinfo *addresses;
    char head[URL_BASE_MAX + 32];                 /* "GET /base/hc.gif?" */
    char tail[sizeof(struct collector_url) + 64]; /* " HTTP/1.1" and Host */
    struct tally *tally;
    bool reached;  /* the last dial succeeded */
    mono_t since;  /* of the first dial that failed after that */
    mono_t redial; /* not before */
    char why[256];
    unsigned n;
    struct lane lane[];
};

/* The last dial failed, with errno. */
static void note_failure(struct lanes *l, mono_t now)
{
    snprintf(l->why, sizeof l->why, "%s", strerror(errno));
    if (l->reached)
        l->since = now;
    l->reached = false;
    l->redial = now + REDIAL_MS;
}

/* Tries the addresses in turn. Returns whether the lane is connected. */
static bool dial(struct lanes *l, struct lane *lane, mono_t now)
{
    const struct addrinfo *a = l->addresses;

    if (now < l->redial)
        return false;
    while (a && lane_dial(lane, a, now) < 0)
        a = a->ai_next;
    if (a == NULL)
        note_failure(l, now);
    else
        l->reached = true;
    return l->reached;
}

struct lanes *lanes_new(const struct collector_url *url, unsigned n, struct tally *tally,
                        char *err, size_t err_n)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct lanes *l = calloc(1, sizeof *l + n * sizeof *l->lane);
    int rc;

    if (l == NULL)
        abort();
    l->tally = tally;
    l->n = n;
    l->reached = true;
    for (unsigned i = 0; i < n; i++)
        lane_init(&l->lane[i]);
    snprintf(l->head, sizeof l->head, "GET %s/hc.gif?", url->base);
    snprintf(l->tail, sizeof l->tail, " HTTP/1.1\r\nHost: %s\r\n", url->authority);
    rc = getaddrinfo(url->host, url->port, &hints, &l->addresses);
    if (rc == 0 && dial(l, &l->lane[0], mono_now()))
        return l;
    snprintf(err, err_n, "%s", rc == 0 ? l->why : gai_strerror(rc));
    lanes_free(l);
    return NULL;
}

void lanes_free(struct lanes *l)
{
    for (unsigned i = 0; i < l->n; i++)
        lane_close(&l->lane[i]);
    if (l->addresses)
        freeaddrinfo(l->addresses);
    free(l);
}

bool lanes_send(struct lanes *l, uint64_t who, struct slice query)
{
    return lanes_send_as(l, who, query,
                         SLICE("User-Agent: headcount/" HC_VERSION "\r\n"));
}

bool lanes_send_as(struct lanes *l, uint64_t who, struct slice query,
                   struct slice headers)
{
    struct lane *lane = &l->lane[who % l->n];
    size_t head = strlen(l->head), tail = strlen(l->tail);
    size_t n = head + query.n + tail + headers.n + 2;

    if (!lane_room(lane, n))
        return false;
    lane_put(lane, l->head, head);
    lane_put(lane, query.p, query.n);
    lane_put(lane, l->tail, tail);
    lane_put(lane, headers.p, headers.n);
    lane_put(lane, "\r\n", 2);
    lane_end(lane, n);
    l->tally->sent++;
    return true;
}

void lanes_flush(struct lanes *l, mono_t now)
{
    for (unsigned i = 0; i < l->n; i++) {
        struct lane *lane = &l->lane[i];

        lane_check(lane, now);
        if (lane_has_unsent(lane) && (lane->fd >= 0 || dial(l, lane, now)))
            lane_write(lane, now);
    }
}

nfds_t lanes_fds(struct lanes *l, struct pollfd *fds)
{
    for (unsigned i = 0; i < l->n; i++) {
        const struct lane *lane = &l->lane[i];

        fds[i] = (struct pollfd){.fd = lane->fd, .events = POLLIN};
        if (lane_has_unsent(lane))
            fds[i].events |= POLLOUT;
    }
    return l->n;
}

void lanes_on_poll(struct lanes *l, const struct pollfd *fds, nfds_t n, mono_t now)
{
    for (nfds_t i = 0; i < n; i++)
        if (fds[i].fd >= 0 && fds[i].revents & (POLLIN | POLLHUP | POLLERR))
            lane_read(&l->lane[i], l->tally, now);
}

uint64_t lanes_waiting(const struct lanes *l)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < l->n; i++)
        n += l->lane[i].queued;
    return n;
}

bool lanes_given_up(const struct lanes *l, mono_t now)
{
    return !l->reached && now - l->since >= LANES_GIVE_UP_MS;
}

const char *lanes_why(const struct lanes *l)
{
    return l->why;
}
