/* One table row for each form: the first word, the third, what it means, and whether a
 * name follows. The second word is the site; who says it third is understood, too. */
#include "site_order.h"

#include <stdio.h>
#include "../proto/hit.h"
#include "../proto/near.h"
#include "setting.h"

enum follows { NOTHING, A_NAME, AN_ORIGIN };

struct form {
    const char *noun, *verb; /* verb "" where nothing need follow */
    enum site_verb order;
    enum follows follows;
};

static const struct form forms[] = {
    {"add", "", SITE_ADD, NOTHING},
    {"rm", "", SITE_RM, NOTHING},
    {"token", "", TOKEN_LIST, NOTHING},
    {"token", "list", TOKEN_LIST, NOTHING},
    {"token", "add", TOKEN_ADD, A_NAME},
    {"token", "rm", TOKEN_RM, A_NAME},
    {"badge", "", BADGE_SHOW, NOTHING},
    {"badge", "on", BADGE_ON, NOTHING},
    {"badge", "off", BADGE_OFF, NOTHING},
    {"goal", "", GOAL_LIST, NOTHING},
    {"goal", "list", GOAL_LIST, NOTHING},
    {"goal", "add", GOAL_ADD, A_NAME},
    {"goal", "rm", GOAL_RM, A_NAME},
    {"alert", "", ALERT_LIST, NOTHING},
    {"alert", "list", ALERT_LIST, NOTHING},
    {"alert", "add", ALERT_ADD, A_NAME},
    {"alert", "rm", ALERT_RM, A_NAME},
    {"visibility", "", VISIBILITY_SHOW, NOTHING},
    {"visibility", "public", VISIBILITY_PUBLIC, NOTHING},
    {"visibility", "token", VISIBILITY_TOKEN, NOTHING},
    {"privacy", "", PRIVACY_SHOW, NOTHING},
    {"privacy", "off", PRIVACY_IGNORE, NOTHING},
    {"privacy", "heed", PRIVACY_OBEY, NOTHING},
    {"origin", "", ORIGIN_LIST, NOTHING},
    {"origin", "list", ORIGIN_LIST, NOTHING},
    {"origin", "add", ORIGIN_ADD, AN_ORIGIN},
    {"origin", "rm", ORIGIN_RM, AN_ORIGIN},
};
#define FORMS (sizeof forms / sizeof *forms)

static bool is_noun(const char *word)
{
    for (size_t i = 0; i < FORMS; i++)
        if (strcmp(forms[i].noun, word) == 0)
            return true;
    return false;
}

static const struct form *find(const char *noun, const char *verb)
{
    for (size_t i = 0; i < FORMS; i++)
        if (strcmp(forms[i].noun, noun) == 0 && strcmp(forms[i].verb, verb) == 0)
            return &forms[i];
    return NULL;
}

static int unknown_noun(const char *word, char *err, size_t err_n)
{
    struct near guess;

    near_init(&guess, word, strlen(word));
    near_consider(&guess, "list");
    for (size_t i = 0; i < FORMS; i++)
        near_consider(&guess, forms[i].noun);
    snprintf(err, err_n, "site knows no \"%s\"%s%s; see `headcount site --help`", word,
             guess.best[0] ? ", did you mean " : "", guess.best);
    return -1;
}

static int unknown_verb(const char *noun, const char *verb, char *err, size_t err_n)
{
    size_t n = (size_t)snprintf(err, err_n, "site %s SITE takes", noun);
    const char *between = " ";

    for (size_t i = 0; i < FORMS && n < err_n; i++) {
        if (strcmp(forms[i].noun, noun) != 0 || !*forms[i].verb)
            continue;
        n += (size_t)snprintf(err + n, err_n - n, "%s%s", between, forms[i].verb);
        between = ", ";
    }
    if (n < err_n)
        snprintf(err + n, err_n - n, "%s, not \"%s\"", *between == ',' ? "" : " no more",
                 verb);
    return -1;
}

static bool is_right(const char *name, const struct form *f)
{
    struct setting s;

    if (name == NULL)
        return false;
    return f->follows == A_NAME ? setting_name_valid(name) : setting_origin(&s, name);
}

static int wrong_name(const char *name, const struct form *f, char *err, size_t err_n)
{
    if (name == NULL)
        snprintf(err, err_n, "site %s SITE %s needs %s", f->noun, f->verb,
                 f->follows == A_NAME ? "a NAME" : "an ORIGIN");
    else if (f->follows == AN_ORIGIN)
        setting_origin_explain(name, err, err_n);
    else
        snprintf(err, err_n, "\"%s\" is no name of a %s: 1 to %d of A-Z a-z 0-9 . _ -",
                 name, f->noun, SETTING_NAME_MAX);
    return -1;
}

static int wrong_site(const char *noun, const char *site, char *err, size_t err_n)
{
    if (site == NULL)
        snprintf(err, err_n, "site %s needs a SITE", noun);
    else
        snprintf(err, err_n,
                 "\"%s\" is no site id: 1 to %d of A-Z a-z 0-9 . _ -, but not . or ..",
                 site, SITE_MAX);
    return -1;
}

static bool is_verb(const char *noun, const char *word)
{
    return *word && find(noun, word);
}

/* The words behind the noun. A site that is called like a verb comes first if a verb
 * follows. */
static int read_form(struct site_order *o, const char *noun, char *const *rest, int n,
                     char *err, size_t err_n)
{
    bool turned = n > 1 && is_verb(noun, rest[0]) && !is_verb(noun, rest[1]);
    const char *site = n > 0 ? rest[turned] : NULL, *verb = n > 1 ? rest[!turned] : "";
    const char *name = n > 2 ? rest[2] : NULL;
    const struct form *f;

    if (site == NULL || !site_valid(slice_of(site)))
        return wrong_site(noun, site, err, err_n);
    f = find(noun, verb);
    if (f == NULL)
        return unknown_verb(noun, verb, err, err_n);
    if (f->follows && !is_right(name, f))
        return wrong_name(name, f, err, err_n);
    if (n > (f->follows ? 3 : 2)) {
        snprintf(err, err_n, "\"%s\" is one word too many", rest[f->follows ? 3 : 2]);
        return -1;
    }
    *o = (struct site_order){f->order, slice_of(site), name};
    return 0;
}

int site_order_read(struct site_order *o, char *const *words, int n, char *err,
                    size_t err_n)
{
    if (n == 0) {
        snprintf(err, err_n,
                 "site needs to know what to do: list, add, rm, origin, privacy, token, "
                 "badge, visibility, goal or alert");
        return -1;
    }
    if (strcmp(words[0], "list") == 0) {
        *o = (struct site_order){.verb = SITE_LIST};
        if (n == 1)
            return 0;
        snprintf(err, err_n, "site list takes no more, not \"%s\"", words[1]);
        return -1;
    }
    if (!is_noun(words[0]))
        return unknown_noun(words[0], err, err_n);
    return read_form(o, words[0], words + 1, n - 1, err, err_n);
}
