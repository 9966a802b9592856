#include "replies.h"

#include <assert.h>
#include "conn.h"

void replies_init(struct replies *a)
{
    a->n = 0;
    buf_init(&a->bytes, POLLER_EVENTS_MAX * REPLY_KEPT_MAX);
}

void replies_fini(struct replies *a)
{
    buf_fini(&a->bytes);
}

bool replies_keep(struct replies *a, struct conn *c, const char *bytes, size_t n)
{
    assert(n > 0 && !c->answered && a->n < POLLER_EVENTS_MAX);
    if (n > REPLY_KEPT_MAX)
        return false;
    buf_add(&a->bytes, bytes, n);
    a->of[a->n] = c;
    a->end[a->n++] = a->bytes.n;
    c->answered = true;
    return true;
}

void replies_release(struct replies *a)
{
    size_t at = 0;

    for (unsigned i = 0; i < a->n; at = a->end[i++]) {
        a->of[i]->answered = false;
        conn_send(a->of[i], a->bytes.p + at, a->end[i] - at);
    }
    a->n = 0;
    buf_clear(&a->bytes);
}
