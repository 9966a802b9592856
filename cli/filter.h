/* filter: which events of a feed somebody wants to see. Pure. */
#ifndef HC_FILTER_H
#define HC_FILTER_H

#include "../proto/opts.h"
#include "sighting.h"

struct filter {
    struct opt_list kinds; /* "view", "event", "message", "query"; empty: all */
    const char *path;      /* beginning of a path, or a pattern with *; NULL: any */
    const char *name;      /* the whole name; NULL: any */
    const char *grep;      /* somewhere in path, name or text; NULL: any */
};

/* Rows of options. */
#define FILTER_OPTS(opts_type, member)                                               \
    {.name = "kind",                                                                 \
     .arg = "KIND,...",                                                              \
     .type = OPT_LIST,                                                               \
     .offset = offsetof(opts_type, member.kinds),                                    \
     .help = "Only view, event, message or query.",                                  \
     .group = "Filters"},                                                            \
        {.name = "path",                                                             \
         .arg = "PATH",                                                              \
         .type = OPT_TEXT,                                                           \
         .offset = offsetof(opts_type, member.path),                                 \
         .help = "Only on paths that begin with PATH, or match it when it has a *, " \
                 "which stands for any text."},                                      \
        {.name = "name",                                                             \
         .arg = "NAME",                                                              \
         .type = OPT_TEXT,                                                           \
         .offset = offsetof(opts_type, member.name),                                 \
         .help = "Only events, or messages of senders, of this name."},              \
    {                                                                                \
        .name = "grep", .arg = "TEXT", .type = OPT_TEXT,                             \
        .offset = offsetof(opts_type, member.grep),                                  \
        .help = "Only what has TEXT in its path, name or text."                      \
    }

/* Returns 0, or -1 with a sentence that names the option in @err. */
int filter_check(const struct filter *f, char *err, size_t err_n);

/* Whether it takes everything. */
bool filter_is_open(const struct filter *f);

bool filter_takes(const struct filter *f, const struct sighting *s);

/* Whether @text is @pattern, in which * stands for any text, / and none included. */
bool pattern_matches(struct slice pattern, struct slice text);

#endif
