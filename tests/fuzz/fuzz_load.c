/* What Redis says of a site that an aggregator reads back, and of its goals, from whoever
 * writes there. The first byte: 1 the bytes of Redis, else lines of them (resp_lines.h);
 * 2 goals. The connection breaks behind the last reply. */
#include <stdint.h>

#include "../../aggregator/commit.h"
#include "../../aggregator/load.h"
#include "../resp_lines.h"

#define NOON INT64_C(1795382900000) /* that of the claims in the corpus */
#define SITE SLICE("shop")

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct key key = {{7}};

static void must(bool claim)
{
    if (!claim)
        abort();
}

/* A site that is read back, until Redis has nothing more to say. */
static void read_back(redisReader *reader)
{
    enum load_step step = LOAD_MORE;
    struct command command;
    struct store *st = calloc(1, sizeof *st);
    struct load *l = calloc(1, sizeof *l);
    redisReply *reply;

    must(st && l);
    command_init(&command, COMMIT_BYTES_MAX);
    store_init(st, 30, &key, NOON);
    st->lazy = true;
    must(store_site(st, SITE) != NULL);
    load_begin(l, st, store_take_load(st), 9, NOON, true);
    do {
        command_clear(&command);
        load_next(l, SLICE("0123456789012345678901234567890123456789"), &command);
        must(command.n > 0);
        reply = resp_next(reader);
        step = load_take(l, reply);
        if (reply)
            freeReplyObject(reply);
    } while (step == LOAD_MORE);
    must(step != LOAD_AHEAD);
    load_fini(l);
    if (step == LOAD_DONE)
        store_loaded(st, store_find(st, SITE));
    store_fini(st);
    command_fini(&command);
    free(l);
    free(st);
}

static void take_goals(redisReader *reader)
{
    struct store *st = calloc(1, sizeof *st);
    redisReply *reply;
    uint64_t bad = 0;

    must(st != NULL);
    store_init(st, 30, &key, NOON);
    while ((reply = resp_next(reader)) != NULL) {
        commit_goals(store_site(st, SITE), reply, &bad);
        freeReplyObject(reply);
    }
    store_fini(st);
    free(st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    redisReader *reader;

    if (size < 2 || !(reader = resp_reader((struct slice){(const char *)data, size})))
        return 0;
    if (data[0] & 2)
        take_goals(reader);
    else
        read_back(reader);
    redisReaderFree(reader);
    return 0;
}
