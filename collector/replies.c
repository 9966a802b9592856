#include "replies.h"

#include <assert.h>
#include "conn.h"

void replies_init(struct replies *rs)
{
    rs->n = 0;
    buf_init(&rs->bytes, POLLER_EVENTS_MAX * REPLY_KEPT_MAX);
}

void replies_fini(struct replies *rs)
{
    buf_fini(&rs->bytes);
}

bool replies_keep(struct replies *rs, struct conn *c, const char *bytes, size_t n)
{
    assert(n > 0 && !c->answered && rs->n < POLLER_EVENTS_MAX);
    if (n > REPLY_KEPT_MAX)
        return false;
    buf_add(&rs->bytes, bytes, n);
    rs->of[rs->n] = c;
    rs->end[rs->n++] = rs->bytes.n;
    c->answered = true;
    return true;
}

void replies_release(struct replies *rs)
{
    size_t at = 0;

    for (unsigned i = 0; i < rs->n; at = rs->end[i++]) {
        rs->of[i]->answered = false;
        conn_send(rs->of[i], rs->bytes.p + at, rs->end[i] - at);
    }
    rs->n = 0;
    buf_clear(&rs->bytes);
}
