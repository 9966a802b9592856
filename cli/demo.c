/* Beacons are taken from the day when they are due and given to the lanes; in between it
 * waits for answers. Closing, by --for or a signal, everybody leaves, so that nobody is
 * online a second later.
 *
 * When nothing could be sent for a while (the machine slept, the collector was stopped),
 * the day goes on where it was: what would have happened meanwhile would come at once,
 * and look like a crowd. */
#include "demo.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "demo_text.h"
#include "interrupt.h"
#include "schedule.h"

#define LAG_MAX_MS 3000 /* behind its time the day makes no attempt to catch up */

/* ---- options ------------------------------------------------------------- */

/* "09:40" -> ms since midnight, or -1. */
static ms_t parse_clock(const char *text)
{
    int hour, minute, n = 0;

    if (sscanf(text, "%2d:%2d%n", &hour, &minute, &n) != 2 || text[n] || n != 5 ||
        hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return -1;
    return (hour * 60 + minute) * (ms_t)MS_PER_MINUTE;
}

bool demo_plan(struct demo_plan *plan, const struct demo_opts *opts, const char *speed)
{
    struct tempo tempo;

    if (!tempo_parse(&tempo, speed) || tempo.speed == 0) {
        complain("--speed of a demo must be a number from 0.001 to 1000000, not \"%s\"",
                 speed);
        return false;
    }
    *plan = (struct demo_plan){.seed = (uint64_t)opts->seed,
                               .speed = tempo.speed,
                               .from = parse_clock(opts->from),
                               .visitors = opts->visitors};
    if (plan->from < 0)
        complain("--day-from must be a time of day like 09:40, not \"%s\"", opts->from);
    return plan->from >= 0;
}

/* ---- playing ------------------------------------------------------------- */

static void count(struct demo *d)
{
    switch (d->beacon.kind) {
    case 'v':
        d->visitors += d->beacon.view == 1;
        d->views++;
        return;
    case 'e':
        d->events++;
        return;
    case 'h':
        d->heartbeats++;
        return;
    default:
        d->leaves++;
    }
}

/* Returns false when there is no room. */
static bool send_held(struct demo *d)
{
    struct buf query, headers;
    bool sent;

    buf_init(&query, DEMO_TEXT_MAX);
    buf_init(&headers, DEMO_TEXT_MAX);
    demo_query(&d->beacon, d->site, &query);
    demo_headers(&d->beacon, &headers);
    assert(!query.full && !headers.full);
    sent = lanes_send_as(d->lanes, d->beacon.who, buf_get(&query), buf_get(&headers));
    buf_fini(&query);
    buf_fini(&headers);
    if (sent)
        count(d);
    return sent;
}

/* Gives out what is due and finds room. Returns when to come back. */
static mono_t give_out(struct demo *d, mono_t now)
{
    ms_t due;

    for (;;) {
        if (!d->holding) {
            due = demo_day_due(&d->day);
            if (due == DEMO_NEVER)
                return now + PROGRESS_EVERY_MS;
            if (due > now - d->start)
                return d->start + due;
            demo_day_take(&d->day, &d->beacon);
        }
        d->holding = !send_held(d);
        if (d->holding)
            return now + PROGRESS_EVERY_MS; /* room comes with answers, which end poll */
    }
}

/* A day that has fallen behind goes on from where it is. */
static void catch_breath(struct demo *d, mono_t now)
{
    ms_t due = d->holding ? d->beacon.at : demo_day_due(&d->day);

    if (due != DEMO_NEVER && now - d->start - due > LAG_MAX_MS)
        d->start = now - due;
}

static void draw(struct demo *d, mono_t now)
{
    ms_t clock = demo_day_clock(&d->day, now - d->start) / MS_PER_MINUTE;
    struct buf text;

    buf_init(&text, 256);
    buf_printf(&text, "%02d:%02d in the shop, %zu there, %" PRIu64 " views sent",
               (int)(clock / 60), (int)(clock % 60), d->day.here, d->views);
    progress_show(&d->progress, buf_get(&text), now);
    buf_fini(&text);
}

/* Waits until @due or until an answer comes. */
static void wait_for(struct demo *d, mono_t due)
{
    struct pollfd fds[REPLAY_CONNECTIONS_MAX];
    nfds_t n = lanes_fds(d->lanes, fds);
    mono_t ms = due - mono_now();

    ms = ms < 0 ? 0 : ms > PROGRESS_EVERY_MS ? PROGRESS_EVERY_MS : ms;
    if (interrupt_poll(fds, n, ms) > 0)
        lanes_on_poll(d->lanes, fds, n, mono_now());
}

/* Closes when it is time, or somebody says so. */
static void close_in_time(struct demo *d, mono_t now)
{
    if (d->closed || (!interrupt_seen() && now < d->until))
        return;
    d->closed = true;
    demo_day_close(&d->day, now - d->start);
}

static bool is_over(struct demo *d)
{
    return interrupt_seen() > 1 ||
           (d->closed && !d->holding && demo_day_due(&d->day) == DEMO_NEVER &&
            lanes_waiting(d->lanes) == 0);
}

enum command_exit demo_run(struct demo *d, const struct demo_plan *plan, long seconds)
{
    demo_day_open(&d->day, plan);
    d->start = d->progress.started = mono_now();
    d->until = seconds > 0 ? d->start + seconds * 1000 : DEMO_NEVER;
    while (!is_over(d)) {
        mono_t now = mono_now(), due;

        if (lanes_given_up(d->lanes, now)) {
            progress_clear(&d->progress);
            complain("the collector is gone: %s", lanes_why(d->lanes));
            return EXIT_UNREACHABLE;
        }
        catch_breath(d, now);
        close_in_time(d, now);
        due = give_out(d, now);
        lanes_flush(d->lanes, now);
        draw(d, now);
        wait_for(d, due < d->until ? due : d->until);
    }
    progress_clear(&d->progress);
    if (interrupt_seen())
        return EXIT_INTERRUPTED;
    return tally_is_good(d->tally) ? EXIT_FINE : EXIT_NO;
}

/* ---- the report ---------------------------------------------------------- */

void demo_text(const struct demo *d, mono_t ms, struct buf *out)
{
    buf_printf(out,
               "%.*s: visitors %" PRIu64 ", views %" PRIu64 ", events %" PRIu64
               ", heartbeats %" PRIu64 ", leaves %" PRIu64,
               (int)d->site.n, d->site.p, d->visitors, d->views, d->events, d->heartbeats,
               d->leaves);
    if (d->day.turned_away > 0)
        buf_printf(out, ", turned away %" PRIu64, d->day.turned_away);
    buf_str(out, "\n");
    tally_text_sent(d->tally, ms, out);
}

void demo_json(const struct demo *d, mono_t ms, struct buf *out)
{
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = {{"visitors", d->visitors}, {"views", d->views},
                  {"events", d->events},     {"heartbeats", d->heartbeats},
                  {"leaves", d->leaves},     {"turned_away", d->day.turned_away}};
    struct json j;

    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "site");
    json_slice(&j, d->site);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        json_key(&j, counts[i].key);
        json_u64(&j, counts[i].value);
    }
    tally_json_sent(d->tally, ms, &j);
    json_end(&j);
    buf_str(out, "\n");
}
