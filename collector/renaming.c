/* Names are found as they are spelt, whatever stands around them: the texts are ours, and
 * nothing else in them is spelt so. */
#include "renaming.h"

#include <assert.h>
#include <stdio.h>

static void set(struct rename_rule *rule, struct slice from, const char *before,
                struct slice name, const char *after)
{
    int n = snprintf(rule->text, sizeof rule->text, "%s%.*s%s", before, (int)name.n,
                     name.n ? name.p : "", after);

    assert(n >= 0 && (size_t)n < sizeof rule->text);
    rule->from = from;
    rule->to = (struct slice){rule->text, (size_t)n};
}

void renaming_init(struct renaming *r, const struct naming *n, struct slice web)
{
    set(&r->v[0], SLICE("hc.gif"), "", n->pixel, "");
    set(&r->v[1], SLICE("hc.js"), "", n->script, "");
    set(&r->v[2], SLICE("hc.src.js"), "", naming_stem(n), ".src.js");
    set(&r->v[3], SLICE("<base href=\"/\">"), "<base href=\"", n->base, "/\">");
    set(&r->v[4], SLICE("@web@"), "", web, "");
}

bool renaming_apply(const struct renaming *r, struct slice text, struct buf *out)
{
    bool changed = false;

    while (text.n > 0) {
        const struct rename_rule *hit = NULL;

        for (size_t i = 0; i < RENAMINGS && hit == NULL; i++)
            if (slice_starts(text, r->v[i].from))
                hit = &r->v[i];
        if (hit)
            changed |= !slice_eq(hit->from, hit->to);
        buf_slice(out, hit ? hit->to : (struct slice){text.p, 1});
        text = slice_skip(text, hit ? hit->from.n : 1);
    }
    return changed;
}
