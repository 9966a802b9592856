/* line_reader: bytes of a terminal become lines.
 *
 * A line ends with LF or CR LF. What telnet says to negotiate (RFC 854, 855: 0xff and
 * what follows it) is skipped wherever it stands; it is no part of any UTF-8 text. Pure.
 */
#ifndef HC_LINE_READER_H
#define HC_LINE_READER_H

#include <stdint.h>
#include "../proto/limits.h"
#include "../proto/slice.h"

/* All zero: at the start of a line. */
struct line_reader {
    uint8_t telnet; /* where in a command of telnet: enum telnet of line_reader.c */
    uint16_t n;     /* bytes of the line so far */
    char bytes[FEED_LINE_MAX + 1]; /* one more for a CR */
};

enum line_step { LINE_MORE, LINE_WHOLE, LINE_TOO_LONG };

/* Takes bytes off @in: all of them, LINE_MORE; or up to the end of a line, LINE_WHOLE:
 * @line is it without its end, valid until the next call; or up to the byte that makes it
 * too long, after which the reader is of no more use. */
enum line_step line_reader_next(struct line_reader *r, struct slice *in,
                                struct slice *line);

#endif
