/* handed: sockets that whoever started us has opened for us (sd_listen_fds(3)).
 *
 * systemd listens before the daemon runs and goes on while it does not, so that nobody is
 * refused during a restart, and ports below 1024 need no privileges. LISTEN_PID says whom
 * the descriptors from 3 on are meant for, LISTEN_FDS how many they are, and
 * LISTEN_FDNAMES what each is for (FileDescriptorName= of the socket unit). */
#ifndef HC_HANDED_H
#define HC_HANDED_H

#include <stddef.h>

struct handed_kind {
    const char *name; /* "http" */
    int type;         /* SOCK_STREAM or SOCK_DGRAM */
};

/* The descriptor called @name, or 0 when none was handed over. */
int handed_find(const char *name);

/* Whether each one that was handed over is of one of the @n @kinds, an IP socket of its
 * type, listening if there are connections, and the only one of that name; sees to it
 * that no child inherits them. Returns 0, or -1 with a sentence that names LISTEN_FDNAMES
 * in @err. */
int handed_check(const struct handed_kind *kinds, size_t n, char *err, size_t err_n);

#endif
