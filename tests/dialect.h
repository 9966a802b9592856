/* dialect: what the tests of dialects have in common: requests that end at a guard page,
 * and texts that are compared with what they should be. */
#ifndef HC_TESTS_DIALECT_H
#define HC_TESTS_DIALECT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../collector/json_body.h"
#include "guard.h"

static inline struct slice guarded(const char *text)
{
    size_t n = text ? strlen(text) : 0;

    return (struct slice){guard_copy(text ? text : "", n), n};
}

/* The caller's to json_decref; fails the test when it is none. */
static inline json_t *json_of(const char *text)
{
    json_t *v = json_body_parse(guarded(text));

    if (v == NULL)
        fail_msg("no JSON: %s", text);
    return v;
}

/* NULL stands for nothing. */
static inline void expect_text(const char *of, const char *what, struct slice got,
                               const char *want)
{
    if (!slice_eq(got, slice_of(want)))
        fail_msg("%s of %s: \"%.*s\" instead of \"%s\"", what, of, (int)got.n, got.p,
                 want ? want : "");
}

#endif
