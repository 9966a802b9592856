/* iso: a time as text, the way JavaScript writes a Date (ISO 8601, UTC, milliseconds). */
#ifndef HC_ISO_H
#define HC_ISO_H

#include "units.h"

struct iso {
    char s[32]; /* "2025-11-22T12:01:01.456Z" */
};

/* @t is at least 0; what has no year of four digits is the last that has. */
struct iso iso_of(ms_t t);

#endif
