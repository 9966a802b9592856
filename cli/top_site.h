/* top_site: what `headcount top` knows of one site. Pure.
 *
 * Filled by a read of Redis, kept up by messages, and never older than it looks: a site
 * whose messages ended while its numbers were not zero is read again. */
#ifndef HC_TOP_SITE_H
#define HC_TOP_SITE_H

#include "../proto/summary.h"
#include "message.h"

#define TOP_MINUTES 30 /* bars */

/* Whoever is on a site makes its aggregator publish at each minute's turn, ms. */
#define TOP_SILENT_MS 75000

/* A read that was overtaken by messages is repeated after this, ms. */
#define TOP_AGAIN_MS 1000

struct top_minute {
    uint64_t visitors, views;
};

struct top_site {
    bool is_read; /* the numbers below are known */
    bool wanted;  /* it should be read, not before @due */
    bool asked;   /* it is being read */
    bool told;    /* and a message came since */
    mono_t due;
    mono_t heard; /* when numbers last came */
    struct sequence sequence;
    ms_t at; /* when they were true, by the clock that counts */
    struct online online;
    struct peaks peaks;
    struct total total;
    uint64_t visitors, views; /* of MINUTES_DEFAULT, or less if less is kept */
    unsigned flags;           /* enum delta_flag */
    minute_t minute;          /* of bar[0], the running one */
    struct top_minute bar[TOP_MINUTES];
};

/* Wants a read, at the earliest at @due. */
void top_site_want(struct top_site *s, mono_t due);

/* It is being read. */
void top_site_asked(struct top_site *s);

/* Takes what was read. What messages told meanwhile is not taken back; then another read
 * is wanted. */
void top_site_read(struct top_site *s, const struct summary *summary, mono_t now);

/* Takes a message. Returns false when it is old news. A gap makes a read wanted. */
bool top_site_message(struct top_site *s, const struct delta *d, mono_t now);

/* The running minute is @minute now. */
void top_site_turn(struct top_site *s, minute_t minute);

/* Whether it has been silent for too long for what it shows. */
bool top_site_is_silent(const struct top_site *s, mono_t now);

#endif
