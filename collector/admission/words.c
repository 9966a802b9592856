/* words: the automaton of Aho and Corasick, with every step worked out beforehand.
 *
 * A node stands for a beginning of some word; searching is at the node of the longest
 * beginning that the text just read ends with. Bytes that no word holds are one class,
 * which leads back to the root, so a row of the table has one place for each letter that
 * is used. What ends at a node is decided when it is made: its own word, else what ends
 * where the rest of it does; so the longest word decides, which is what makes exceptions.
 *
 * Building is breadth first: the node that stands for the rest (the suffix link) is
 * always nearer to the root and done before. */
#include "words.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "list.h"

#define ROOT 0

enum ending { NOTHING, WORD, EXCEPTION };

/* A node names another by its number, and the root is nobody's child: 0 is "none" while
 * the words are put in and the root afterwards. */
typedef uint16_t node_t;

_Static_assert(WORDS_NODES_MAX <= UINT16_MAX, "a node's number fits");

struct words {
    unsigned holders; /* atomic */
    size_t count, nodes;
    unsigned classes;   /* letters in use, and all the others together */
    uint8_t class[256]; /* of a byte; capitals have that of their small letter */
    uint8_t *ending;    /* enum ending of each node */
    node_t *next;       /* nodes rows of `classes` places */
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static node_t *step(const struct words *w, node_t from, char c)
{
    return &w->next[from * w->classes + w->class[(uint8_t)c]];
}

/* The item without the mark of an exception. */
static struct slice word_of(struct slice item, enum ending *what)
{
    *what = item.p[0] == '!' ? EXCEPTION : WORD;
    return *what == EXCEPTION ? slice_skip(item, 1) : item;
}

/* Counts one word more. Returns NULL, or what is wrong with it. */
static const char *count(struct words *w, struct slice word)
{
    w->count++;
    w->nodes += word.n;
    if (word.n < WORD_MIN)
        return "shorter than " TEXT_OF(WORD_MIN) " bytes, it would be found everywhere";
    if (w->count > WORDS_MAX)
        return "more than " TEXT_OF(WORDS_MAX) " words";
    if (w->nodes > WORDS_NODES_MAX)
        return "more than " TEXT_OF(WORDS_NODES_MAX) " letters in all";
    return NULL;
}

static void note_letters(struct words *w, struct slice word)
{
    for (size_t i = 0; i < word.n; i++) {
        uint8_t *class = &w->class[(uint8_t)lower(word.p[i])];

        if (*class == 0)
            *class = (uint8_t)w->classes++;
    }
}

/* A first reading: checks, counts, and finds the letters in use. */
static int measure(struct words *w, struct list l, char *err, size_t err_n)
{
    const char *why;
    enum ending what;
    struct slice item;
    int r;

    w->classes = 1;
    w->nodes = 1;
    while ((r = list_next(&l, &item, err, err_n)) > 0) {
        item = word_of(item, &what);
        if ((why = count(w, item)))
            return list_explain(&l, why, err, err_n);
        note_letters(w, item);
    }
    for (int c = 'A'; c <= 'Z'; c++)
        w->class[c] = w->class[(uint8_t)lower((char)c)];
    return r;
}

static void put(struct words *w, struct slice word, enum ending what)
{
    node_t at = ROOT;

    for (size_t i = 0; i < word.n; i++) {
        node_t *next = step(w, at, word.p[i]);

        if (*next == ROOT)
            *next = (node_t)w->nodes++;
        at = *next;
    }
    w->ending[at] = (uint8_t)what;
}

/* Gives @child, whose rest is @rest, what it did not have of its own. Its row is filled
 * when its turn comes. */
static void inherit(struct words *w, node_t child, node_t rest)
{
    if (w->ending[child] == NOTHING)
        w->ending[child] = w->ending[rest];
}

/* The places of @node's row where no word goes on are those of its rest, which is done;
 * the others are children, whose rest is what the node's rest would do. */
static node_t *settle(struct words *w, node_t node, node_t *rest, node_t *queue)
{
    node_t *row = &w->next[node * w->classes];
    const node_t *other = &w->next[rest[node] * w->classes];

    for (unsigned c = 0; c < w->classes; c++) {
        node_t child = row[c];

        if (child == ROOT) {
            row[c] = node == ROOT ? ROOT : other[c];
            continue;
        }
        rest[child] = node == ROOT ? ROOT : other[c];
        inherit(w, child, rest[child]);
        *queue++ = child;
    }
    return queue;
}

static void link_all(struct words *w)
{
    node_t *rest = calloc(w->nodes, sizeof *rest);
    node_t *queue = calloc(w->nodes, sizeof *queue), *end;

    if (rest == NULL || queue == NULL)
        abort();
    end = queue + 1;
    for (node_t *at = queue; at < end; at++)
        end = settle(w, *at, rest, end);
    assert(end == queue + w->nodes);
    free(rest);
    free(queue);
}

static void fill(struct words *w, struct list l)
{
    struct slice item;
    char err[256];

    w->ending = calloc(w->nodes, sizeof *w->ending);
    w->next = calloc(w->nodes * w->classes, sizeof *w->next);
    if (w->ending == NULL || w->next == NULL)
        abort();
    w->nodes = 1; /* now those that differ */
    while (list_next(&l, &item, err, sizeof err) > 0) {
        enum ending what;

        item = word_of(item, &what);
        put(w, item, what);
    }
    link_all(w);
}

struct words *words_new(struct slice text, const char *name, char *err, size_t err_n)
{
    struct words *w = calloc(1, sizeof *w);
    struct list l;

    if (w == NULL)
        abort();
    list_init(&l, text, name);
    w->holders = 1;
    if (measure(w, l, err, err_n) < 0) {
        free(w);
        return NULL;
    }
    fill(w, l);
    return w;
}

struct words *words_hold(struct words *w)
{
    if (w)
        __atomic_add_fetch(&w->holders, 1, __ATOMIC_RELAXED);
    return w;
}

void words_drop(struct words *w)
{
    if (w == NULL || __atomic_sub_fetch(&w->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free(w->ending);
    free(w->next);
    free(w);
}

bool words_in(const struct words *w, struct slice text)
{
    node_t at = ROOT;

    if (w == NULL)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        at = *step(w, at, text.p[i]);
        if (w->ending[at] == WORD)
            return true;
    }
    return false;
}

size_t words_count(const struct words *w)
{
    return w->count;
}
