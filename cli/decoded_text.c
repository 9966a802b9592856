/* Columns that no hit of the datagram fills are left out, so that the common case fits a
 * terminal of 80 columns. */
#include "decoded.h"

#include <inttypes.h>
#include <stdio.h>
#include "table.h"

static void write_start(const struct decoded *d, struct buf *out)
{
    static const char *const names[] = {
        [WIRE_DATA] = "DATA", [WIRE_PING] = "PING", [WIRE_ACK] = "ACK"};

    buf_printf(out, "verdict  %s\n", decoded_verdict(d));
    buf_printf(out, "length   %zu bytes", d->n);
    if (d->opened && d->type == WIRE_DATA)
        buf_printf(out, ", %zu of them body", d->body_n);
    buf_str(out, "\n");
    if (!d->opened)
        return;
    buf_printf(out, "type     %u (%s)\n", d->type, names[d->type]);
    buf_printf(out, "mac      %s%s\n", decoded_mac(d),
               d->checked ? "" : " (no --secret-file)");
}

static void write_head(const struct decoded *d, struct buf *out)
{
    const struct wire_head *h = &d->head;

    buf_printf(out, "key id   0x%02x\n", h->key_id);
    buf_printf(out, "shard    %u of %u\n", h->shard, h->nshards);
    buf_printf(out, "stream   %016" PRIx64 "\n", h->stream);
    buf_printf(out, "epoch    %" PRIu64 "%s\n", h->epoch, h->epoch ? "" : " (unknown)");
    buf_printf(out, "seq      %" PRIu64 ", resendable from %" PRIu64 "\n", h->seq,
               h->base);
    buf_printf(out, "sent at  %" PRIu64 " us of the sender's clock\n", h->ts_us);
    if (d->type != WIRE_DATA)
        return;
    buf_printf(out, "clock    %" PRId64 " ms, to which the hits' times are relative\n",
               d->clock);
    buf_printf(out, "hits     %zu%s\n", d->nhits,
               d->malformed ? " before the body is malformed" : "");
}

static void write_ack(const struct wire_ack *a, struct buf *out)
{
    buf_printf(out, "shard    %u of %u\n", a->shard, a->nshards);
    buf_printf(out, "stream   %016" PRIx64 "\n", a->stream);
    buf_printf(out, "epoch    %" PRIu64 "\n", a->epoch);
    buf_printf(out, "number   %" PRIu64 "\n", a->ack_no);
    buf_printf(out, "received up to %" PRIu64, a->cum);
    for (uint64_t i = 0; i < 64; i++)
        if (a->sack >> i & 1)
            buf_printf(out, ", %" PRIu64, a->cum + 2 + i);
    buf_printf(out, "\ndurable  up to %" PRIu64 "\n", a->durable);
    buf_printf(out, "echo     %" PRIu64 " us of the sender's clock\n", a->echo_us);
    buf_printf(out, "window   %u datagrams\n", a->window);
}

/* A number as 16 hex digits, or "-" for none. */
static void add_id(struct table *t, uint64_t id)
{
    if (id)
        table_printf(t, "%016" PRIx64, id);
    else
        table_text(t, SLICE("-"));
}

/* Which of the optional columns some hit fills. */
struct filled {
    bool tab, previous, engaged, stay, traits, referrer, campaign, term, name;
};

static bool has_stay(const struct hit *h)
{
    return h->lasts || h->marks;
}

static bool has_traits(const struct hit *h)
{
    return h->device || h->browser || h->country[0];
}

static struct filled filled_of(const struct decoded *d)
{
    struct filled f = {0};

    for (size_t i = 0; i < d->nhits; i++) {
        f.tab |= d->hit[i].tab != 0;
        f.previous |= d->hit[i].previous != 0;
        f.engaged |= d->hit[i].engaged != 0;
        f.stay |= has_stay(&d->hit[i]);
        f.traits |= has_traits(&d->hit[i]);
        f.referrer |= d->hit[i].referrer.n > 0;
        f.campaign |= d->hit[i].campaign.n > 0;
        f.term |= d->hit[i].term.n > 0;
        f.name |= d->hit[i].name.n > 0;
    }
    return f;
}

/* "60s,held,counted,named", what there is of it. */
static void add_stay(struct table *t, const struct hit *h)
{
    char text[32] = "";
    size_t n = 0;

    if (h->lasts)
        n = (size_t)snprintf(text, sizeof text, ",%us", h->lasts);
    snprintf(text + n, sizeof text - n, "%s%s%s", h->marks & HIT_HELD ? ",held" : "",
             h->marks & HIT_COUNTED ? ",counted" : "",
             h->marks & HIT_NAMED ? ",named" : "");
    table_text(t, text[0] ? slice_of(text + 1) : SLICE("-"));
}

/* "mobile,Chrome,DE". */
static void add_traits(struct table *t, const struct hit *h)
{
    if (has_traits(h))
        table_printf(t, "%s,%s,%.2s", hit_device_name(h->device),
                     hit_browser_name(h->browser), h->country[0] ? h->country : "-");
    else
        table_text(t, SLICE("-"));
}

static void add_hit(struct table *t, const struct hit *h, mono_t clock,
                    const struct filled *f)
{
    table_printf(t, "%+" PRId64, h->at - clock);
    table_text(t, h->site);
    table_text(t, slice_of(hit_kind_name(h->kind)));
    table_text(t, slice_of(hit_state_name(h->state)));
    add_id(t, h->visitor);
    if (f->tab)
        add_id(t, h->tab);
    if (f->previous)
        add_id(t, h->previous);
    if (f->engaged)
        table_u64(t, h->engaged);
    if (f->stay)
        add_stay(t, h);
    if (f->traits)
        add_traits(t, h);
    if (f->referrer)
        table_text(t, h->referrer);
    if (f->campaign)
        table_text(t, h->campaign);
    if (f->term)
        table_text(t, h->term);
    if (f->name)
        table_text(t, h->name);
    table_text(t, h->path);
}

static void write_hits(const struct decoded *d, const struct term *term, struct buf *out)
{
    struct table_column columns[15] = {{"ms", TABLE_RIGHT},
                                       {"site", TABLE_LEFT},
                                       {"kind", TABLE_LEFT},
                                       {"state", TABLE_LEFT},
                                       {"visitor", TABLE_LEFT}};
    struct filled f = filled_of(d);
    struct table t;
    size_t n = 5;

    if (f.tab)
        columns[n++].head = "tab";
    if (f.previous)
        columns[n++].head = "previous";
    if (f.engaged)
        columns[n++] = (struct table_column){"engaged", TABLE_RIGHT};
    if (f.stay)
        columns[n++].head = "stay";
    if (f.traits)
        columns[n++].head = "traits";
    if (f.referrer)
        columns[n++].head = "referrer";
    if (f.campaign)
        columns[n++].head = "campaign";
    if (f.term)
        columns[n++].head = "term";
    if (f.name)
        columns[n++].head = "name";
    columns[n++].head = "path";
    buf_str(out, "\n");
    table_init(&t, columns, n);
    for (size_t i = 0; i < d->nhits; i++)
        add_hit(&t, &d->hit[i], d->clock, &f);
    table_write(&t, term, out);
    table_fini(&t);
}

void decoded_text(const struct decoded *d, const struct term *term, struct buf *out)
{
    write_start(d, out);
    if (d->opened && d->type == WIRE_ACK)
        write_ack(&d->ack, out);
    else if (d->opened)
        write_head(d, out);
    if (d->nhits > 0)
        write_hits(d, term, out);
}
