/* lines: a file descriptor read line by line, without ever holding more than one line and
 * one read. */
#ifndef HC_LINES_H
#define HC_LINES_H

#include <stdint.h>
#include <sys/types.h>
#include "../proto/limits.h"
#include "../proto/slice.h"

#define LINES_READ (64 * 1024)

struct lines {
    size_t at, n;   /* what is not taken yet: bytes[at..n) */
    bool skipping;  /* inside a line that is too long */
    bool ended;     /* lines_end was called */
    uint64_t taken; /* bytes of all lines taken or skipped, with their ends */
    char bytes[ACCESS_LINE_MAX + LINES_READ];
};

/* Start with lines_init; there is nothing to free. */
void lines_init(struct lines *l);

/* Where the next bytes may be put, at least LINES_READ of them once lines_next said
 * LINE_NONE; tell how many came with lines_filled. */
char *lines_room(struct lines *l, size_t *n);
void lines_filled(struct lines *l, size_t n);

/* No more bytes will come: what is left is the last line. */
void lines_end(struct lines *l);

enum line_result {
    LINE_NONE,     /* more bytes are needed, or all is taken after lines_end */
    LINE_WHOLE,    /* *line is one, without its LF or CRLF; valid until lines_room */
    LINE_TOO_LONG, /* one beyond ACCESS_LINE_MAX was skipped */
};
enum line_result lines_next(struct lines *l, struct slice *line);

#endif
