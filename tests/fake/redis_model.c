/* redis_model: keys in an array with chained buckets, fields searched from the front, and
 * a copy of each key that a call is about to change. */
#include "redis_model.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../aggregator/goals.h"
#include "../../proto/keys.h"

#define WRONGTYPE "WRONGTYPE Operation against a key holding the wrong kind of value"

static const char regress[] = "REGRESS";

static char *copy(struct slice s)
{
    char *p = malloc(s.n + 1);

    assert(p);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return p;
}

static bool same(const char *p, size_t n, struct slice s)
{
    return n == s.n && (n == 0 || memcmp(p, s.p, n) == 0);
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

static uint64_t number_or_0(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9' || i > 17)
            return 0;
    return number(s);
}

/* An e or q that is believed, else 0. */
static uint64_t believed(struct slice s, uint64_t ours)
{
    uint64_t v = s.n < 17 ? number_or_0(s) : 0;

    return v <= EPOCH_MAX || v == ours ? v : 0;
}

/* ---- keys ----------------------------------------------------------------- */

static uint64_t hash_of(struct slice s)
{
    uint64_t h = 0xcbf29ce484222325;

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3;
    return h ^ h >> 29;
}

static void key_clear(struct model_key *k)
{
    for (size_t i = 0; i < k->n; i++) {
        free(k->field[i].name);
        free(k->field[i].value);
    }
    free(k->field);
    free(k->text);
    free(k->name);
}

static struct model_key key_copy(const struct model_key *k)
{
    struct model_key c = *k;

    c.name = copy((struct slice){k->name, k->name_n});
    c.text = k->text ? copy((struct slice){k->text, k->text_n}) : NULL;
    c.cap = k->n;
    c.field = k->n ? calloc(k->n, sizeof *c.field) : NULL;
    assert(c.field || k->n == 0);
    for (size_t i = 0; i < k->n; i++) {
        const struct model_field *f = &k->field[i];

        c.field[i] = *f;
        c.field[i].name = copy((struct slice){f->name, f->name_n});
        c.field[i].value = copy((struct slice){f->value, f->value_n});
    }
    return c;
}

static size_t *bucket_of(const struct redis_model *m, uint64_t hash)
{
    return &m->bucket[hash & (m->nbuckets - 1)];
}

static void link_key(struct redis_model *m, size_t i)
{
    size_t *b = bucket_of(m, m->key[i].hash);

    m->key[i].next = *b;
    *b = i + 1;
}

/* What leads to key @i. */
static size_t *link_to(struct redis_model *m, size_t i)
{
    size_t *link = bucket_of(m, m->key[i].hash);

    while (*link != i + 1)
        link = &m->key[*link - 1].next;
    return link;
}

static void reserve(struct redis_model *m)
{
    if (m->n < m->cap)
        return;
    m->cap = m->cap ? m->cap * 2 : 64;
    m->nbuckets = m->cap * 2;
    m->key = realloc(m->key, m->cap * sizeof *m->key);
    free(m->bucket);
    m->bucket = calloc(m->nbuckets, sizeof *m->bucket);
    assert(m->key && m->bucket);
    for (size_t i = 0; i < m->n; i++)
        link_key(m, i);
}

static struct model_key *put(struct redis_model *m, struct model_key k)
{
    reserve(m);
    m->key[m->n] = k;
    link_key(m, m->n++);
    return &m->key[m->n - 1];
}

/* Takes a key out of the array; what it owns is the caller's. */
static struct model_key take(struct redis_model *m, size_t i)
{
    struct model_key k = m->key[i];
    size_t last = m->n - 1;

    *link_to(m, i) = k.next;
    if (i != last) {
        size_t *link = link_to(m, last);

        *link = i + 1;
        m->key[i] = m->key[last];
    }
    m->n--;
    return k;
}

static void remove_at(struct redis_model *m, size_t i)
{
    struct model_key k = take(m, i);

    key_clear(&k);
}

/* Expiry needs no memory: time does not go back. */
static struct model_key *find(struct redis_model *m, struct slice name)
{
    size_t i = m->n ? *bucket_of(m, hash_of(name)) : 0;

    while (i && !same(m->key[i - 1].name, m->key[i - 1].name_n, name))
        i = m->key[i - 1].next;
    if (!i)
        return NULL;
    if (!m->key[i - 1].expires || m->key[i - 1].expires > m->now)
        return &m->key[i - 1];
    remove_at(m, i - 1);
    return NULL;
}

/* ---- what was before ------------------------------------------------------ */

static void forget(struct redis_model *m, ms_t before)
{
    while (m->forgotten < m->npast && m->past[m->forgotten].at < before)
        key_clear(&m->past[m->forgotten++].key);
    if (m->forgotten * 2 <= m->npast)
        return;
    m->npast -= m->forgotten;
    memmove(m->past, m->past + m->forgotten, m->npast * sizeof *m->past);
    m->forgotten = 0;
}

/* Keeps what the key is before the present call changes it. */
static void keep(struct redis_model *m, struct slice name)
{
    struct model_key *k = find(m, name);
    struct model_past past = {.at = m->now, .existed = k != NULL};

    if (k && k->kept == m->calls)
        return;
    forget(m, m->now - REDIS_MODEL_KEEP_MS);
    if (m->npast == m->past_cap) {
        m->past_cap = m->past_cap ? m->past_cap * 2 : 64;
        m->past = realloc(m->past, m->past_cap * sizeof *m->past);
        assert(m->past);
    }
    if (k) {
        past.key = key_copy(k);
        k->kept = m->calls;
    } else {
        past.key = (struct model_key){.name = copy(name), .name_n = name.n};
    }
    m->past[m->npast++] = past;
}

static void drop(struct redis_model *m, struct slice name)
{
    struct model_key *k = find(m, name);

    if (!k)
        return;
    keep(m, name);
    remove_at(m, (size_t)(k - m->key));
}

static void undo(struct redis_model *m, struct model_past *p)
{
    struct model_key *k = find(m, (struct slice){p->key.name, p->key.name_n});

    if (k)
        remove_at(m, (size_t)(k - m->key));
    p->key.kept = 0;
    if (p->existed)
        put(m, p->key);
    else
        key_clear(&p->key);
}

/* ---- values --------------------------------------------------------------- */

/* The key, made if need be, about to be changed; NULL: it is of another type. */
static struct model_key *change(struct redis_model *m, struct slice name, bool is_string)
{
    struct model_key *k;

    keep(m, name);
    k = find(m, name);
    if (!k)
        k = put(m, (struct model_key){.name = copy(name),
                                      .name_n = name.n,
                                      .hash = hash_of(name),
                                      .is_string = is_string,
                                      .kept = m->calls});
    return k->is_string == is_string ? k : NULL;
}

static struct model_field *field(const struct model_key *k, struct slice name)
{
    for (size_t i = 0; k && i < k->n; i++)
        if (same(k->field[i].name, k->field[i].name_n, name))
            return &k->field[i];
    return NULL;
}

static struct slice value(const struct model_key *k, struct slice name)
{
    const struct model_field *f = field(k, name);

    return f ? (struct slice){f->value, f->value_n} : (struct slice){NULL, 0};
}

static void set_field(struct model_key *k, struct slice name, struct slice text)
{
    struct model_field *f = field(k, name);

    if (!f) {
        if (k->n == k->cap) {
            k->cap = k->cap ? k->cap * 2 : 8;
            k->field = realloc(k->field, k->cap * sizeof *k->field);
            assert(k->field);
        }
        f = &k->field[k->n++];
        *f = (struct model_field){.name = copy(name), .name_n = name.n};
    }
    free(f->value);
    f->value = copy(text);
    f->value_n = text.n;
}

static const char *hset(struct redis_model *m, const struct slice *v, size_t n)
{
    struct model_key *k = change(m, v[1], false);

    assert(n >= 4 && n % 2 == 0);
    for (size_t i = 2; k && i < n; i += 2)
        set_field(k, v[i], v[i + 1]);
    return k ? NULL : WRONGTYPE;
}

static void expire(struct redis_model *m, struct slice name, ms_t at)
{
    if (!find(m, name))
        return;
    keep(m, name);
    find(m, name)->expires = at;
    find(m, name);
}

/* HSETAT and HSETIN of a commit: and @expires, if all fields were new. */
static const char *hset_new(struct redis_model *m, const struct slice *v, size_t n,
                            ms_t expires)
{
    const struct model_key *k = find(m, v[1]);
    size_t had = k && !k->is_string ? k->n : 0;
    const char *error;
    struct slice set[2 + 2 * COMMIT_FIELDS_MAX] = {v[0], v[1]};

    assert(n >= 5 && n - 1 <= sizeof set / sizeof *set);
    memcpy(set + 2, v + 3, (n - 3) * sizeof *set);
    error = hset(m, set, n - 1);
    if (!error && 2 * (find(m, v[1])->n - had) == n - 3)
        expire(m, v[1], expires);
    return error;
}

static const char *hdel(struct redis_model *m, const struct slice *v, size_t n)
{
    struct model_key *k = find(m, v[1]);

    if (!k)
        return NULL;
    k = change(m, v[1], false);
    for (size_t i = 2; k && i < n; i++) {
        struct model_field *f = field(k, v[i]);

        if (!f)
            continue;
        free(f->name);
        free(f->value);
        *f = k->field[--k->n];
    }
    if (k && k->n == 0)
        drop(m, v[1]);
    return k ? NULL : WRONGTYPE;
}

static const char *setrange(struct redis_model *m, const struct slice *v)
{
    struct model_key *k = change(m, v[1], true);
    size_t at = number(v[2]), end = at + v[3].n;

    if (!k)
        return WRONGTYPE;
    if (end > k->text_n) {
        k->text = realloc(k->text, end + 1);
        assert(k->text);
        memset(k->text + k->text_n, 0, end + 1 - k->text_n);
        k->text_n = end;
    }
    memcpy(k->text + at, v[3].p, v[3].n);
    return NULL;
}

/* LOG key time offset bytes */
static const char *put_log(struct redis_model *m, const struct slice *v)
{
    const char *error = setrange(m, (const struct slice[]){v[0], v[1], v[3], v[4]});

    if (!error)
        expire(m, v[1], (ms_t)number(v[2]) * 1000);
    return error;
}

static void rename_key(struct redis_model *m, struct slice from, struct slice to)
{
    struct model_key *k = find(m, from), moved;

    keep(m, from);
    keep(m, to);
    if (find(m, to))
        drop(m, to);
    k = find(m, from);
    moved = take(m, (size_t)(k - m->key));
    free(moved.name);
    moved.name = copy(to);
    moved.name_n = to.n;
    moved.hash = hash_of(to);
    moved.kept = m->calls;
    put(m, moved);
}

/* A sorted set is a hash here, member: score, whole numbers as they came. */
static const char *zadd(struct redis_model *m, const struct slice *v, size_t n)
{
    struct model_key *k = change(m, v[1], false);

    assert(n >= 4 && n % 2 == 0);
    for (size_t i = 2; k && i < n; i += 2)
        set_field(k, v[i + 1], v[i]);
    return k ? NULL : WRONGTYPE;
}

/* From -inf up to @v[3], which is out if it has a (. */
static const char *zremrangebyscore(struct redis_model *m, const struct slice *v)
{
    struct model_key *k = find(m, v[1]);
    bool open = slice_starts(v[3], SLICE("("));
    uint64_t end = number(slice_skip(v[3], open));

    assert(slice_eq(v[2], SLICE("-inf")));
    if (!k)
        return NULL;
    k = change(m, v[1], false);
    for (size_t i = k ? k->n : 0; i-- > 0;) {
        struct model_field *f = &k->field[i];
        uint64_t score = number((struct slice){f->value, f->value_n});

        if (score > end || (open && score == end))
            continue;
        free(f->name);
        free(f->value);
        *f = k->field[--k->n];
    }
    if (k && k->n == 0)
        drop(m, v[1]);
    return k ? NULL : WRONGTYPE;
}

static bool begins_on(struct slice state)
{
    return slice_starts(state, SLICE("on "));
}

/* ALERT key name state message */
static const char *alert(struct redis_model *m, const struct slice *v)
{
    struct model_key *k = find(m, v[1]);
    bool was_on;

    if (k && k->is_string)
        drop(m, v[1]);
    was_on = begins_on(value(find(m, v[1]), v[2]));
    if (v[3].n > 0)
        hset(m, (const struct slice[]){v[0], v[1], v[2], v[3]}, 4);
    else
        hdel(m, (const struct slice[]){v[0], v[1], v[2]}, 3);
    if (v[4].n > 0 && (m->retells || was_on != begins_on(v[3]))) {
        buf_slice(&m->alerts, v[4]);
        buf_str(&m->alerts, "\n");
    }
    return NULL;
}

static bool is_named(const struct model_field *f, const struct slice *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_eq((struct slice){f->name, f->name_n}, names[i]))
            return true;
    return false;
}

/* Of alerts only those named stay. */
static void alerts(struct redis_model *m, const struct slice *v, size_t n)
{
    struct model_key *k = find(m, v[1]);

    if (k && (k->is_string || k->n > 256))
        drop(m, v[1]);
    while ((k = find(m, v[1])) != NULL) {
        size_t i = 0;

        while (i < k->n && is_named(&k->field[i], v + 2, n - 2))
            i++;
        if (i == k->n)
            return;
        hdel(m,
             (const struct slice[]){v[0], v[1], {k->field[i].name, k->field[i].name_n}},
             3);
    }
}

/* A set is a hash whose values are empty. */
static const char *sadd(struct redis_model *m, const struct slice *v, size_t n)
{
    if (find(m, v[1]) && find(m, v[1])->is_string)
        return WRONGTYPE;
    for (size_t i = 2; i < n; i++)
        set_field(change(m, v[1], false), v[i], SLICE(""));
    return NULL;
}

static const char *try(struct redis_model *m, const struct slice *v)
{
    const struct model_key *k = find(m, v[1]);

    if (k && k->is_string)
        return WRONGTYPE;
    return (k ? k->n : 0) < number(v[2]) ? regress : NULL;
}

/* An operation of a script. Returns the error, or REGRESS, NULL: neither. */
static const char *operation(struct redis_model *m, const struct slice *v, size_t n)
{
    if (slice_eq(v[0], SLICE("HSET")))
        return hset(m, v, n);
    if (slice_eq(v[0], SLICE("HSETAT")))
        return hset_new(m, v, n, (ms_t)number(v[2]) * 1000);
    if (slice_eq(v[0], SLICE("HSETIN")))
        return hset_new(m, v, n, m->now + (ms_t)number(v[2]) * 1000);
    if (slice_eq(v[0], SLICE("TRY")))
        return try(m, v);
    if (slice_eq(v[0], SLICE("HDEL")))
        return hdel(m, v, n);
    if (slice_eq(v[0], SLICE("ZADD")))
        return zadd(m, v, n);
    if (slice_eq(v[0], SLICE("ZREMRANGEBYSCORE")))
        return zremrangebyscore(m, v);
    if (slice_eq(v[0], SLICE("SETRANGE")))
        return setrange(m, v);
    if (slice_eq(v[0], SLICE("LOG")))
        return put_log(m, v);
    if (slice_eq(v[0], SLICE("SADD")))
        return sadd(m, v, n);
    if (slice_eq(v[0], SLICE("ALERT")))
        return alert(m, v);
    if (slice_eq(v[0], SLICE("ALERTS"))) {
        alerts(m, v, n);
        return NULL;
    }
    if (slice_eq(v[0], SLICE("HLEN")))
        return find(m, v[1]) && find(m, v[1])->is_string ? WRONGTYPE : NULL;
    if (slice_eq(v[0], SLICE("EXPIREAT"))) {
        expire(m, v[1], (ms_t)number(v[2]) * 1000);
    } else if (slice_eq(v[0], SLICE("EXPIRE"))) {
        expire(m, v[1], m->now + (ms_t)number(v[2]) * 1000);
    } else if (slice_eq(v[0], SLICE("DEL"))) {
        for (size_t i = 1; i < n; i++)
            drop(m, v[i]);
    } else if (slice_eq(v[0], SLICE("RENAME"))) {
        if (find(m, v[1]))
            rename_key(m, v[1], v[2]);
        else
            drop(m, v[2]);
    } else {
        assert(!"an operation that the commit does not use");
    }
    return NULL;
}

static void publish(struct redis_model *m, struct slice text)
{
    buf_clear(&m->published);
    buf_slice(&m->published, text);
    m->messages++;
}

/* ---- replies -------------------------------------------------------------- */

static redisReply *reply_of(int type)
{
    redisReply *r = calloc(1, sizeof *r);

    assert(r);
    r->type = type;
    return r;
}

static redisReply *reply_text(int type, struct slice s)
{
    redisReply *r = reply_of(type);

    r->str = copy(s);
    r->len = s.n;
    return r;
}

static redisReply *reply_error(const char *text)
{
    return reply_text(REDIS_REPLY_ERROR, slice_of(text));
}

static void add(redisReply *list, struct slice s)
{
    size_t n = list->elements;

    if (n % 64 == 0)
        list->element = realloc(list->element, (n + 64) * sizeof *list->element);
    assert(list->element);
    list->element[list->elements++] = reply_text(REDIS_REPLY_STRING, s);
}

static void add_number(redisReply *list, uint64_t v)
{
    char text[24];

    add(list, (struct slice){text, (size_t)sprintf(text, "%" PRIu64, v)});
}

static void add_hash(redisReply *list, const char *tag, const struct model_key *k,
                     bool names)
{
    add(list, slice_of(tag));
    add_number(list, k ? k->n : 0);
    for (size_t i = 0; k && i < k->n; i++) {
        if (names)
            add(list, (struct slice){k->field[i].name, k->field[i].name_n});
        add(list, (struct slice){k->field[i].value, k->field[i].value_n});
    }
}

/* ---- goals ---------------------------------------------------------------- */

/* What lies beside this meta hash, if it is a hash. */
static const struct model_key *beside(struct redis_model *m, struct slice meta,
                                      const char *what)
{
    struct key_name name;
    const struct model_key *k;

    name.n =
        (size_t)snprintf(name.s, sizeof name.s, "%.*s%s", (int)meta.n - 1, meta.p, what);
    k = find(m, (struct slice){name.s, name.n});
    return k && !k->is_string ? k : NULL;
}

static const struct model_key *settings_of(struct redis_model *m, struct slice meta)
{
    return beside(m, meta, "c");
}

static struct slice goals_version_of(const struct model_key *settings)
{
    struct slice v = value(settings, SLICE("v"));

    return (struct slice){v.p, v.n < GOALS_VERSION_MAX ? v.n : GOALS_VERSION_MAX};
}

static bool is_goal(const struct model_field *f)
{
    return slice_starts((struct slice){f->name, f->name_n}, SLICE("g:"));
}

static bool is_alert(const struct model_field *f)
{
    return slice_starts((struct slice){f->name, f->name_n}, SLICE(FIELD_ALERT));
}

static size_t goals_in(const struct model_key *settings)
{
    size_t n = 0;

    for (size_t i = 0; settings && i < settings->n; i++)
        n += is_goal(&settings->field[i]) || is_alert(&settings->field[i]);
    return n;
}

static void add_goals(redisReply *list, const struct model_key *settings)
{
    for (size_t i = 0; settings && i < settings->n; i++) {
        const struct model_field *f = &settings->field[i];

        if (!is_goal(f) && !is_alert(f))
            continue;
        add(list, (struct slice){f->name, f->name_n});
        add(list, (struct slice){f->value, f->value_n});
    }
}

/* ---- commit.lua ----------------------------------------------------------- */

static const char *fenced_by(uint64_t e)
{
    static char text[32];

    snprintf(text, sizeof text, "FENCED %" PRIu64, e);
    return text;
}

static bool follows(const struct model_key *k, uint64_t q, uint64_t part)
{
    char text[48];

    snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu64, q, part - 1);
    return slice_eq(value(k, SLICE("p")), slice_of(text));
}

/* In Redis' terms v[3] is KEYS[1] and v[5] ARGV[1]. */
static const char *refusal(struct redis_model *m, const struct slice *v)
{
    struct model_key *k = find(m, v[3]);
    uint64_t mine = number(v[5]), q = number(v[7]), part = number(v[8]), has_e, has_q;
    bool claims = part == 0 && slice_eq(v[9], SLICE("1"));

    if (k && k->is_string && claims) {
        drop(m, v[3]);
        k = NULL;
    }
    if (k && k->is_string)
        return WRONGTYPE;
    has_e = believed(value(k, SLICE("e")), mine);
    has_q = believed(value(k, SLICE("q")), number(v[6]));
    if (has_e > mine)
        return fenced_by(has_e);
    if (has_e > 0 && has_e < mine &&
        (has_e > number(v[10]) || (has_e == number(v[10]) && has_q > number(v[11]))))
        return fenced_by(has_e);
    if (has_e == mine && has_q >= q)
        return regress;
    if (!claims && (has_e < mine || has_q < number(v[6])))
        return regress;
    return part == 0 || follows(k, q, part) ? NULL : regress;
}

/* What a last part is answered. */
static redisReply *committed(struct redis_model *m, const struct slice *v)
{
    const struct model_key *settings = settings_of(m, v[3]);
    struct slice version = goals_version_of(settings);
    redisReply *list;

    if (slice_eq(version, v[12]))
        return reply_text(REDIS_REPLY_STRING, SLICE("OK"));
    list = reply_of(REDIS_REPLY_ARRAY);
    add(list, SLICE("OK"));
    add(list, version);
    if (version.n > 0)
        add_goals(list, settings);
    return list;
}

/* By the letters of command.h. */
static const char *const op_names[] = {
    [OP_HSET] = "HSET",     [OP_HSET_AT] = "HSETAT",    [OP_HSET_IN] = "HSETIN",
    [OP_HDEL] = "HDEL",     [OP_HLEN] = "HLEN",         [OP_TRY] = "TRY",
    [OP_LOG] = "LOG",       [OP_EXPIREAT] = "EXPIREAT", [OP_EXPIRE] = "EXPIRE",
    [OP_DEL] = "DEL",       [OP_RENAME] = "RENAME",     [OP_ALERT] = "ALERT",
    [OP_ALERTS] = "ALERTS",
};

/* One of a commit's, of @n arguments. */
static const char *commit_operation(struct redis_model *m, char op, const struct slice *v,
                                    size_t n)
{
    struct slice *named = calloc(n + 1, sizeof *named);
    const char *error;

    assert(named && n > 0 && (size_t)op < sizeof op_names / sizeof *op_names &&
           op_names[(size_t)op]);
    named[0] = slice_of(op_names[(size_t)op]);
    memcpy(named + 1, v, n * sizeof *v);
    error = operation(m, named, n + 1);
    free(named);
    return error;
}

static redisReply *commit(struct redis_model *m, const struct slice *v, size_t n)
{
    const char *text = refusal(m, v);
    struct slice shape = v[n - 2];

    if (text && slice_starts(slice_of(text), SLICE("WRONGTYPE")))
        return reply_error(text);
    if (text)
        return reply_text(REDIS_REPLY_STRING, slice_of(text));
    if (slice_eq(v[8], SLICE("0")) && slice_eq(v[9], SLICE("1")) &&
        believed(value(find(m, v[3]), SLICE("e")), number(v[5])) < number(v[5]))
        set_field(change(m, v[3], false), SLICE("q"), SLICE("0"));
    assert(shape.n % 3 == 0);
    for (size_t i = 13, k = 0; k < shape.n; k += 3) {
        size_t argc = (size_t)(uint8_t)shape.p[k + 1] << 8 | (uint8_t)shape.p[k + 2];

        assert(i + argc <= n - 2);
        text = commit_operation(m, shape.p[k], v + i, argc);
        if (text)
            return text == regress ? reply_text(REDIS_REPLY_STRING, slice_of(text))
                                   : reply_error(text);
        i += argc;
    }
    if (v[n - 1].n == 0)
        return reply_text(REDIS_REPLY_STRING, SLICE("OK"));
    publish(m, v[n - 1]);
    return committed(m, v);
}

/* ---- claim.lua ------------------------------------------------------------ */

static const char *const counts[] = {"pv", "ev", "uniq", "last", "n", "eng", "qh"};
static const char *const online[] = {"w", "r",  "i",  "b",  "tabs",
                                     "m", "fw", "fr", "fi", "fb"};

#define COUNTS (sizeof counts / sizeof *counts)
#define ONLINES (sizeof online / sizeof *online)

/* The key if it is a hash; counts one that is not. */
static struct model_key *hash_at(struct redis_model *m, struct slice name,
                                 int *unreadable)
{
    struct model_key *k = find(m, name);

    if (k && k->is_string)
        ++*unreadable;
    return k && !k->is_string ? k : NULL;
}

/* How many of these fields are there. */
static uint64_t present(const struct model_key *k, const char *const *names, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += field(k, slice_of(names[i])) != NULL;
    return sum;
}

static void add_fields(redisReply *list, const struct model_key *k,
                       const char *const *names, size_t n)
{
    add_number(list, present(k, names, n));
    for (size_t i = 0; i < n; i++) {
        if (!field(k, slice_of(names[i])))
            continue;
        add(list, slice_of(names[i]));
        add(list, value(k, slice_of(names[i])));
    }
}

static struct key_name appended(struct slice prefix, uint64_t minute)
{
    struct key_name k;

    k.n = (size_t)snprintf(k.s, sizeof k.s, "%.*s%" PRIu64, (int)prefix.n, prefix.p,
                           minute);
    return k;
}

static uint64_t records_of(const struct model_key *row)
{
    struct slice n = value(row, SLICE("n"));

    return n.n < 10 ? number_or_0(n) : 0;
}

static bool is_trait(const struct model_field *f)
{
    return f->name_n > 1 && f->name[1] == ':' && memchr("rdwgcka", f->name[0], 7);
}

static size_t traits_in(const struct model_key *k)
{
    size_t n = 0;

    for (size_t i = 0; k && i < k->n; i++)
        n += is_trait(&k->field[i]);
    return n;
}

/* Fields of a row but for its pages, and its traits. */
static void add_row_fields(redisReply *list, const struct model_key *row,
                           const struct model_key *traits)
{
    add_number(list, present(row, counts, COUNTS) + traits_in(traits));
    for (size_t i = 0; i < COUNTS; i++) {
        if (!field(row, slice_of(counts[i])))
            continue;
        add(list, slice_of(counts[i]));
        add(list, value(row, slice_of(counts[i])));
    }
    for (size_t i = 0; traits && i < traits->n; i++) {
        const struct model_field *f = &traits->field[i];

        if (!is_trait(f))
            continue;
        add(list, (struct slice){f->name, f->name_n});
        add(list, (struct slice){f->value, f->value_n});
    }
}

static void add_row(struct redis_model *m, const struct slice *v, redisReply *list,
                    uint64_t minute, bool inlined, int *unreadable)
{
    struct key_name name = appended(v[5], minute), log = appended(v[6], minute);
    struct key_name told = appended(v[17], minute);
    struct model_key *row = find(m, (struct slice){name.s, name.n}), *l;
    struct model_key *traits = hash_at(m, (struct slice){told.s, told.n}, unreadable);
    uint64_t end;

    if (!row || row->is_string || present(row, counts, COUNTS) == 0) {
        *unreadable += traits != NULL; /* of no row */
        return;
    }
    add(list, SLICE("B"));
    add_number(list, minute);
    add_row_fields(list, row, traits);
    *unreadable += traits && traits_in(traits) < traits->n;
    end = records_of(row) * 16;
    if (end == 0 || !inlined)
        return;
    l = find(m, (struct slice){log.s, log.n});
    if (l && !l->is_string)
        ++*unreadable;
    add(list, SLICE("L"));
    if (!l || !l->is_string)
        add(list, (struct slice){NULL, 0});
    else
        add(list, (struct slice){l->text, l->text_n < end ? l->text_n : end});
}

/* A minute after the record's there are no rows. */
static uint64_t newest_minute(const struct model_key *meta, uint64_t last)
{
    struct slice t = value(meta, SLICE("t"));
    uint64_t newest = number_or_0(t) / MS_PER_MINUTE + 1;

    if (!field(meta, SLICE("q")) || t.n == 0 || t.n > 15 ||
        (newest == 1 && *t.p != '0')) /* no number */
        return last;
    return newest < last ? newest : last;
}

static void add_rows(struct redis_model *m, const struct slice *v, redisReply *list,
                     int *unreadable)
{
    uint64_t first = number(v[9]) - number(v[10]) + 1;
    uint64_t last = newest_minute(find(m, v[3]), number(v[9]) + number(v[11]));
    uint64_t bytes = 0;

    for (uint64_t minute = last; minute >= first; minute--) {
        struct key_name name = appended(v[5], minute);

        bytes += records_of(hash_at(m, (struct slice){name.s, name.n}, unreadable)) * 16;
    }
    for (uint64_t minute = last; minute >= first; minute--)
        add_row(m, v, list, minute, bytes <= number(v[12]), unreadable);
}

static void claim_goals(redisReply *list, const struct model_key *settings)
{
    struct slice version = goals_version_of(settings);

    add(list, SLICE("G"));
    add_number(list, version.n ? 1 + goals_in(settings) : 0);
    if (version.n == 0)
        return;
    add(list, SLICE("v"));
    add(list, version);
    add_goals(list, settings);
}

static redisReply *claim(struct redis_model *m, const struct slice *v)
{
    struct model_key *k = find(m, v[3]);
    bool fresh = k == NULL;
    redisReply *list;
    uint64_t owner;
    int unreadable = 0;

    if (k && k->is_string) {
        drop(m, v[3]);
        unreadable = 1;
        fresh = true;
        k = NULL;
    }
    owner = believed(value(k, SLICE("e")), number(v[4]));
    if (owner > number(v[4]))
        return reply_text(REDIS_REPLY_STRING, slice_of(fenced_by(owner)));
    list = reply_of(REDIS_REPLY_ARRAY);
    add_hash(list, "M", k, true);
    k = change(m, v[3], false);
    if (!slice_eq(value(k, SLICE("e")), v[4])) {
        char before[24];

        snprintf(before, sizeof before, "%" PRIu64, owner);
        set_field(k, SLICE("o"), slice_of(before));
        set_field(k, SLICE("e"), v[4]);
        set_field(k, SLICE("p"), SLICE(""));
    }
    if (field(k, SLICE("q")))
        set_field(k, SLICE("l"), SLICE("1"));
    if (fresh)
        expire(m, v[3], m->now + (ms_t)number(v[13]) * 1000);
    add_hash(list, "P", hash_at(m, v[8], &unreadable), true);
    add_hash(list, "R", hash_at(m, v[7], &unreadable), false);
    add_hash(list, "T", hash_at(m, v[14], &unreadable), true);
    add(list, SLICE("O"));
    add_fields(list, hash_at(m, v[15], &unreadable), online, ONLINES);
    claim_goals(list, settings_of(m, v[3]));
    add_hash(list, "A", beside(m, v[3], "al"), true);
    add_hash(list, "N", hash_at(m, v[16], &unreadable), true);
    add_rows(m, v, list, &unreadable);
    add(list, SLICE("E"));
    add_number(list, (uint64_t)unreadable);
    return list;
}

/* ---- commands ------------------------------------------------------------- */

static redisReply *epoch(struct redis_model *m, const struct slice *v)
{
    struct model_key *k = find(m, v[3]);
    uint64_t last, floor = number(v[4]);
    char text[24];

    if (k && !k->is_string)
        drop(m, v[3]);
    k = change(m, v[3], true);
    last = believed((struct slice){k->text, k->text_n}, 0);
    if (last + 1 < (uint64_t)m->now)
        last = (uint64_t)m->now - 1;
    if (last < floor)
        last = floor;
    free(k->text);
    k->text_n = (size_t)sprintf(text, "%" PRIu64, last + 1);
    k->text = copy((struct slice){text, k->text_n});
    return reply_text(REDIS_REPLY_STRING, (struct slice){text, k->text_n});
}

static redisReply *script(struct redis_model *m, const struct slice *v, size_t n)
{
    if (slice_eq(v[2], SLICE("2")))
        return commit(m, v, n);
    if (slice_eq(v[3], SLICE(KEY_EPOCH)))
        return epoch(m, v);
    return claim(m, v);
}

static redisReply *getrange(struct redis_model *m, const struct slice *v)
{
    struct model_key *k = find(m, v[1]);
    size_t from = number(v[2]), to = number(v[3]) + 1;

    if (k && !k->is_string)
        return reply_error(WRONGTYPE);
    if (k && to > k->text_n)
        to = k->text_n;
    if (!k || from >= to)
        return reply_text(REDIS_REPLY_STRING, (struct slice){NULL, 0});
    return reply_text(REDIS_REPLY_STRING, (struct slice){k->text + from, to - from});
}

static redisReply *loaded(struct slice text)
{
    char sha[48];

    snprintf(sha, sizeof sha, "%040" PRIx64, hash_of(text));
    return reply_text(REDIS_REPLY_STRING, slice_of(sha));
}

/* Chance has it that it is always the first ones. */
static redisReply *srandmember(struct redis_model *m, const struct slice *v)
{
    const struct model_key *k = find(m, v[1]);
    redisReply *list;

    if (k && k->is_string)
        return reply_error(WRONGTYPE);
    list = reply_of(REDIS_REPLY_ARRAY);
    for (size_t i = 0; k && i < k->n && i < number(v[2]); i++)
        add(list, (struct slice){k->field[i].name, k->field[i].name_n});
    return list;
}

static redisReply *command(struct redis_model *m, const struct slice *v, size_t n)
{
    const char *error;
    redisReply *r;

    if (slice_starts(v[0], SLICE("EVAL")))
        return script(m, v, n);
    if (slice_eq(v[0], SLICE("SCRIPT")))
        return loaded(v[2]);
    if (slice_eq(v[0], SLICE("GETRANGE")))
        return getrange(m, v);
    if (slice_eq(v[0], SLICE("SRANDMEMBER")))
        return srandmember(m, v);
    if (slice_eq(v[0], SLICE("INFO")))
        return reply_text(REDIS_REPLY_STRING,
                          SLICE("maxmemory:0\r\nmaxmemory_policy:noeviction\r\n"));
    if (slice_eq(v[0], SLICE("PING")))
        return reply_text(REDIS_REPLY_STATUS, SLICE("PONG"));
    if (slice_eq(v[0], SLICE("PUBLISH"))) {
        publish(m, v[2]);
        return reply_of(REDIS_REPLY_INTEGER);
    }
    error = operation(m, v, n);
    if (error)
        return reply_error(error);
    r = reply_text(REDIS_REPLY_STATUS, SLICE("OK"));
    return r;
}

void redis_model_init(struct redis_model *m, ms_t now)
{
    *m = (struct redis_model){.now = now};
    buf_init(&m->published, MESSAGE_MAX);
    buf_init(&m->alerts, MESSAGE_MAX);
}

void redis_model_flush(struct redis_model *m)
{
    while (m->n)
        remove_at(m, m->n - 1);
    while (m->forgotten < m->npast)
        key_clear(&m->past[m->forgotten++].key);
    m->npast = m->forgotten = 0;
}

void redis_model_fini(struct redis_model *m)
{
    redis_model_flush(m);
    free(m->key);
    free(m->bucket);
    free(m->past);
    buf_fini(&m->published);
    buf_fini(&m->alerts);
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
    for (size_t i = 0; i < from->n; i++)
        put(m, key_copy(&from->key[i]))->kept = 0;
    redis_model_at(m, m->now);
}

void redis_model_regress(struct redis_model *m, ms_t ms)
{
    assert(ms <= REDIS_MODEL_KEEP_MS);
    while (m->npast > m->forgotten && m->past[m->npast - 1].at > m->now - ms)
        undo(m, &m->past[--m->npast]);
    redis_model_at(m, m->now);
}

redisReply *redis_model_call(struct redis_model *m, struct command *c)
{
    const char **argv = command_argv(c);
    struct slice *v = calloc(c->n, sizeof *v);
    redisReply *reply;

    assert(v && c->bytes <= COMMIT_BYTES_MAX);
    for (size_t i = 0; i < c->n; i++)
        v[i] = (struct slice){argv[i], c->len[i]};
    m->calls++;
    buf_clear(&m->alerts);
    reply = command(m, v, c->n);
    free(v);
    return reply;
}

const char *redis_model_run(struct redis_model *m, struct command *c)
{
    static char text[128];
    redisReply *r = redis_model_call(m, c);

    snprintf(text, sizeof text, "%s", r->str ? r->str : "OK");
    freeReplyObject(r);
    return text;
}

const char *redis_model_say(struct redis_model *m, const char *line)
{
    struct command c;
    const char *reply;

    command_init(&c, COMMIT_BYTES_MAX);
    while (*line) {
        size_t n = strcspn(line, " ");

        command_arg(&c, (struct slice){line, n});
        line += n + (line[n] == ' ');
    }
    reply = redis_model_run(m, &c);
    command_fini(&c);
    return reply;
}

struct slice redis_model_get(struct redis_model *m, const char *key, const char *name)
{
    const struct model_key *k = find(m, slice_of(key));

    if (!k || name)
        return value(k, slice_of(name));
    return (struct slice){k->text, k->text_n};
}

const struct model_key *redis_model_key(struct redis_model *m, const char *key)
{
    return find(m, slice_of(key));
}

size_t redis_model_count(struct redis_model *m, const char *prefix)
{
    size_t n = 0;

    redis_model_at(m, m->now);
    for (size_t i = 0; i < m->n; i++)
        n += slice_starts(slice_of(m->key[i].name), slice_of(prefix));
    return n;
}

ms_t redis_model_expiry(struct redis_model *m, const char *key)
{
    const struct model_key *k = find(m, slice_of(key));

    return k ? k->expires : 0;
}

size_t redis_model_fields(struct redis_model *m, const char *key)
{
    const struct model_key *k = find(m, slice_of(key));

    return k ? k->n : 0;
}

/* hc:alerted, hc:{SITE}:t; and hc:live, when the connection broke before its expiry,
 * which comes with the next sweep. */
static bool is_for_ever(const struct model_key *k)
{
    size_t n = k->name_n;

    return strcmp(k->name, KEY_LIVE) == 0 || strcmp(k->name, KEY_ALERTED) == 0 ||
           (n > 3 && strcmp(k->name + n - 3, "}:t") == 0);
}

size_t redis_model_eternal(struct redis_model *m, const char *prefix)
{
    size_t n = 0;

    for (size_t i = 0; i < m->n; i++)
        n += slice_starts(slice_of(m->key[i].name), slice_of(prefix)) &&
             !m->key[i].expires && !is_for_ever(&m->key[i]);
    return n;
}

/* ---- everything as text --------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const struct model_key *x = *(struct model_key *const *)a;
    const struct model_key *y = *(struct model_key *const *)b;

    return strcmp(x->name, y->name);
}

static int by_field(const void *a, const void *b)
{
    const struct model_field *x = a, *y = b;

    return slice_cmp((struct slice){x->name, x->name_n},
                     (struct slice){y->name, y->name_n});
}

static void dump_text(struct buf *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_printf(out, p[i] > ' ' && p[i] < 0x7f ? "%c" : "\\%02x", (unsigned char)p[i]);
}

void redis_model_dump(struct redis_model *m, struct buf *out)
{
    struct model_key **sorted;

    redis_model_at(m, m->now);
    sorted = calloc(m->n + 1, sizeof(struct model_key *));
    for (size_t i = 0; i < m->n; i++)
        sorted[i] = &m->key[i];
    if (m->n > 0)
        qsort(sorted, m->n, sizeof(struct model_key *), by_name);
    for (size_t i = 0; i < m->n; i++) {
        struct model_key *k = sorted[i];

        buf_printf(out, "%s %s %" PRId64, k->name, k->is_string ? "string" : "hash",
                   k->expires / 1000);
        if (k->n)
            qsort(k->field, k->n, sizeof *k->field, by_field);
        for (size_t j = 0; j < k->n; j++) {
            buf_str(out, " ");
            dump_text(out, k->field[j].name, k->field[j].name_n);
            buf_str(out, "=");
            dump_text(out, k->field[j].value, k->field[j].value_n);
        }
        if (k->is_string)
            buf_str(out, " ");
        dump_text(out, k->text, k->text_n);
        buf_str(out, "\n");
    }
    free(sorted);
}

/* ---- snapshot.lua --------------------------------------------------------- */

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

static void list_fields(struct model_list *l, const struct model_key *k,
                        const char *const *names, size_t n)
{
    list_number(l, present(k, names, n));
    for (size_t i = 0; i < n; i++) {
        if (!field(k, slice_of(names[i])))
            continue;
        list_add(l, slice_of(names[i]));
        list_add(l, value(k, slice_of(names[i])));
    }
}

static void list_values(struct model_list *l, const struct model_key *k, bool names)
{
    for (size_t i = 0; k && i < k->n; i++) {
        if (names)
            list_add(l, (struct slice){k->field[i].name, k->field[i].name_n});
        list_add(l, (struct slice){k->field[i].value, k->field[i].value_n});
    }
}

static void list_hash(struct model_list *l, const struct model_key *k, bool names)
{
    list_number(l, k ? k->n : 0);
    list_values(l, k, names);
}

static void list_row(struct model_list *l, const struct model_key *row,
                     const struct model_key *traits)
{
    list_number(l, row->n + (traits ? traits->n : 0));
    list_values(l, row, true);
    list_values(l, traits, true);
}

static const char *const meta_fields[] = {"e", "q", "n", "t", "v", "W", "c", "l", "warm"};

static const char *const total_fields[] = {"pv",      "vis", "since", "peak",
                                           "peak_at", "day", "dpeak", "dpeak_at",
                                           "life",    "i",   "con",   "cnt"};
static const char *const setting_fields[] = {"badge", "demo", "read", "v"};
#define SETTINGS (sizeof setting_fields / sizeof *setting_fields)

static void list_settings(struct model_list *l, const struct model_key *k,
                          const struct model_key *alerts)
{
    size_t n = field(k, SLICE("v")) ? goals_in(k) : 0;

    list_number(l, present(k, setting_fields, SETTINGS) + n);
    for (size_t i = 0; i < SETTINGS; i++) {
        if (!field(k, slice_of(setting_fields[i])))
            continue;
        list_add(l, slice_of(setting_fields[i]));
        list_add(l, value(k, slice_of(setting_fields[i])));
    }
    for (size_t i = 0; n > 0 && i < k->n; i++) {
        struct slice name = {k->field[i].name, k->field[i].name_n};

        if (!is_goal(&k->field[i]) && !is_alert(&k->field[i]))
            continue;
        list_add(l, name);
        list_add(l, is_alert(&k->field[i])
                        ? value(alerts, slice_skip(name, strlen(FIELD_ALERT)))
                        : SLICE(""));
    }
}

int redis_model_snapshot(struct redis_model *m, struct slice site, unsigned minutes,
                         struct summary *s, struct model_list *l)
{
    struct key_name meta = key_meta(site), recent = key_recent(site);
    struct key_name open = key_online(site), totals = key_totals(site);
    struct key_name settings = key_settings(site), titles = key_titles(site);
    struct key_name alerts = key_alerts(site);
    const struct model_key *k = find(m, slice_of(meta.s));
    uint64_t t = number_or_0(value(k, SLICE("t"))), w;
    bool known = field(k, SLICE("q")) != NULL;
    minute_t now = minute_of(m->now);

    *l = (struct model_list){0};
    w = field(k, SLICE("W")) ? number(value(k, SLICE("W"))) : WINDOW_DEFAULT;
    if (known && minute_of((ms_t)t) > now)
        now = minute_of((ms_t)t);
    list_add(l, SLICE("T"));
    list_number(l, (uint64_t)m->now / 1000);
    list_number(l, (uint64_t)(m->now % 1000) * 1000);
    list_add(l, SLICE("M"));
    list_fields(l, known ? k : NULL, meta_fields, sizeof meta_fields / sizeof(char *));
    list_add(l, SLICE("O"));
    list_hash(l, known ? find(m, slice_of(open.s)) : NULL, true);
    list_add(l, SLICE("A"));
    list_fields(l, find(m, slice_of(totals.s)), total_fields,
                sizeof total_fields / sizeof(char *));
    list_add(l, SLICE("C"));
    list_settings(l, find(m, slice_of(settings.s)), find(m, slice_of(alerts.s)));
    if (known) {
        list_add(l, SLICE("N"));
        list_hash(l, find(m, slice_of(titles.s)), true);
    }
    for (unsigned i = 0; known && i < w; i++) {
        struct key_name row = key_minute(site, now - i), told = key_traits(site, now - i);
        const struct model_key *r = find(m, slice_of(row.s));

        if (!r)
            continue;
        list_add(l, SLICE("B"));
        list_number(l, now - i);
        list_row(l, r, find(m, slice_of(told.s)));
    }
    list_add(l, SLICE("R"));
    list_hash(l, known ? find(m, slice_of(recent.s)) : NULL, false);
    return summary_parse(s, l->v, l->n, minutes);
}

void redis_model_snapshot_fini(struct model_list *l)
{
    for (size_t i = 0; i < l->nowned; i++)
        free(l->owned[i]);
    free(l->owned);
    free(l->v);
}
