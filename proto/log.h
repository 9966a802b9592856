/* log: one line of key=value per event, on stderr.
 *
 *   2026-11-22T10:11:12.345Z collector event=listening addr=127.0.0.1:8080
 *
 * For the few things an operator wants to read: started, listening, connection lost or
 * found, stopped. Never once per request or datagram: those are counted. One write(2) a
 * line. */
#ifndef HC_LOG_H
#define HC_LOG_H

/* The program's name, a literal; set once before threads start. */
void log_open(const char *program);

/* @fmt is the rest of the line, "event=... key=value"; values that come from outside are
 * given with %s after log_safe. Line breaks become blanks; a line above LOG_LINE_MAX
 * bytes is cut; one that stderr does not take is lost. Leaves errno alone. */
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Copies @s into @out (size @n >= 1), with everything that is not printable ASCII, quotes
 * and backslashes as \xNN, cut before the first that does not fit. Returns @out. */
const char *log_safe(char *out, unsigned long n, const char *s, unsigned long len);

#endif
