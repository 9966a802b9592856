/* deadlines: when to give up on whom, for any number of waiting things and one timer.
 *
 * Every class of deadline has one constant length, so what is set last is due last: each
 * class is a list in order of setting, and its head is always due first. Setting,
 * clearing and finding the next one due take constant time. No clock: the time is given.
 */
#ifndef HC_DEADLINES_H
#define HC_DEADLINES_H

#include "../proto/units.h"

enum deadline_class {
    DEADLINE_IDLE,    /* a kept-alive connection: until the next request begins */
    DEADLINE_HEAD,    /* from the first byte of a head to its last */
    DEADLINE_BODY,    /* from the end of the head to the end of the body */
    DEADLINE_WAIT,    /* until Redis has answered */
    DEADLINE_WRITE,   /* until the client has read enough of an answer */
    DEADLINE_DRAIN,   /* after the last answer */
    DEADLINE_SILENCE, /* until a silent stream gets a comment */
    DEADLINE_PING,    /* until a silent WebSocket gets a ping */
    DEADLINE_FEED,    /* until a silent connection of the feed port gets a sign of life */
    DEADLINE_FIRST,   /* until a stream that tells of members begins to */
    DEADLINE_AUDIENCE, /* until a silent stream of Audience Meter is told again */
    DEADLINE_REPORT,   /* how long a finished report is kept */
    DEADLINE_PACE,     /* between two states of a watch */
    DEADLINE_READ,     /* until a watch reads its site again, which Redis did not give */
    DEADLINE_QUIET,    /* the same, when no message came */
    DEADLINE_SETTLING, /* the same, while the site settles */
    DEADLINE_RELEASE,  /* how long a site is subscribed that nobody watches */
    DEADLINE_JOIN,     /* until a member counts that was delayed */
    DEADLINE_BEAT,     /* between two heartbeats of a member */
    DEADLINE_AUDIENCE_LIFE, /* --max-conn-duration */
    DEADLINE_REGISTER,      /* until it is read anew which sites were added */
    DEADLINE_REGISTER_REST, /* the same after a reading, if there is a reason */
};
#define DEADLINE_CLASSES 22
#define DEADLINE_CONN_CLASSES DEADLINE_REPORT /* those before it are connections' */

/* Embedded in whatever has a deadline; all zero: has none. In at most one list. */
struct deadline {
    struct deadline *prev, *next; /* in the class' list; not NULL while set */
    mono_t due;
    enum deadline_class class;
};

struct deadlines {
    struct deadline list[DEADLINE_CLASSES]; /* sentinels: next is the head */
    int ms[DEADLINE_CLASSES];
};

/* @ms: the length of each class. */
void deadlines_init(struct deadlines *ds, const int ms[DEADLINE_CLASSES]);

/* Sets @d to @now plus the class' length; an earlier setting is forgotten. @now must not
 * go back between calls, or deadlines of one class fire late. */
void deadline_set(struct deadlines *ds, struct deadline *d, enum deadline_class class,
                  mono_t now);

/* Forgets @d; it may have none. */
void deadline_clear(struct deadline *d);

/* Clears and returns one that is due, or NULL. Call until NULL. */
struct deadline *deadlines_take(struct deadlines *ds, mono_t now);

/* When the next one is due, INT64_MAX when none is set. */
mono_t deadlines_next(const struct deadlines *ds);

/* The one set longest ago in a class, or NULL; it stays set. */
struct deadline *deadlines_oldest(const struct deadlines *ds, enum deadline_class class);

#endif
