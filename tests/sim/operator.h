/* operator: has named goals of all sites, names others in the middle of a world's life,
 * and writes them again when Redis has lost them.
 *
 * `all` (any view) and `buy` (any event) are there from beginning to end; `late`, any
 * view again, takes the place of `gone`, the same. So each view of a row was counted for
 * one of the two, whoever counted it and whenever.
 *
 * Of alerts `busy` is there from beginning to end, and `late` takes the place of `gone`.
 */
#ifndef HC_SIM_OPERATOR_H
#define HC_SIM_OPERATOR_H

#include "../fake/redis_model.h"

struct operator
{
    struct redis_model *redis;
    unsigned nsites; /* called site-0 and so on */
    bool changed;
};

/* Writes what is the operator's will at present, all that is not there already. */
void operator_write(const struct operator* o);

/* Changes it. */
void operator_change(struct operator* o);

/* The version of the goals by now. */
struct slice operator_version(const struct operator* o);

#endif
