/* goals: what an operator wants visitors of a site to reach, and which hits do. Pure.
 *
 * They are settings, fields `g:NAME` of hc:{S}:c: "path PATTERN" is reached by a view of
 * such a page, "event NAME" by an event of that name. In a pattern * stands for any text,
 * none included, wherever it is; all else is compared byte by byte with what is counted.
 *
 * The settings' field `v` says which version of them it is: scripts compare it and tell
 * the goals where it is another (commit.lua, claim.lua). They are kept by name. */
#ifndef HC_GOALS_H
#define HC_GOALS_H

#include "../proto/hit.h"
#include "../proto/limits.h"

/* A version is a text that is only compared; the scripts cut it to so many bytes. */
#define GOALS_VERSION_MAX 20

struct goal {
    bool is_event;
    uint8_t name_n;
    uint16_t what_n;
    char text[]; /* the name, then the pattern or the event's name */
};

struct goals {
    struct goal **goal; /* n of them, by name */
    uint8_t n;
    uint8_t version_n; /* 0: the site has none */
    char version[GOALS_VERSION_MAX];
};

void goals_init(struct goals *g);
void goals_fini(struct goals *g);

/* Forgets all goals; those of @version are added one by one. A longer one is cut. */
void goals_begin(struct goals *g, struct slice version);

/* Adds one setting. False, and nothing is added, when it is none that can be read, its
 * name is there already, there are GOALS_MAX, or there is no memory. */
bool goals_add(struct goals *g, struct slice field, struct slice value);

static inline struct slice goals_version(const struct goals *g)
{
    return (struct slice){g->version, g->version_n};
}

static inline struct slice goal_name(const struct goal *goal)
{
    return (struct slice){goal->text, goal->name_n};
}

/* Whether @path is one of @pattern's. Takes time linear in the lengths of both. */
bool goal_path_matches(struct slice pattern, struct slice path);

/* Whether a view or event reaches @goal; other hits reach none. */
bool goal_is_reached(const struct goal *goal, const struct hit *h);

size_t goals_bytes(const struct goals *g);

#endif
