/* bad_disk: LD_PRELOADed into redis-server, a disk that can be made slow or full.
 *
 * While the file $BAD_DISK says "slow MS", each fdatasync takes MS milliseconds longer,
 * as on a busy disk: under `appendfsync everysec` Redis then confirms writes that it
 * holds back for up to two seconds. While it says "full", nothing more can be written to
 * a regular file. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the file says, without its newline; the empty text when there is none. */
static void ask(char *out, size_t n)
{
    const char *path = getenv("BAD_DISK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t got = fd < 0 ? 0 : read(fd, out, n - 1);

    if (fd >= 0)
        close(fd);
    out[got > 0 ? got : 0] = '\0';
}

int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    char what[32];

    ask(what, sizeof what);
    if (strncmp(what, "slow ", 5) == 0)
        usleep((useconds_t)atoi(what + 5) * 1000);
    return real(fd);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    ssize_t (*real)(int, const void *, size_t) =
        (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    struct stat st;
    char what[32];

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        ask(what, sizeof what);
        if (strcmp(what, "full") == 0) {
            errno = ENOSPC;
            return -1;
        }
    }
    return real(fd, bytes, n);
}
