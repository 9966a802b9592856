/* The numbers of the realtime answer under the names that dashboards know. */
#include "livestats_report.h"

#include "../../proto/json.h"

static void write_states(struct json *j, uint64_t writing, uint64_t reading,
                         uint64_t idle)
{
    json_key(j, "total");
    json_u64(j, writing + reading + idle);
    json_key(j, "idle");
    json_u64(j, idle);
    json_key(j, "reading");
    json_u64(j, reading);
    json_key(j, "writing");
    json_u64(j, writing);
}

static void write_pages(struct json *j, const struct summary *s)
{
    for (size_t i = 0; i < s->npages; i++) {
        if (s->pages[i].online == 0)
            continue;
        json_begin_object(j);
        json_key(j, "url");
        json_slice(j, s->pages[i].path);
        json_key(j, "title");
        json_slice(j, s->title[i]);
        json_key(j, "visitors");
        json_u64(j, s->pages[i].online);
        json_end(j);
    }
}

void livestats_report(const struct summary *s, struct slice site, unsigned how,
                      struct buf *out)
{
    const struct online *o = &s->online;
    struct json j;

    (void)site;
    (void)how;
    json_init(&j, out);
    json_begin_object(&j);
    json_key(&j, "aggregatedOnly");
    json_begin_object(&j);
    /* Who has the page behind another one, which this protocol cannot say, is idle. */
    write_states(&j, o->writing, o->reading, o->idle + o->background);
    json_end(&j);
    json_key(&j, "fullReport");
    json_begin_object(&j);
    write_states(&j, o->fresh.writing, o->fresh.reading,
                 o->fresh.idle + o->fresh.background);
    json_key(&j, "pages");
    json_begin_array(&j);
    write_pages(&j, s);
    json_end(&j);
    json_end(&j);
    json_end(&j);
    buf_slice(out, SLICE("\n"));
}
