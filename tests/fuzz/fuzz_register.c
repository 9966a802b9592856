/* What Redis says of sites that were added and of whose pages may send their hits: bytes
 * through hiredis' reader, and its replies through the reading of the register. What
 * comes of it is compared with those replies, counted anew one by one.
 *
 * The first byte: 1 the rest are the bytes of Redis, else lines of them (resp_lines.h).
 * In texts | stands for the end of a line.
 *
 * Questions go to fuzz_link.h, which answers them with those replies. */
#include <stdint.h>
#include <stdlib.h>

#include "../../collector/beacon.h"
#include "../../collector/hub.h"
#include "../../collector/worker.h"
#include "../../proto/hit.h"
#include "../../proto/origin.h"
#include "../../proto/privacy.h"
#include "../resp_lines.h"

#define CALLS_MAX 64
#define ASKS(argc) ((argc) > 3 && (argc) <= REGISTER_BATCH + 5)
#include "fuzz_link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct worker *worker;

static void must(bool claim)
{
    if (!claim)
        abort();
}

/* ---- what Redis says ---- */

/* As often as it is read: for the program, and anew to count what is in it. */
static void break_lines(redisReply *reply)
{
    if (reply->type == REDIS_REPLY_STRING)
        for (size_t i = 0; i < reply->len; i++)
            if (reply->str[i] == '|')
                reply->str[i] = '\n';
    if (reply->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; i < reply->elements; i++)
            break_lines(reply->element[i]);
}

static redisReply *next_reply(redisReader *reader)
{
    redisReply *reply = resp_next(reader);

    if (reply)
        break_lines(reply);
    return reply;
}

/* ---- counted anew ---- */

static enum admission judge(struct slice site, const char *origin, size_t n,
                            bool opts_out)
{
    const struct beacon_sender from = {.origin = {origin, n}, .opts_out = opts_out};

    return register_judge(worker->site_register, false, site, &from);
}

static bool is_known(size_t n, struct slice name)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(register_name(worker->site_register, i), name))
            return true;
    return false;
}

/* Each name that is one, in its order. Returns how many others there are. */
static size_t expect_names(const redisReply *reply)
{
    size_t left_out = (size_t)reply->element[0]->integer, n = 0;

    for (size_t i = 1; i < reply->elements; i++) {
        const redisReply *r = reply->element[i];
        struct slice name = {r->str, r->len};

        if (r->type != REDIS_REPLY_STRING || !site_valid(name) || is_known(n, name)) {
            left_out++;
            continue;
        }
        must(n < register_sites(worker->site_register));
        must(slice_eq(register_name(worker->site_register, n++), name));
        must(register_judge(worker->site_register, false, name, NULL) == ADMITTED);
    }
    must(n == register_sites(worker->site_register));
    return left_out;
}

/* Who is listed may send, and with a list a stranger may not. Returns how many lines are
 * left out. */
static size_t expect_settings(struct slice site, struct slice lines)
{
    static const char stranger[] = "https://who.is.nowhere.example:4711";
    struct slice privacy = take_line(&lines);
    bool heeds = privacy.n > 0 && privacy_is_heeded(privacy), strange = false;
    size_t left_out = 0, taken = 0, n;
    char text[ORIGIN_MAX], other[ORIGIN_MAX];
    struct origin o, s;

    must(origin_read(&s, SLICE(stranger), other, &n));
    while (lines.n > 0) {
        if (taken == ORIGINS_MAX || !origin_read(&o, take_line(&lines), text, &n)) {
            if (taken == ORIGINS_MAX)
                take_line(&lines);
            left_out++;
            continue;
        }
        taken++;
        strange |= origin_matches(&o, &s);
        if (!o.is_wild)
            must(judge(site, text, n, false) == ADMITTED);
    }
    must((judge(site, SLICE(stranger).p, sizeof stranger - 1, false) == REFUSED_ORIGIN) ==
         (taken > 0 && !strange));
    must((judge(site, "", 0, true) == UNCOUNTED_OPTED_OUT) == heeds);
    return left_out;
}

/* What was read with one names' reply and those behind it. */
static void expect_register(redisReader *anew)
{
    redisReply *reply = next_reply(anew);
    size_t left_out = expect_names(reply), n = register_sites(worker->site_register);

    freeReplyObject(reply);
    for (size_t i = 0; i < n; i++) {
        if (i % REGISTER_BATCH == 0)
            reply = next_reply(anew);
        if (reply->element[i % REGISTER_BATCH]->type == REDIS_REPLY_STRING)
            left_out +=
                expect_settings(register_name(worker->site_register, i),
                                (struct slice){reply->element[i % REGISTER_BATCH]->str,
                                               reply->element[i % REGISTER_BATCH]->len});
        if (i % REGISTER_BATCH == REGISTER_BATCH - 1 || i == n - 1)
            freeReplyObject(reply);
    }
    must(worker->counters.sites_added == n);
    must(worker->counters.sites_left_out == left_out);
}

/* ---- one input ---- */

static void set_up(void)
{
    static const int ms[DEADLINE_CLASSES];
    static struct setup setup;

    worker = calloc(1, sizeof *worker);
    must(worker != NULL);
    worker->setup = &setup;
    worker->hub = calloc(1, sizeof *worker->hub);
    must(worker->hub != NULL && register_board_init(&worker->hub->board) == 0);
    worker->redis = (struct redis_link *)&setup; /* never looked into here */
    deadlines_init(&worker->deadlines, ms);
}

/* Reads it, and again what is due behind the rest; the log of a refusal is not asked for.
 */
static void read_twice(redisReader *reader, redisReader *anew)
{
    struct register_reading *r = &worker->register_reading;

    register_reading_init(r, worker);
    register_reading_wake(r);
    register_reading_wake(r);
    for (int i = 0; i < 2; i++) {
        uint64_t reads = worker->counters.register_reads;
        uint64_t failed = worker->counters.register_failed;

        r->refused = true;
        link_answer_all(reader, next_reply);
        must(r->state != REGISTER_READING && r->draft == NULL);
        must(worker->counters.register_reads + worker->counters.register_failed ==
             reads + failed + 1);
        if (worker->counters.register_reads == reads)
            break; /* where the next reply begins is not known any more */
        expect_register(anew);
        must(r->again);
        register_reading_due(&r->due);
        if (r->state != REGISTER_READING)
            break;
        register_reading_wake(r);
    }
    r->refused = true;
    link_answer_all(reader, next_reply);
    register_reading_fini(r);
    deadline_clear(&r->due);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = {(const char *)data, size};
    redisReader *reader, *anew;

    if (worker == NULL)
        set_up();
    if (size < 2 || !(reader = resp_reader(all)))
        return 0;
    anew = resp_reader(all);
    link_reset();
    read_twice(reader, anew);
    redisReaderFree(reader);
    redisReaderFree(anew);
    return 0;
}
