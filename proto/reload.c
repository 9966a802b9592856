/* Who swaps a file for a pipe between the check and the reading has the daemon wait; but
 * who may do that may also end it. */
#include "reload.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "log.h"

void reload_hold(bool held)
{
    sigset_t hangup;

    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    pthread_sigmask(held ? SIG_BLOCK : SIG_UNBLOCK, &hangup, NULL);
}

int reload_check(const char *option, const char *path, char *err, size_t err_n)
{
    struct stat st;
    bool is_there = stat(path, &st) == 0;

    if (is_there && S_ISREG(st.st_mode))
        return 0;
    snprintf(err, err_n, "--%s %s: %s", option, path,
             is_there ? "not a file, so it is read at a start only" : strerror(errno));
    return -1;
}

void reload_tell(const char *option, const char *path, const char *err)
{
    if (err)
        log_line("event=reload_refused option=%s why=\"%s\"; what it was before holds",
                 option, err);
    else
        log_line("event=reloaded option=%s file=%s", option, path);
}
