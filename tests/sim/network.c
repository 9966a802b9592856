/* network: draws each datagram's fate when it is sent. */
#include "network.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void network_init(struct network *net, struct world *w)
{
    memset(net, 0, sizeof *net);
    net->world = w;
}

void network_fini(struct network *net)
{
    for (size_t i = 0; i < net->npackets; i++)
        free(net->packet[i]);
    free(net->packet);
}

static bool is_cut(const struct network *net, unsigned from, unsigned to)
{
    return net->cut || net->away[from] || net->away[to];
}

static long number_at(const struct packet *p, size_t at)
{
    uint64_t v;

    memcpy(&v, p->bytes + at, sizeof v);
    return (long)v;
}

/* Offsets as in proto/wire.h; the packet may be damaged. */
static void note(struct world *w, const struct packet *p)
{
    if (p->to < AGGREGATORS)
        world_note(w, "%ld -> %ld  seq %ld base %ld", p->from, p->to, number_at(p, 32),
                   number_at(p, 40));
    else
        world_note(w, "%ld <- %ld  cum %ld durable %ld", p->to, p->from, number_at(p, 40),
                   number_at(p, 56));
}

static void on_arrival(void *arg, uint64_t i)
{
    struct network *net = arg;
    struct packet *p = net->packet[i];

    p->used = false;
    if (is_cut(net, p->from, p->to))
        return;
    note(net->world, p);
    net->deliver(net->arg, p->to, p->from, p->bytes, p->n);
}

static size_t free_packet(struct network *net)
{
    for (size_t i = 0; i < net->npackets; i++)
        if (!net->packet[i]->used)
            return i;
    net->packet = realloc(net->packet, (net->npackets + 1) * sizeof *net->packet);
    assert(net->packet);
    net->packet[net->npackets] = malloc(sizeof **net->packet);
    assert(net->packet[net->npackets]);
    return net->npackets++;
}

static us_t way(struct network *net)
{
    struct world *w = net->world;
    us_t t = DRAW_ONE(w, 100, 300, 1000);

    return draw_yes(w, net->reorder) ? t + draw_from(w, 0, 30 * MS) : t;
}

static void launch(struct network *net, unsigned from, unsigned to, const uint8_t *bytes,
                   size_t n)
{
    struct world *w = net->world;
    size_t i = free_packet(net);
    struct packet *p = net->packet[i];

    p->from = from;
    p->to = to;
    p->n = (uint16_t)n;
    p->used = true;
    memcpy(p->bytes, bytes, n);
    if (draw_yes(w, net->corrupt))
        p->bytes[draw(w, n)] ^= (uint8_t)(1 + draw(w, 255));
    world_at(w, w->now + way(net), on_arrival, net, i);
}

static void record(struct network *net, unsigned from, unsigned to, const uint8_t *bytes,
                   size_t n)
{
    struct packet *p = &net->tape[net->taped % TAPE];

    if (to >= AGGREGATORS || !draw_yes(net->world, 50))
        return;
    p->from = from;
    p->to = to;
    p->n = (uint16_t)n;
    memcpy(p->bytes, bytes, n);
    net->taped++;
}

void network_send(struct network *net, unsigned from, unsigned to, const uint8_t *bytes,
                  size_t n)
{
    bool down = to >= AGGREGATORS;

    assert(n > 0 && n <= DATAGRAM_MAX && from < PLACES && to < PLACES);
    net->sent++;
    record(net, from, to, bytes, n);
    if (is_cut(net, from, to) || draw_yes(net->world, down ? net->ack_loss : net->loss)) {
        net->lost++;
        return;
    }
    launch(net, from, to, bytes, n);
    if (draw_yes(net->world, net->dup))
        launch(net, from, to, bytes, n);
}

void network_replay(struct network *net, unsigned to)
{
    size_t kept = net->taped < TAPE ? net->taped : TAPE;

    if (kept > 0) {
        const struct packet *p = &net->tape[draw(net->world, kept)];

        launch(net, p->from, to, p->bytes, p->n);
    }
}

void network_calm(struct network *net)
{
    net->loss = net->ack_loss = net->dup = net->reorder = net->corrupt = 0;
    net->cut = false;
    memset(net->away, 0, sizeof net->away);
}
