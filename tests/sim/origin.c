/* origin: sums are of whatever says the same in other words: hits, a hash of Redis, the
 * aggregator's list. */
#include "origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TERM "words "
#define HOST ".example"

static unsigned device_of(unsigned n)
{
    return DEVICE_DESKTOP + n % (HIT_DEVICES - 1);
}

void origin_make(unsigned n, struct hit *h)
{
    static char host[32], term[32];

    h->device = (uint8_t)device_of(n);
    if (n % 3 == 1) {
        h->campaign = SLICE("spring");
        h->term = (struct slice){term, (size_t)sprintf(term, TERM "%u", n)};
    } else if (n % 3 == 2)
        h->campaign = SLICE("autumn");
    if (n % 5 == 1)
        h->referrer = SLICE("-");
    else if (n % 5 == 2)
        h->referrer = SLICE("news" HOST);
    else if (n % 5 == 3)
        h->referrer = (struct slice){host, (size_t)sprintf(host, "%u" HOST, n)};
}

void origin_add_hit(struct origin *o, unsigned n)
{
    o->device[device_of(n)]++;
    o->spring += n % 3 == 1;
    o->autumn += n % 3 == 2;
    o->internal += n % 5 == 1;
    o->news += n % 5 == 2;
    o->terms += n % 3 == 1;
    o->hosts += n % 5 == 3;
    o->numbers += (uint64_t)n * ((n % 3 == 1) + (n % 5 == 3));
}

/* A value with a number in it, or one of those that there was no place for. */
static void add_own(struct origin *o, uint64_t *sum, struct slice name,
                    const char *digits, uint64_t count)
{
    *sum += count;
    if (slice_eq(name, SLICE(TRAIT_OTHER)))
        o->others += count;
    else
        o->numbers += count * strtoul(digits, NULL, 10);
}

static void add_referrer(struct origin *o, struct slice name, const char *text,
                         uint64_t count)
{
    if (slice_eq(name, SLICE("-")) || slice_eq(name, SLICE(TRAIT_INTERNAL)))
        o->internal += count;
    else if (slice_eq(name, SLICE("news" HOST)))
        o->news += count;
    else if (!slice_eq(name, SLICE(TRAIT_DIRECT)))
        add_own(o, &o->hosts, name, text, count);
}

static void add_campaign(struct origin *o, struct slice name, uint64_t count)
{
    if (slice_eq(name, SLICE("spring")))
        o->spring += count;
    else if (slice_eq(name, SLICE("autumn")))
        o->autumn += count;
    else
        o->strange += count;
}

static void add_device(struct origin *o, struct slice name, uint64_t count)
{
    for (unsigned d = DEVICE_DESKTOP; d < HIT_DEVICES; d++)
        if (slice_eq(name, slice_of(hit_device_name(d))))
            o->device[d] += count;
}

static void add_goal(struct origin *o, struct slice name, uint64_t count)
{
    if (slice_eq(name, SLICE("all")))
        o->all += count;
    else if (slice_eq(name, SLICE("buy")))
        o->buy += count;
    else if (slice_eq(name, SLICE("gone")))
        o->gone += count;
    else if (slice_eq(name, SLICE("late")))
        o->late += count;
    else
        o->strange += count;
}

void origin_add(struct origin *o, enum trait_kind kind, struct slice name, uint64_t count)
{
    char text[128];

    snprintf(text, sizeof text, "%.*s", (int)name.n, name.p);
    switch (kind) {
    case TRAIT_REFERRER:
        add_referrer(o, name, text, count);
        break;
    case TRAIT_CAMPAIGN:
        add_campaign(o, name, count);
        break;
    case TRAIT_TERM:
        add_own(o, &o->terms, name, text + strcspn(text, "0123456789"), count);
        break;
    case TRAIT_DEVICE:
        add_device(o, name, count);
        break;
    case TRAIT_GOAL:
        add_goal(o, name, count);
        break;
    default:
        o->strange += count;
    }
}

bool origin_same(const struct origin *a, const struct origin *b)
{
    bool named = a->others == 0 && b->others == 0;

    return memcmp(a->device, b->device, sizeof a->device) == 0 &&
           a->spring == b->spring && a->autumn == b->autumn &&
           a->internal == b->internal && a->news == b->news && a->terms == b->terms &&
           a->hosts == b->hosts && (a->numbers == b->numbers || !named) &&
           a->strange == b->strange;
}

bool origin_is_of(const struct origin *o, uint64_t views)
{
    uint64_t devices = 0;

    for (unsigned d = 0; d < HIT_DEVICES; d++)
        devices += o->device[d];
    return devices == views && o->terms == o->spring && o->strange == 0 &&
           o->spring + o->autumn <= views && o->internal + o->news + o->hosts <= views;
}
