/* reload: which files a running daemon reads again, and what its log says of each. */
#ifndef HC_RELOAD_H
#define HC_RELOAD_H

#include <stdbool.h>
#include <stddef.h>

/* Holds SIGHUP back in this thread and those it makes: from before the files are read
 * until there is who takes it, so that it neither ends a daemon that starts, nor is a
 * change of a file missed; and again at the end. */
void reload_hold(bool held);

/* Whether @path can be read without waiting: a pipe has no more to say than it had at the
 * start, and opening one again would stop the daemon until somebody writes. Returns 0, or
 * -1 with a sentence that names --@option in @err. */
int reload_check(const char *option, const char *path, char *err, size_t err_n);

/* Logs that what stands in @path holds from now on, or, with @err, why it does not. */
void reload_tell(const char *option, const char *path, const char *err);

#endif
