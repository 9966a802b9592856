/* redis_model: arrays searched from the front; tests are small. */
#include "redis_model.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../proto/keys.h"

static char *copy(struct slice s)
{
    char *p = malloc(s.n + 1);

    assert(p);
    memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return p;
}

static void key_clear(struct model_key *k)
{
    for (size_t i = 0; i < k->n; i++) {
        free(k->field[i].name);
        free(k->field[i].value);
    }
    free(k->field);
    free(k->name);
}

static void remove_at(struct redis_model *m, size_t i)
{
    key_clear(&m->key[i]);
    m->key[i] = m->key[--m->n];
}

static struct model_key *find(const struct redis_model *m, struct slice name)
{
    for (size_t i = 0; i < m->n; i++)
        if (slice_eq(slice_of(m->key[i].name), name))
            return &m->key[i];
    return NULL;
}

static struct model_key *make(struct redis_model *m, struct slice name)
{
    struct model_key *k = find(m, name);

    if (k)
        return k;
    m->key = realloc(m->key, (m->n + 1) * sizeof *m->key);
    assert(m->key);
    m->key[m->n] = (struct model_key){.name = copy(name)};
    return &m->key[m->n++];
}

static struct model_field *field(const struct model_key *k, struct slice name)
{
    for (size_t i = 0; k && i < k->n; i++)
        if (slice_eq((struct slice){k->field[i].name, k->field[i].name_n}, name))
            return &k->field[i];
    return NULL;
}

static void hset(struct redis_model *m, struct slice key, struct slice name,
                 struct slice value)
{
    struct model_key *k = make(m, key);
    struct model_field *f = field(k, name);

    if (!f) {
        k->field = realloc(k->field, (k->n + 1) * sizeof *k->field);
        assert(k->field);
        f = &k->field[k->n++];
        *f = (struct model_field){.name = copy(name), .name_n = name.n};
    }
    free(f->value);
    f->value = copy(value);
    f->value_n = value.n;
}

static void hdel(struct redis_model *m, struct slice key, struct slice name)
{
    struct model_key *k = find(m, key);
    struct model_field *f = field(k, name);

    if (!f)
        return;
    free(f->name);
    free(f->value);
    *f = k->field[--k->n];
    if (k->n == 0)
        remove_at(m, (size_t)(k - m->key));
}

static uint64_t number(struct slice s)
{
    uint64_t v = 0;

    for (size_t i = 0; i < s.n; i++) {
        assert(s.p[i] >= '0' && s.p[i] <= '9');
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    return v;
}

static void operation(struct redis_model *m, const struct slice *v, size_t n)
{
    if (slice_eq(v[0], SLICE("HSET"))) {
        assert(n >= 4 && n % 2 == 0);
        for (size_t i = 2; i < n; i += 2)
            hset(m, v[1], v[i], v[i + 1]);
    } else if (slice_eq(v[0], SLICE("HDEL"))) {
        assert(n >= 3);
        for (size_t i = 2; i < n; i++)
            hdel(m, v[1], v[i]);
    } else if (slice_eq(v[0], SLICE("DEL"))) {
        for (size_t i = 1; i < n; i++) {
            struct model_key *k = find(m, v[i]);

            if (k)
                remove_at(m, (size_t)(k - m->key));
        }
    } else if (slice_eq(v[0], SLICE("EXPIREAT"))) {
        struct model_key *k = find(m, v[1]);

        assert(n == 3);
        if (k)
            k->expires = (ms_t)number(v[2]) * 1000;
        if (k && k->expires <= m->now)
            remove_at(m, (size_t)(k - m->key));
    } else {
        assert(!"an operation that the commit does not use");
    }
}

static void publish(struct redis_model *m, struct slice text)
{
    buf_clear(&m->published);
    buf_slice(&m->published, text);
    m->messages++;
}

/* commit.lua, word for word in C. */
static const char *commit(struct redis_model *m, const struct slice *v, size_t n)
{
    struct slice meta = v[3], e = v[5], q = v[7];
    const struct model_key *k = find(m, meta);
    const struct model_field *fe = field(k, SLICE("e")), *fq = field(k, SLICE("q"));
    uint64_t has_e = fe ? number(slice_of(fe->value)) : 0;
    uint64_t has_q = fq ? number(slice_of(fq->value)) : 0;

    if (has_e > number(e))
        return "FENCED";
    if (slice_eq(v[8], SLICE("0")) && (has_e < number(e) || has_q < number(v[6])))
        return "REGRESS";
    if (slice_eq(v[8], SLICE("1"))) {
        hset(m, meta, SLICE("e"), e);
        hset(m, meta, SLICE("v"), SLICE("1"));
        hset(m, meta, SLICE("W"), v[11]);
        find(m, meta)->expires = m->now + (ms_t)number(v[13]) * 1000;
    }
    for (size_t i = 14; i < n - 1;) {
        size_t argc = number(v[i]);

        assert(i + 1 + argc <= n - 1);
        operation(m, v + i + 1, argc);
        i += argc + 1;
    }
    if (!slice_eq(v[9], SLICE("1")))
        return "OK";
    hset(m, meta, SLICE("e"), e);
    hset(m, meta, SLICE("q"), q);
    hset(m, meta, SLICE("t"), v[10]);
    hset(m, meta, SLICE("v"), SLICE("1"));
    hset(m, meta, SLICE("W"), v[11]);
    hset(m, meta, SLICE("c"), v[12]);
    find(m, meta)->expires = m->now + (ms_t)number(v[13]) * 1000;
    publish(m, v[n - 1]);
    return "OK";
}

void redis_model_init(struct redis_model *m, ms_t now)
{
    *m = (struct redis_model){.now = now};
    buf_init(&m->published, MESSAGE_MAX);
}

void redis_model_flush(struct redis_model *m)
{
    while (m->n)
        remove_at(m, m->n - 1);
}

void redis_model_fini(struct redis_model *m)
{
    redis_model_flush(m);
    free(m->key);
    buf_fini(&m->published);
}

void redis_model_at(struct redis_model *m, ms_t now)
{
    m->now = now;
    for (size_t i = m->n; i-- > 0;)
        if (m->key[i].expires && m->key[i].expires <= now)
            remove_at(m, i);
}

void redis_model_restore(struct redis_model *m, const struct redis_model *from)
{
    redis_model_flush(m);
    for (size_t i = 0; i < from->n; i++) {
        const struct model_key *k = &from->key[i];
        struct slice name = slice_of(k->name);

        for (size_t j = 0; j < k->n; j++)
            hset(m, name, (struct slice){k->field[j].name, k->field[j].name_n},
                 (struct slice){k->field[j].value, k->field[j].value_n});
        find(m, name)->expires = k->expires;
    }
    redis_model_at(m, m->now);
}

const char *redis_model_run(struct redis_model *m, struct command *c)
{
    const char **argv = command_argv(c);
    struct slice *v = calloc(c->n, sizeof *v);
    const char *reply = "OK";
    size_t bytes = 0;

    assert(v);
    for (size_t i = 0; i < c->n; i++) {
        v[i] = (struct slice){argv[i], c->len[i]};
        bytes += c->len[i];
    }
    assert(bytes <= COMMIT_BYTES_MAX);
    m->calls++;
    if (slice_eq(v[0], SLICE("EVALSHA")))
        reply = commit(m, v, c->n);
    else
        publish(m, v[2]);
    free(v);
    return reply;
}

struct slice redis_model_get(const struct redis_model *m, const char *key,
                             const char *name)
{
    const struct model_field *f = field(find(m, slice_of(key)), slice_of(name));

    return f ? (struct slice){f->value, f->value_n} : (struct slice){0};
}

size_t redis_model_count(const struct redis_model *m, const char *prefix)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        n += slice_starts(slice_of(m->key[i].name), slice_of(prefix));
    return n;
}

size_t redis_model_eternal(const struct redis_model *m, const char *prefix)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        n += slice_starts(slice_of(m->key[i].name), slice_of(prefix)) &&
             !m->key[i].expires;
    return n;
}

static void list_add(struct model_list *l, struct slice s)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 64;
        l->v = realloc(l->v, l->cap * sizeof *l->v);
        assert(l->v);
    }
    l->v[l->n++] = s;
}

static void list_number(struct model_list *l, uint64_t v)
{
    char text[24];
    char *p = copy((struct slice){text, (size_t)sprintf(text, "%" PRIu64, v)});

    l->owned = realloc(l->owned, (l->nowned + 1) * sizeof *l->owned);
    assert(l->owned);
    l->owned[l->nowned++] = p;
    list_add(l, slice_of(p));
}

static void list_hash(struct model_list *l, const struct model_key *k, bool names)
{
    list_number(l, k ? k->n : 0);
    for (size_t i = 0; k && i < k->n; i++) {
        if (names)
            list_add(l, (struct slice){k->field[i].name, k->field[i].name_n});
        list_add(l, (struct slice){k->field[i].value, k->field[i].value_n});
    }
}

int redis_model_snapshot(struct redis_model *m, struct slice site, unsigned minutes,
                         struct summary *s, struct model_list *l)
{
    struct key_name meta = key_meta(site), recent = key_recent(site);
    const struct model_key *k = find(m, slice_of(meta.s));
    const struct model_field *t = field(k, SLICE("t")), *w = field(k, SLICE("W"));
    minute_t now = minute_of(m->now);
    uint64_t window = w ? number(slice_of(w->value)) : WINDOW_DEFAULT;

    *l = (struct model_list){0};
    if (t && minute_of((ms_t)number(slice_of(t->value))) > now)
        now = minute_of((ms_t)number(slice_of(t->value)));
    list_add(l, SLICE("T"));
    list_number(l, (uint64_t)m->now / 1000);
    list_number(l, (uint64_t)(m->now % 1000) * 1000);
    list_add(l, SLICE("M"));
    list_hash(l, k, true);
    for (unsigned i = 0; i < window; i++) {
        struct key_name row = key_minute(site, now - i);
        const struct model_key *r = find(m, slice_of(row.s));

        if (!r)
            continue;
        list_add(l, SLICE("B"));
        list_number(l, now - i);
        list_hash(l, r, true);
    }
    list_add(l, SLICE("R"));
    list_hash(l, find(m, slice_of(recent.s)), false);
    return summary_parse(s, l->v, l->n, minutes);
}

void redis_model_snapshot_fini(struct model_list *l)
{
    for (size_t i = 0; i < l->nowned; i++)
        free(l->owned[i]);
    free(l->owned);
    free(l->v);
}
