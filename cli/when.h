/* when: wall-clock times as people read them, in the local time zone. */
#ifndef HC_WHEN_H
#define HC_WHEN_H

#include "../proto/units.h"

#define WHEN_MAX 64

struct when {
    char s[WHEN_MAX]; /* NUL-terminated; "?" for a time that no calendar has */
};

struct when when_clock(ms_t t);  /* 10:11:12 */
struct when when_minute(ms_t t); /* 10:11 */
struct when when_full(ms_t t);   /* 2026-11-22 10:11:12 CET */
struct when when_zone(ms_t t);   /* CET (+0100) */

#endif
