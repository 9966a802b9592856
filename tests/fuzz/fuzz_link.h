/* fuzz_link: the link to Redis of targets that are told what Redis says (--wrap puts it
 * in its place). What is asked is answered in order, and behind the last reply it is
 * broken.
 *
 * Before it is included: CALLS_MAX, how many may be asked of an input, and ASKS(argc),
 * whether so many words can be a question. */
#ifndef HC_FUZZ_LINK_H
#define HC_FUZZ_LINK_H

#include <stdlib.h>

#include "../../proto/loop/redis_link.h"

int __wrap_redis_link_call(struct redis_link *link, int argc, const char **argv,
                           const size_t *lens, redis_reply_fn fn, void *arg);
uint64_t __wrap_redis_link_generation(const struct redis_link *link);

static struct {
    redis_reply_fn fn;
    void *arg;
} call[CALLS_MAX];
static size_t asked, answered;
static bool broken;

/* As before anything was asked. */
static void link_reset(void)
{
    asked = answered = 0;
    broken = false;
}

int __wrap_redis_link_call(struct redis_link *link, int argc, const char **argv,
                           const size_t *lens, redis_reply_fn fn, void *arg)
{
    (void)lens;
    if (link == NULL || !ASKS(argc))
        abort();
    for (int i = 0; i < argc; i++)
        if (argv[i] == NULL)
            abort();
    if (broken || asked == CALLS_MAX)
        return -1;
    call[asked].fn = fn;
    call[asked++].arg = arg;
    return 0;
}

uint64_t __wrap_redis_link_generation(const struct redis_link *link)
{
    (void)link;
    return broken;
}

/* Answers what was asked, and what is asked upon that, with what @next reads: NULL breaks
 * the link. */
static void link_answer_all(redisReader *reader, redisReply *(*next)(redisReader *))
{
    while (answered < asked) {
        redisReply *reply = next(reader);
        size_t i = answered++;

        broken |= reply == NULL;
        call[i].fn(call[i].arg, reply);
        if (reply)
            freeReplyObject(reply);
    }
}

#endif
