/* words: whether a text holds one of many words, in one pass over it.
 *
 * Words are found anywhere, in any case: "bot" in "Googlebot/2.1". One that begins with
 * "!" is an exception: where it stands, a shorter word that ends with it is not taken for
 * one. So with "bot" and "!cubot" the maker of phones is no robot.
 *
 * Made once, then read by any number of threads. Pure; nothing is allocated to search. */
#ifndef HC_WORDS_H
#define HC_WORDS_H

#include "../../proto/limits.h"
#include "../../proto/slice.h"

struct words;

/* Makes them of @text, one a line as list.h has it. Returns them with one holder, or NULL
 * with one sentence in @err that begins with @name and tells the line: a word is shorter
 * than WORD_MIN, or there are more than WORDS_MAX, or together they take more than
 * WORDS_NODES_MAX. Aborts when out of memory. */
struct words *words_new(struct slice text, const char *name, char *err, size_t err_n);

/* One holder more. NULL: does nothing. Any thread. */
struct words *words_hold(struct words *w);

/* One fewer; the last one frees. NULL: does nothing. Any thread. */
void words_drop(struct words *w);

/* Whether one of them stands in @text. NULL: none. */
bool words_in(const struct words *w, struct slice text);

/* How many there are, exceptions too. */
size_t words_count(const struct words *w);

#endif
