/* tail_print: what `headcount tail` prints of a message, on stdout. */
#ifndef HC_TAIL_PRINT_H
#define HC_TAIL_PRINT_H

#include "filter.h"
#include "news.h"
#include "term.h"

struct tail_print {
    const struct filter *filter; /* of a message's events those that pass are shown */
    bool json;
    int site_width; /* of its column, 0: there is only one site */
    struct term term;
};

/* The names of the columns; nothing as JSON. */
void tail_print_head(const struct tail_print *p);

/* One line; @text is the message as it came, which JSON is printed from. */
void tail_print_message(const struct tail_print *p, const struct news *n,
                        struct slice text);

#endif
