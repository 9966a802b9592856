/* A list of any bytes, and a text that is looked through: what is found is what looking
 * for one word after the other finds. Up to the first byte 0 it is the list. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../collector/admission/domains.h"
#include "../../collector/admission/list.h"
#include "../../collector/admission/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static bool ends_with(struct slice text, struct slice word)
{
    if (word.n > text.n)
        return false;
    for (size_t i = 0; i < word.n; i++)
        if (tolower((uint8_t)text.p[text.n - word.n + i]) != tolower((uint8_t)word.p[i]))
            return false;
    return true;
}

/* Whether @text ends with a word, and no longer exception. Of one that stands in the list
 * both ways the last counts. */
static bool ends_as_word(struct slice list, struct slice text)
{
    struct list l;
    struct slice item;
    char err[256];
    size_t longest = 0;
    bool is_word = false;

    list_init(&l, list, "list");
    while (list_next(&l, &item, err, sizeof err) > 0) {
        bool excepts = item.p[0] == '!';

        item = slice_skip(item, excepts);
        if (item.n < longest || !ends_with(text, item))
            continue;
        longest = item.n;
        is_word = !excepts;
    }
    return is_word;
}

static void check_search(const struct words *w, struct slice list, struct slice text)
{
    bool want = false;

    for (size_t n = 1; n <= text.n && !want; n++)
        want = ends_as_word(list, (struct slice){text.p, n});
    must(words_in(w, text) == want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *end = size ? memchr(data, 0, size) : NULL;
    struct slice all = {(const char *)data, size};
    struct slice list = {all.p, end ? (size_t)(end - all.p) : size};
    struct slice text = slice_skip(all, list.n);
    char err[256] = "";
    struct words *w;
    struct domains *d;

    if (size > 2048) /* looking for each word takes its time */
        return 0;
    w = words_new(list, "list", err, sizeof err);
    must(w != NULL || strncmp(err, "list, line ", 11) == 0);
    if (w)
        check_search(w, list, text);
    words_drop(w);
    err[0] = '\0';
    d = domains_new(list, "list", err, sizeof err);
    must(d != NULL || strncmp(err, "list, line ", 11) == 0);
    if (d)
        domains_have(d, text);
    domains_drop(d);
    return 0;
}
