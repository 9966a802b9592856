/* slow_fsync: LD_PRELOADed into redis-server: each fdatasync takes SLOW_FSYNC_MS longer,
 * as on a busy disk. Under `appendfsync everysec` Redis then confirms writes that it
 * holds back for up to two seconds. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    const char *ms = getenv("SLOW_FSYNC_MS");

    if (ms)
        usleep((useconds_t)atoi(ms) * 1000);
    return real(fd);
}
