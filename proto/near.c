/* The edit distance by one row of the table: row[j] is the cost of turning what was read
 * of the text into the first j characters of the name. */
#include "near.h"

#include <string.h>

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *text, size_t text_n, const char *name, size_t name_n)
{
    size_t row[NEAR_NAME_MAX];

    for (size_t j = 0; j <= name_n; j++)
        row[j] = j;
    for (size_t i = 1; i <= text_n; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= name_n; j++) {
            size_t replaced = diagonal + (text[i - 1] != name[j - 1]);

            diagonal = row[j];
            row[j] = smaller(replaced, smaller(row[j], row[j - 1]) + 1);
        }
    }
    return row[name_n];
}

void near_init(struct near *g, const char *text, size_t n)
{
    *g = (struct near){.text = text, .n = n, .distance = NEAR_NAME_MAX};
}

void near_consider(struct near *g, const char *name)
{
    size_t n = strlen(name);
    size_t d;

    if (n >= NEAR_NAME_MAX || g->n == 0)
        return;
    if (g->n < n && memcmp(name, g->text, g->n) == 0)
        d = 1;
    else
        d = distance(g->text, g->n, name, n);
    if (d < g->distance && d * 3 <= n) {
        g->distance = d;
        memcpy(g->best, name, n + 1);
    }
}
