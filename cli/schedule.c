/* A log is written in order of completion, so its times may step back a little: such a
 * line is simply due already. */
#include "schedule.h"

#include <assert.h>
#include <stdlib.h>

bool tempo_parse(struct tempo *p, const char *text)
{
    char *end;
    double v;

    if (strcmp(text, "max") == 0) {
        *p = (struct tempo){.speed = 0};
        return true;
    }
    if (*text == '\0' || strspn(text, "0123456789.") != strlen(text))
        return false;
    v = strtod(text, &end);
    if (*end || v < TEMPO_SPEED_MIN || v > TEMPO_SPEED_MAX)
        return false;
    *p = (struct tempo){.speed = v};
    return true;
}

void tempo_start(struct tempo *p, ms_t at, mono_t now)
{
    if (p->started)
        return;
    p->started = true;
    p->origin = at;
    p->start = now;
}

mono_t tempo_due(const struct tempo *p, ms_t at)
{
    if (p->speed == 0 || at <= p->origin)
        return p->start;
    return p->start + (mono_t)((double)(at - p->origin) / p->speed);
}

void second_init(struct second *s)
{
    s->number = -1;
    s->closed = s->cut = false;
    s->from = 0;
    s->n = s->next = s->bytes = 0;
}

bool second_add(struct second *s, const struct replay_line *l)
{
    assert(!s->closed && l->n <= REPLAY_QUERY_MAX);
    if (s->n > 0 && l->at / 1000 != s->number)
        return false;
    if (s->n == REPLAY_SECOND_LINES || l->n > sizeof s->text - s->bytes) {
        s->cut = true;
        return false;
    }
    if (l->at / 1000 != s->number) {
        s->number = l->at / 1000;
        s->from = 0;
    }
    memcpy(s->text + s->bytes, l->query, l->n);
    s->line[s->n++] =
        (struct second_line){l->at, l->is_second, l->who, {s->text + s->bytes, l->n}};
    s->bytes += l->n;
    return true;
}

void second_close(struct second *s)
{
    unsigned span = 1000 - s->from;
    size_t n = 0, i = 0;

    if (s->cut)
        span /= 2;
    for (size_t k = 0; k < s->n; k++)
        n += s->line[k].is_second;
    for (size_t k = 0; k < s->n; k++)
        if (s->line[k].is_second)
            s->line[k].at = s->number * 1000 + s->from + (ms_t)(i++ * span / n);
    s->from += s->cut ? span : 0;
    s->cut = false;
    s->closed = true;
}

const struct second_line *second_next(const struct second *s)
{
    return s->closed && s->next < s->n ? &s->line[s->next] : NULL;
}

void second_pop(struct second *s)
{
    assert(s->closed && s->next < s->n);
    if (++s->next < s->n)
        return;
    s->closed = false;
    s->n = s->next = s->bytes = 0;
}

ms_t second_end(const struct second *s)
{
    return (s->number + 1) * 1000;
}
