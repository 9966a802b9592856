/* audience: seats, each with a tab, and the sums over them that Redis should have. */
#include "audience.h"

#include <inttypes.h>
#include <string.h>

#include "../../proto/keys.h"

#define PAGES 8

/* Longer than what is told last may take, twice. */
#define LASTS_S 100

/* Any but none, with which a tab stays in the one it was in. */
static uint8_t draw_state(struct world *w)
{
    return (uint8_t)draw_from(w, STATE_NONE + 1, HIT_STATES - 1);
}

void audience_init(struct audience *a, struct oracle *o)
{
    memset(a, 0, sizeof *a);
    a->oracle = o;
    for (unsigned i = 0; i < SEATS; i++)
        a->seat[i] = (struct seat){
            .tab = 1000 + i,
            .person = (uint16_t)draw(o->world, PEOPLE * 3 / 4),
            .page = (uint8_t)draw(o->world, PAGES),
            .state = draw_state(o->world),
            .lasts = draw_yes(o->world, 200) ? LASTS_S : 0,
            .held = draw_yes(o->world, 300),
            .open = true,
        };
}

uint64_t audience_move(struct audience *a)
{
    struct world *w = a->oracle->world;
    uint64_t left = 0;

    for (unsigned i = 0; i < SEATS; i++) {
        struct seat *s = &a->seat[i];

        if (draw_yes(w, 300))
            s->state = draw_state(w);
        if (draw_yes(w, 200))
            s->page = (uint8_t)draw(w, PAGES);
        if (!draw_yes(w, 300))
            continue;
        s->open = false;
        left |= UINT64_C(1) << i;
    }
    return left;
}

void audience_hit(struct audience *a, unsigned i, bool leave, int64_t day,
                  bool after_midnight, mono_t at, struct hit *h)
{
    const struct seat *s = &a->seat[i];

    oracle_crowd_hit(a->oracle, s->person, s->page, day, after_midnight, h);
    h->kind = leave ? HIT_LEAVE : HIT_HEARTBEAT;
    h->tab = s->tab;
    h->state = s->state;
    h->lasts = s->lasts;
    h->marks = s->held ? HIT_HELD : 0;
    h->at = at;
}

/* ---- what Redis should have ------------------------------------------------ */

static int rank(uint8_t state)
{
    static const int ranks[HIT_STATES] = {
        [STATE_BACKGROUND] = 1, [STATE_IDLE] = 2,    [STATE_NONE] = 3,
        [STATE_READING] = 3,    [STATE_WRITING] = 4,
    };

    return ranks[state];
}

static uint64_t number(const struct audience *a, struct key_name key, const char *name)
{
    struct slice text = redis_model_get(&a->oracle->redis->model, key.s, name);
    uint64_t v = 0;

    for (size_t i = 0; i < text.n; i++)
        v = v * 10 + (uint64_t)(text.p[i] - '0');
    return v;
}

static uint64_t field(const struct audience *a, const char *name)
{
    return number(a, key_online(oracle_crowd(a->oracle)), name);
}

static void expect(const struct audience *a, const char *name, uint64_t want)
{
    uint64_t has = field(a, name);

    if (has != want)
        world_fail(a->oracle->world,
                   "the crowd: online %.40s is %" PRIu64 ", not %" PRIu64, name, has,
                   want);
}

/* How many people are of each rank; index 0: of none. */
static void count_ranks(const struct audience *a, uint64_t counts[5])
{
    int best[PEOPLE] = {0};

    for (unsigned i = 0; i < SEATS; i++) {
        const struct seat *s = &a->seat[i];

        if (s->open && best[s->person] < rank(s->state))
            best[s->person] = rank(s->state);
    }
    for (unsigned i = 0; i < PEOPLE; i++)
        counts[best[i]]++;
}

void audience_check_total(const struct audience *a)
{
    uint64_t counts[5] = {0}, has;

    node_redis_clock(a->oracle->redis);
    count_ranks(a, counts);
    has = field(a, "w") + field(a, "r") + field(a, "i") + field(a, "b");
    if (has != PEOPLE - counts[0])
        world_fail(a->oracle->world, "the crowd: %" PRIu64 " are online, not %" PRIu64,
                   has, PEOPLE - counts[0]);
}

static void check_page(const struct audience *a, unsigned page, size_t *fields)
{
    bool there[PEOPLE] = {false};
    char name[PATH_MAX_BYTES + 8];
    uint64_t n = 0;
    struct hit h;

    for (unsigned i = 0; i < SEATS; i++)
        if (a->seat[i].open && a->seat[i].page == page) {
            n += !there[a->seat[i].person];
            there[a->seat[i].person] = true;
        }
    oracle_crowd_hit(a->oracle, 0, page, 0, false, &h);
    snprintf(name, sizeof name, FIELD_PAGE "%.*s", (int)h.path.n, h.path.p);
    expect(a, name, n);
    *fields += n > 0;
}

/* All tabs are fresh. Returns how many fields say so: none if nobody ever had a tab that
 * says how long it lasts. */
static size_t check_fresh(const struct audience *a, const uint64_t counts[5])
{
    struct key_name key = key_online(oracle_crowd(a->oracle));

    if (redis_model_get(&a->oracle->redis->model, key.s, "fw").n == 0)
        return 0;
    expect(a, "fb", counts[1]);
    expect(a, "fi", counts[2]);
    expect(a, "fr", counts[3]);
    expect(a, "fw", counts[4]);
    return 4;
}

/* So many are there, and have said so. */
static void check_peaks(const struct audience *a, uint64_t people)
{
    struct key_name key = key_totals(oracle_crowd(a->oracle));
    uint64_t day = number(a, key, "dpeak"), all = number(a, key, "peak");

    if (day < people || all < day || all > PEOPLE)
        world_fail(a->oracle->world,
                   "the crowd: %" PRIu64 " are online, and the peaks are %" PRIu64
                   " of the day and %" PRIu64 " ever",
                   people, day, all);
}

void audience_check(const struct audience *a)
{
    struct key_name key = key_online(oracle_crowd(a->oracle));
    uint64_t counts[5] = {0}, tabs = 0, members = 0;
    size_t fields = 6;

    node_redis_clock(a->oracle->redis);
    count_ranks(a, counts);
    for (unsigned i = 0; i < SEATS; i++) {
        tabs += a->seat[i].open;
        members += a->seat[i].open && a->seat[i].held;
    }
    expect(a, "b", counts[1]);
    expect(a, "i", counts[2]);
    expect(a, "r", counts[3]);
    expect(a, "w", counts[4]);
    expect(a, "tabs", tabs);
    expect(a, "m", members);
    fields += check_fresh(a, counts);
    check_peaks(a, PEOPLE - counts[0]);
    for (unsigned page = 0; page < PAGES; page++)
        check_page(a, page, &fields);
    if (tabs > 0 && redis_model_fields(&a->oracle->redis->model, key.s) != fields)
        world_fail(a->oracle->world,
                   "the crowd: somebody is online on a page nobody has");
}
