/* Reading goes through the cursor: no allocation, one slice per dictionary entry. What is
 * malformed fails the cursor, after which there is nothing but -1 to be had. */
#include "body.h"

static bool take_new_name(struct body_reader *r, struct slice *s)
{
    if (r->names == DATAGRAM_NAMES_MAX)
        return cursor_fail(&r->c);
    if (!cursor_str(&r->c, s))
        return false;
    r->name[r->names++] = *s;
    return true;
}

/* A text of at most @max bytes, given or referred to. */
static bool take_name(struct body_reader *r, size_t max, struct slice *s)
{
    uint64_t i;

    if (cursor_at_str(&r->c)) {
        if (!take_new_name(r, s))
            return false;
    } else {
        if (!cursor_uint(&r->c, &i))
            return false;
        if (i >= r->names)
            return cursor_fail(&r->c);
        *s = r->name[i];
    }
    return s->n <= max || cursor_fail(&r->c);
}

static bool skip_many(struct body_reader *r, uint32_t n)
{
    while (n-- > 0)
        if (!cursor_skip(&r->c))
            return false;
    return true;
}

/* Steps to the next group that has events. False: none is left, or malformed. */
static bool next_group(struct body_reader *r)
{
    uint32_t n;

    while (r->events == 0) {
        if (!skip_many(r, r->extras))
            return false;
        r->extras = 0;
        if (r->groups == 0)
            return false;
        r->groups--;
        if (!cursor_array(&r->c, &n) || !take_name(r, SITE_MAX, &r->site))
            return false;
        if (n < 2 || !site_valid(r->site))
            return cursor_fail(&r->c);
        if (!cursor_array(&r->c, &r->events))
            return false;
        r->extras = n - 2;
    }
    return true;
}

/* kind, dt_ms, visitor, path, state. */
static bool take_event_head(struct body_reader *r, struct hit *h)
{
    uint64_t kind, state;
    int64_t dt;

    if (!cursor_uint(&r->c, &kind) || !cursor_int(&r->c, &dt) ||
        !cursor_uint(&r->c, &h->visitor) || !take_name(r, PATH_MAX_BYTES, &h->path) ||
        !cursor_uint(&r->c, &state))
        return false;
    if (kind > UINT8_MAX || h->visitor == 0 || dt < -EVENT_AGE_MAX_MS ||
        dt > EVENT_AGE_MAX_MS)
        return cursor_fail(&r->c);
    h->kind = (uint8_t)kind;
    h->at = r->start + dt;
    h->state = state < HIT_STATES ? (uint8_t)state : STATE_NONE;
    return true;
}

/* Bits that this version does not know are left out. */
static void set_stay(struct hit *h, uint64_t stay)
{
    h->lasts = (stay & 0xff) < TAB_LASTS_MAX_S ? (uint8_t)stay : TAB_LASTS_MAX_S;
    h->marks = (uint8_t)(stay >> 8) & HIT_MARKS;
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static void set_traits(struct hit *h, uint64_t traits)
{
    uint8_t device = (uint8_t)traits, browser = (uint8_t)(traits >> 8);
    char first = (char)(traits >> 16), second = (char)(traits >> 24);

    h->device = device < HIT_DEVICES ? device : DEVICE_OTHER;
    h->browser = browser < HIT_BROWSERS ? browser : BROWSER_OTHER;
    if (is_capital(first) && is_capital(second)) {
        h->country[0] = first;
        h->country[1] = second;
    }
}

/* The @n elements after state. */
static bool take_event_tail(struct body_reader *r, uint32_t n, struct hit *h)
{
    uint64_t engaged = 0, stay = 0, traits = 0;

    if (n > 0 && !cursor_uint(&r->c, &h->tab))
        return false;
    if (n > 1 && !take_name(r, EVENT_NAME_MAX, &h->name))
        return false;
    if (n > 2 && !cursor_uint(&r->c, &h->previous))
        return false;
    if (n > 3 && !cursor_uint(&r->c, &engaged))
        return false;
    h->engaged = engaged < ENGAGED_MAX_MS ? (uint32_t)engaged : ENGAGED_MAX_MS;
    if (n > 4 && !cursor_uint(&r->c, &stay))
        return false;
    if (n > 5 && !cursor_uint(&r->c, &traits))
        return false;
    if (n > 6 && !take_name(r, REFERRER_MAX, &h->referrer))
        return false;
    if (n > 7 && !take_name(r, CAMPAIGN_MAX, &h->campaign))
        return false;
    if (n > 8 && !take_name(r, CAMPAIGN_MAX, &h->term))
        return false;
    set_stay(h, stay);
    set_traits(h, traits);
    return n <= 9 || skip_many(r, n - 9);
}

static bool take_event(struct body_reader *r, struct hit *h)
{
    uint32_t n;

    if (!cursor_array(&r->c, &n))
        return false;
    if (n < BODY_EVENT_LEAST || r->hits == DATAGRAM_HITS_MAX)
        return cursor_fail(&r->c);
    *h = (struct hit){.site = r->site};
    return take_event_head(r, h) && take_event_tail(r, n - BODY_EVENT_LEAST, h);
}

int body_open(struct body_reader *r, const void *bytes, size_t n)
{
    uint32_t elements;

    cursor_init(&r->c, bytes, n);
    r->groups = r->events = r->extras = 0;
    r->names = r->hits = 0;
    if (!cursor_array(&r->c, &elements) || !cursor_int(&r->c, &r->start))
        return -1;
    if (elements < 1 || r->start < 0 || r->start > BODY_START_MAX) {
        cursor_fail(&r->c);
        return -1;
    }
    r->groups = elements - 1;
    return 0;
}

int body_next(struct body_reader *r, struct hit *h)
{
    if (r->events == 0 && !next_group(r))
        return cursor_done(&r->c) ? 0 : -1;
    r->events--;
    if (!take_event(r, h))
        return -1;
    r->hits++;
    return 1;
}
