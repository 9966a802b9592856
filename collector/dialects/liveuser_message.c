/* Messages are read by jansson and written by hand: of what is written only the site is a
 * text, and a site id needs no escapes. */
#include "liveuser_message.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include "../json_body.h"
#include "../ws_frame.h"

#define MESSAGE_ROOM                                                                  \
    256                 /* the longest, an update with a site of SITE_MAX, twice over \
                         */
#define NUMBERS_ROOM 64 /* both, of 8 and 13 digits */
#define TOTAL_BITS 40
#define TOTAL_MAX ((UINT64_C(1) << TOTAL_BITS) - 1)
#define COUNT_MAX (UINT64_MAX >> TOTAL_BITS)

uint64_t liveuser_told(uint64_t count, uint64_t total)
{
    return (count < COUNT_MAX ? count : COUNT_MAX) << TOTAL_BITS |
           (total < TOTAL_MAX ? total : TOTAL_MAX);
}

static enum liveuser_kind kind_of(struct slice type)
{
    if (slice_eq(type, SLICE("join")))
        return LIVEUSER_JOIN;
    return slice_eq(type, SLICE("heartbeat")) ? LIVEUSER_HEARTBEAT : LIVEUSER_NOTHING;
}

void liveuser_message_parse(struct liveuser_message *m, struct slice text)
{
    json_t *root = json_body_parse(text);
    struct slice site = json_body_text(root, "siteId");

    m->kind = kind_of(json_body_text(root, "type"));
    m->site_n = site.n < sizeof m->site ? site.n : sizeof m->site;
    if (m->site_n > 0)
        memcpy(m->site, site.p, m->site_n);
    json_decref(root);
}

static void put_text(struct buf *out, const char *text, int n)
{
    ws_frame_head(out, WS_TEXT, (uint64_t)n);
    buf_add(out, text, (size_t)n);
}

/* ,"count":3,"totalCount":1234 */
static const char *numbers(uint64_t told, bool with_total, char text[NUMBERS_ROOM])
{
    int n = snprintf(text, NUMBERS_ROOM, ",\"count\":%" PRIu64, told >> TOTAL_BITS);

    if (with_total)
        snprintf(text + n, NUMBERS_ROOM - (size_t)n, ",\"totalCount\":%" PRIu64,
                 told & TOTAL_MAX);
    return text;
}

void liveuser_put_update(struct buf *out, uint64_t told, bool with_total)
{
    char text[MESSAGE_ROOM], said[NUMBERS_ROOM];

    put_text(out, text,
             snprintf(text, sizeof text, "{\"type\":\"update\"%s}",
                      numbers(told, with_total, said)));
}

void liveuser_put_update_of(struct buf *out, struct slice site, uint64_t told, ms_t at)
{
    char text[MESSAGE_ROOM], said[NUMBERS_ROOM];

    put_text(out, text,
             snprintf(text, sizeof text,
                      "{\"type\":\"update\",\"siteId\":\"%.*s\"%s,\"timestamp\":%" PRId64
                      "}",
                      (int)site.n, site.p, numbers(told, false, said), at / 1000));
}

void liveuser_put_heartbeat(struct buf *out, ms_t now, const uint64_t *told,
                            bool with_total)
{
    char text[MESSAGE_ROOM], said[NUMBERS_ROOM];

    put_text(out, text,
             snprintf(text, sizeof text,
                      "{\"type\":\"heartbeat\",\"timestamp\":%" PRId64 "%s}", now / 1000,
                      told ? numbers(*told, with_total, said) : ""));
}

void liveuser_put_shutdown(struct buf *out)
{
    struct slice text = SLICE("{\"type\":\"shutdown\",\"message\":\"The server stops; "
                              "connect again.\"}");

    put_text(out, text.p, (int)text.n);
}
