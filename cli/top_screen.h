/* top_screen: what `headcount top` looks like. Pure: a model becomes text, exactly as
 * many lines as the screen has, none wider than it.
 *
 * top_screen draws whatever the model says is to be seen; the others are its parts. */
#ifndef HC_TOP_SCREEN_H
#define HC_TOP_SCREEN_H

#include "canvas.h"
#include "top_model.h"

#define TOP_SCREEN_MAX (4 * 1024 * 1024) /* bytes of a screen; more is cut */

/* Appends the screen. top_model_arrange must have been called. */
void top_screen(const struct top_model *m, const struct term *term, struct buf *out);

/* The first line, from which on all else is older than it says: Redis away, paused; else
 * @left and the time. */
void top_screen_header(const struct top_model *m, struct canvas *c, const char *left);

/* The last line. */
void top_screen_keys(const struct top_model *m, struct canvas *c, const char *keys);

/* The site that is open. */
void top_screen_site(const struct top_model *m, struct canvas *c);

/* One minute of @v where the busiest has @most: line @line, from 0 at the bottom, of
 * @lines. */
void top_screen_bar(struct canvas *c, uint64_t v, uint64_t most, unsigned line,
                    unsigned lines);

#endif
