#include "flat.h"

bool flat_text(struct flat *f, struct slice *text)
{
    if (f->left == 0)
        return false;
    *text = *f->next++;
    f->left--;
    return true;
}

bool flat_number(struct flat *f, uint64_t max, uint64_t *v)
{
    struct slice text;

    return flat_text(f, &text) && flat_parse(text, max, v);
}

bool flat_pair(struct flat *f)
{
    return flat_text(f, &f->name) && flat_text(f, &f->value);
}

bool flat_is(struct flat *f, struct slice tag)
{
    struct slice text;

    return f->left > 0 && slice_eq(*f->next, tag) && flat_text(f, &text);
}

bool flat_store(const struct flat *f, const struct flat_field *fields, size_t n,
                uint64_t *v)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq(f->name, slice_of(fields[i].name)))
            return flat_parse(f->value, fields[i].max, &v[i]);
    return true;
}

bool flat_parse(struct slice text, uint64_t max, uint64_t *v)
{
    if (text.n == 0 || text.n > 18) /* 18 digits cannot overflow */
        return false;
    *v = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        *v = *v * 10 + (uint64_t)(text.p[i] - '0');
    }
    return *v <= max;
}
