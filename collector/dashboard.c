/* A face of the report, and one of the list of sites. */
#include "dashboard.h"

#include <inttypes.h>
#include <stdio.h>
#include "dashboard_fill.h"
#include "pages.h"
#include "report.h"
#include "sites.h"
#include "worker.h"

#define NOT_KNOWN SLICE("–")

/* The page into @out, and what it is to be answered as. @data has the numbers, @online
 * among them; NULL: there are none. */
static struct reply page_of(struct buf *out, const struct asset *template,
                            struct slice name, const uint64_t *online, struct slice data)
{
    char number[24], title[SITE_MAX + 32];
    struct dashboard_words words = {name, NOT_KNOWN, data};

    if (online) {
        snprintf(number, sizeof number, "%" PRIu64, *online);
        snprintf(title, sizeof title, "(%s) %.*s", number, (int)name.n, name.p);
        words.online = slice_of(number);
        words.title = slice_of(title);
    } else {
        words.data = SLICE("null");
    }
    dashboard_fill(out, template->plain, &words);
    return (struct reply){.status = 200,
                          .type = template->type,
                          .headers = template->headers,
                          .body = buf_get(out)};
}

/* The same; an answer so large that the page has no room for it is left to the script. */
static struct reply page(struct buf *out, const struct asset *template, struct slice name,
                         const uint64_t *online, struct slice data)
{
    struct reply r = page_of(out, template, name, online, data);

    if (!out->full)
        return r;
    buf_clear(out);
    return page_of(out, template, name, NULL, data);
}

/* @wish: where the template is. */
static void show_site(struct report_answer *a, struct slice site,
                      const struct report_numbers *n, const void *wish)
{
    const struct asset *template;

    memcpy(&template, wish, sizeof template);
    a->reply = page(a->body, template, site, n ? &n->online : NULL, a->reply.body);
}

enum handled dashboard_site(struct exchange *x)
{
    const struct asset *template = &x->worker->setup->routing.assets.dashboard;

    if (!x->worker->setup->dashboard)
        return exchange_not_found(x);
    return report_always(x, show_site, &template, sizeof template);
}

static struct reply show_all(struct worker *w, const struct sites *s)
{
    buf_clear(&w->answer);
    return page(&w->answer, &w->setup->routing.assets.dashboard, SLICE("headcount"),
                s ? &s->online : NULL, s ? buf_get(&s->body) : SLICE("null"));
}

enum handled dashboard_home(struct exchange *x)
{
    if (!x->worker->setup->overview)
        return pages_home(x);
    return sites_answer(x, show_all);
}
