/* A state for telnet, and a place for the line. */
#include "line_reader.h"

/* Codes of RFC 854 behind an IAC. */
enum { SE = 240, SB = 250, WILL = 251, DONT = 254, IAC = 255 };

enum telnet {
    TEXT,
    COMMAND,    /* behind IAC */
    OPTION,     /* behind IAC WILL, WONT, DO or DONT */
    PARAMETERS, /* behind IAC SB, until IAC SE */
    PARAMETERS_IAC,
};

/* Whether the byte is part of what telnet negotiates. */
static bool skip(struct line_reader *r, uint8_t byte)
{
    enum telnet at = r->telnet;

    if (at == TEXT && byte == IAC)
        r->telnet = COMMAND;
    else if (at == COMMAND)
        r->telnet = byte == SB                     ? PARAMETERS
                    : byte >= WILL && byte <= DONT ? OPTION
                                                   : TEXT;
    else if (at == PARAMETERS && byte == IAC)
        r->telnet = PARAMETERS_IAC;
    else if (at == PARAMETERS_IAC)
        r->telnet = byte == SE ? TEXT : PARAMETERS;
    else if (at == OPTION)
        r->telnet = TEXT;
    return at != TEXT || byte == IAC;
}

static struct slice take_line(struct line_reader *r)
{
    struct slice line = {r->bytes, r->n};

    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    r->n = 0;
    return line;
}

/* The last place is a CR's. */
static bool has_room(const struct line_reader *r, char byte)
{
    return r->n < FEED_LINE_MAX || (r->n == FEED_LINE_MAX && byte == '\r');
}

enum line_step line_reader_next(struct line_reader *r, struct slice *in,
                                struct slice *line)
{
    while (in->n > 0) {
        char byte = *in->p;

        *in = slice_skip(*in, 1);
        if (skip(r, (uint8_t)byte))
            continue;
        if (byte == '\n') {
            *line = take_line(r);
            return LINE_WHOLE;
        }
        if (!has_room(r, byte))
            return LINE_TOO_LONG;
        r->bytes[r->n++] = byte;
    }
    return LINE_MORE;
}
