/* session: the cookie by which a dialect knows a browser again.
 *
 *   hc_livestats=68f0a1b2-00112233445566778899aabbccddeeff
 *
 * The time it was minted, in seconds since 1970, and 128 random bits, in hexadecimal:
 * opaque to everybody else, kept by nobody here. Pure. */
#ifndef HC_DIALECTS_SESSION_H
#define HC_DIALECTS_SESSION_H

#include <stdint.h>
#include "../../proto/slice.h"
#include "../../proto/units.h"

#define SESSION_RANDOM 16 /* bytes */
#define SESSION_TEXT (8 + 1 + 2 * SESSION_RANDOM)

/* How long after minting its owner may still have been counted without it, ms. */
#define SESSION_YOUNG_MS 120000

/* The value of the cookie @name in a Cookie header, as it was sent; empty: there is none.
 * Of several of that name the first. */
struct slice session_find(struct slice cookies, struct slice name);

/* Writes a new value into @out (SESSION_TEXT bytes) and returns it. */
struct slice session_mint(char *out, ms_t now, const uint8_t random[SESSION_RANDOM]);

/* Whether @value is of the shape of ours. */
bool session_valid(struct slice value);

/* When a valid one was minted, in whole seconds. */
ms_t session_minted(struct slice value);

/* Whether a valid one was minted less than SESSION_YOUNG_MS before @now, or, for clocks
 * of several hosts, after it. */
bool session_young(struct slice value, ms_t now);

/* Whether the page that sent the request is known to be of another origin than @host,
 * which was asked; without an Origin it is not known. Its scheme does not matter: a proxy
 * may have taken TLS off. */
bool session_is_foreign(struct slice origin, struct slice host);

#endif
