/* beacon: takes the known parameters out of a query, then checks them one by one.
 *
 * The hot path of the collector: nothing is allocated, a parameter is decoded into the
 * beacon's own text only if it has something to decode, and the first mistake found is
 * the verdict. */
#include "beacon.h"

#include "query.h"

const char *beacon_verdict_name(enum beacon_verdict v)
{
    static const char *const names[] = {
        [BEACON_OK] = "ok",
        [BEACON_NO_SITE] = "no_site",
        [BEACON_BAD_SITE] = "bad_site",
        [BEACON_BAD_KIND] = "bad_kind",
        [BEACON_BAD_STATE] = "bad_state",
        [BEACON_BAD_PATH] = "bad_path",
        [BEACON_BAD_NAME] = "bad_name",
        [BEACON_BAD_VISITOR] = "bad_visitor",
        [BEACON_UNKNOWN_SITE] = "unknown_site",
        [BEACON_FOREIGN_ORIGIN] = "foreign_origin",
        [BEACON_BAD_QUERY] = "bad_query",
        [BEACON_BAD_BODY] = "bad_body",
        [BEACON_TOO_MANY] = "too_many",
    };

    return names[v];
}

void beacon_clear(struct beacon *b)
{
    memset(b, 0, offsetof(struct beacon, text));
}

/* Where the field of a letter stands, one more than that; 0: the letter has none. */
#define AT(field) (1 + offsetof(struct beacon, field))
static const uint16_t places[256] = {
    ['i'] = AT(site),  ['p'] = AT(path),     ['k'] = AT(kind),  ['e'] = AT(name),
    ['u'] = AT(user),  ['v'] = AT(tab),      ['a'] = AT(state), ['d'] = AT(engaged),
    ['t'] = AT(title), ['r'] = AT(referrer), ['q'] = AT(query), ['_'] = AT(sent),
};

/* The same of a name that is not one letter as sent. */
static size_t place_of(struct slice name)
{
    if (name.n == 1)
        return places[(uint8_t)*name.p];
    return slice_eq(name, SLICE("utm_campaign")) ? AT(campaign)
           : slice_eq(name, SLICE("utm_term"))   ? AT(term)
           : slice_eq(name, SLICE("utm_source")) ? AT(source)
           : slice_eq(name, SLICE("send_image")) ? AT(image)
                                                 : 0;
}

/* Decodes @value, which @q has just read, into @field, the text used so far being *@used
 * bytes: no more than what was read of the query. A path that is too long stays as it
 * came: beacon_hit refuses it by its length. */
static void fill(struct beacon *b, const struct query *q, struct slice *field,
                 struct slice value, size_t *used)
{
    char *free_text = b->text + *used;

    if (field == &b->path && value.n > PATH_RAW_MAX)
        *field = value;
    else
        *field = query_decode_value(q, value, free_text);
    if (field->p == free_text)
        *used += field->n;
}

enum beacon_verdict beacon_from_query(struct beacon *b, struct slice query)
{
    struct slice name, value, *field;
    size_t used = 0, place;
    struct query q;

    beacon_clear(b);
    if (query.n > sizeof b->text)
        return BEACON_BAD_BODY;
    query_init(&q, query);
    while (query_next(&q, &name, &value)) {
        if (name.n == 1) /* which stands for itself, or for no field */
            place = places[(uint8_t)*name.p];
        else /* decoded to where the value goes then */
            place = place_of(query_decode(name, b->text + used));
        if (!place)
            continue;
        field = (struct slice *)(void *)((char *)b + place - 1);
        if (field->p)
            continue;
        if (query_coded(&q, value))
            fill(b, &q, field, value, &used);
        else
            *field = value;
    }
    b->no_image = slice_eq(b->image, SLICE("0"));
    return BEACON_OK;
}

/* One of the values of a parameter, by its letter or in full. */
struct word {
    char letter;
    const char *word;
    uint8_t value;
};

static const struct word kinds[] = {
    {'v', "view", HIT_VIEW},     {'h', "heartbeat", HIT_HEARTBEAT},
    {'l', "leave", HIT_LEAVE},   {'e', "event", HIT_EVENT},
    {'v', "pageview", HIT_VIEW},
};
static const struct word states[] = {
    {'r', "reading", STATE_READING},
    {'w', "writing", STATE_WRITING},
    {'i', "idle", STATE_IDLE},
    {'b', "background", STATE_BACKGROUND},
};

static bool find_word(const struct word *words, size_t n, struct slice text,
                      uint8_t *value)
{
    for (size_t i = 0; i < n; i++) {
        if (text.n == 1 ? text.p[0] == words[i].letter
                        : slice_eq(text, slice_of(words[i].word))) {
            *value = words[i].value;
            return true;
        }
    }
    return false;
}

#define FIND_WORD(words, text, value) \
    find_word(words, sizeof(words) / sizeof *(words), text, value)

/* What the parameter e says. */
enum naming { NAME_ABSENT, NAME_IS_PATH, NAME_GIVEN };

static enum naming naming_of(struct slice e)
{
    if (e.n == 0 || slice_eq(e, SLICE("0")) || slice_eq(e, SLICE("false")))
        return NAME_ABSENT;
    if (slice_eq(e, SLICE("1")) || slice_eq(e, SLICE("true")))
        return NAME_IS_PATH;
    return NAME_GIVEN;
}

static enum beacon_verdict check_kind(const struct beacon *b, enum naming naming,
                                      struct hit *h)
{
    h->kind = HIT_VIEW;
    if (b->kind.n > 0 && !FIND_WORD(kinds, b->kind, &h->kind))
        return BEACON_BAD_KIND;
    if (naming != NAME_ABSENT)
        h->kind = HIT_EVENT;
    if (b->state.n > 0 && !FIND_WORD(states, b->state, &h->state))
        return BEACON_BAD_STATE;
    return BEACON_OK;
}

/* A script that went on to another page by itself ("-") still has the title of the one
 * before; its next heartbeat has that of the new one. */
static bool tells_title(const struct beacon *b, const struct hit *h)
{
    bool is_step = h->kind == HIT_VIEW && slice_eq(b->referrer, SLICE("-"));

    return b->title.n > 0 && h->kind != HIT_LEAVE && !is_step;
}

static enum beacon_verdict check_texts(const struct beacon *b, enum naming naming,
                                       struct slice referer, struct hit *h,
                                       struct beacon_texts *texts)
{
    struct slice path = naming == NAME_IS_PATH ? (struct slice){0} : b->path;

    if (b->path.n > PATH_RAW_MAX)
        return BEACON_BAD_PATH;
    if (path.n == 0)
        path = referer;
    h->path = path_normalize(path, texts->path);
    if (h->kind != HIT_EVENT) {
        if (tells_title(b, h))
            h->name = name_normalize(b->title, texts->name);
        return BEACON_OK;
    }
    if (naming != NAME_ABSENT)
        h->name = name_normalize(naming == NAME_GIVEN ? b->name : b->path, texts->name);
    return h->name.n > 0 ? BEACON_OK : BEACON_BAD_NAME;
}

uint64_t beacon_tab(const struct secret *secret, int64_t day, struct slice tab)
{
    uint64_t id = siphash(secret_tab_key(secret, day), tab.p, tab.n);

    return id ? id : 1; /* 0 means none was given */
}

/* The host of the page that is shown: its address tells it, else who asked for the
 * beacon, else it is taken to be the host that was asked. */
static struct slice page_host(const struct beacon *b, const struct beacon_sender *from,
                              char *out)
{
    if (http_scheme(b->path) > 0)
        return host_normalize(b->path, out);
    return host_normalize(from->referer.n > 0 ? from->referer : from->host, out);
}

/* What the beacon says of it itself goes first, then the query, then the page. Returns
 * the source. */
static struct slice set_campaign(const struct beacon *b, struct slice page, struct hit *h,
                                 struct campaign_texts *texts)
{
    struct campaign c = {.name = {0}};

    campaign_take(&c, b->campaign, b->term, b->source, texts);
    campaign_read(&c, b->query, texts);
    campaign_read(&c, page, texts);
    h->campaign = c.name;
    h->term = c.term;
    return c.source;
}

/* Most views tell none, and are not to pay for those that do. */
static bool tells_campaign(const struct beacon *b, struct slice page)
{
    return (page.n | b->query.n | b->campaign.n | b->term.n | b->source.n) > 0;
}

/* What a view is told apart by. Where the browser says where it came from, that counts,
 * else what the link says. */
static void set_traits(const struct beacon *b, const struct beacon_sender *from,
                       struct agent_cache *agents, struct hit *h,
                       struct beacon_texts *texts)
{
    struct agent agent = agent_cache_read(agents, from->user_agent);
    struct slice query = campaign_query(b->path.n > 0 ? b->path : from->referer);
    struct slice referrer = b->referrer;
    char page[REFERRER_MAX];

    if (tells_campaign(b, query)) {
        struct slice source = set_campaign(b, query, h, &texts->campaign);

        referrer = referrer.n > 0 ? referrer : source;
    }
    h->device = agent.device;
    h->browser = agent.browser;
    if (from->country.n == sizeof h->country)
        memcpy(h->country, from->country.p, sizeof h->country);
    if (referrer.n == 0)
        return;
    h->referrer = host_normalize(referrer, texts->referrer);
    if (h->referrer.n > 0 && slice_eq(h->referrer, page_host(b, from, page)))
        h->referrer = SLICE("-");
}

static struct slice skip_digits(struct slice s)
{
    while (s.n > 0 && *s.p >= '0' && *s.p <= '9')
        s = slice_skip(s, 1);
    return s;
}

/* A page that reports nonsense here is there all the same, so it is no mistake: 0. */
static uint32_t engaged_ms(struct slice text)
{
    struct slice rest = skip_digits(text);
    size_t whole = text.n - rest.n;
    uint32_t ms = 0;

    if (rest.n > 0 && *rest.p == '.')
        rest = skip_digits(slice_skip(rest, 1));
    if (rest.n > 0)
        return 0;
    for (size_t i = 0; i < whole && ms < ENGAGED_MAX_MS; i++)
        ms = ms * 10 + (uint32_t)(text.p[i] - '0');
    return ms < ENGAGED_MAX_MS ? ms : ENGAGED_MAX_MS;
}

/* Who got a name a moment ago has the id of then, though midnight was since: yesterday's
 * of a name and today's of none are of no use to each other. */
static void set_visitor(const struct beacon *b, const struct beacon_sender *from,
                        const struct beacon_tools *tools, ms_t now, struct hit *h)
{
    bool is_new = b->named_at > 0 && b->user.n > 0;
    ms_t at = is_new ? b->named_at : now;
    struct visitor_ids ids = visitor_identify(tools->keys, tools->secret, at, b->site,
                                              b->user, &from->ip, from->user_agent);

    h->visitor = ids.visitor;
    h->previous = ids.previous;
    if (!is_new)
        return;
    ids = visitor_identify(tools->keys, tools->secret, at, b->site, (struct slice){0},
                           &from->ip, from->user_agent);
    h->previous = ids.visitor;
    h->marks |= HIT_NAMED;
}

enum beacon_verdict beacon_hit(const struct beacon *b, const struct beacon_sender *from,
                               const struct beacon_tools *tools, ms_t now, mono_t at,
                               struct hit *h, struct beacon_texts *texts)
{
    enum naming naming = naming_of(b->name);
    enum beacon_verdict v;

    *h = (struct hit){.site = b->site, .at = at};
    if (b->site.n == 0)
        return BEACON_NO_SITE;
    if (!site_valid(b->site))
        return BEACON_BAD_SITE;
    if (b->user.n > CLIENT_ID_MAX || b->tab.n > CLIENT_ID_MAX)
        return BEACON_BAD_VISITOR;
    if ((v = check_kind(b, naming, h)) != BEACON_OK)
        return v;
    if ((v = check_texts(b, naming, from->referer, h, texts)) != BEACON_OK)
        return v;
    set_visitor(b, from, tools, now, h);
    if (h->kind == HIT_VIEW)
        set_traits(b, from, tools->agents, h, texts);
    h->lasts = b->lasts;
    if (b->tab.n > 0)
        h->tab = beacon_tab(tools->secret, now / MS_PER_DAY, b->tab);
    h->engaged = engaged_ms(b->engaged);
    return BEACON_OK;
}
