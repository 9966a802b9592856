/* From getrusage(2), getrlimit(2) and proc(5). Asked for once per scrape, so opening a
 * few files each time costs nothing that matters. */
#include "process.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define START_FIELD 22 /* of /proc/self/stat: ticks after boot */

COUNTERS_ROWS(process_counters, PROCESS_COUNTERS);

static uint64_t us_of(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_usec;
}

static uint64_t cpu_us(void)
{
    struct rusage used;

    if (getrusage(RUSAGE_SELF, &used) < 0)
        return 0;
    return us_of(used.ru_utime) + us_of(used.ru_stime);
}

/* Reads a small file of /proc as text. Returns false when there is none. */
static bool read_text(const char *path, char *out, size_t out_n)
{
    FILE *in = fopen(path, "re");
    size_t n;

    if (!in)
        return false;
    n = fread(out, 1, out_n - 1, in);
    out[n] = '\0';
    fclose(in);
    return n > 0;
}

static uint64_t resident(void)
{
    unsigned long long pages = 0;
    char text[256];

    if (!read_text("/proc/self/statm", text, sizeof text) ||
        sscanf(text, "%*u %llu", &pages) != 1)
        return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Ticks between boot and the start of this process. The second field is the program's
 * name, which may hold anything: fields are counted from its closing parenthesis. */
static uint64_t start_ticks(void)
{
    unsigned long long ticks = 0;
    char text[1024], *at;

    if (!read_text("/proc/self/stat", text, sizeof text) || !(at = strrchr(text, ')')))
        return 0;
    for (int field = 2; at && field < START_FIELD; field++)
        at = strchr(at + 1, ' ');
    return at && sscanf(at, "%llu", &ticks) == 1 ? ticks : 0;
}

static uint64_t clock_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t start_us(void)
{
    uint64_t after_boot = start_ticks() * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);

    return clock_us(CLOCK_REALTIME) - clock_us(CLOCK_BOOTTIME) + after_boot;
}

static uint64_t open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;
    uint64_t n = 0;

    if (!dir)
        return 0;
    /* cppcheck-suppress readdirCalled ; nobody else reads from this one */
    while ((entry = readdir(dir)) != NULL)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n - 1; /* the directory itself */
}

static uint64_t max_fds(void)
{
    struct rlimit files;

    return getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_cur : 0;
}

struct counters_table process_measure(struct process_counters *p)
{
    *p = (struct process_counters){.cpu_us = cpu_us(),
                                   .start_us = start_us(),
                                   .resident = resident(),
                                   .open_fds = open_fds(),
                                   .max_fds = max_fds()};
    return (struct counters_table){p, process_counters_rows,
                                   COUNTERS_COUNT(PROCESS_COUNTERS)};
}
