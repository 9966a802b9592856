/* replay: runs a fuzz target over kept inputs, without libFuzzer.
 *
 *   fuzz_NAME tests/fuzz/corpus/NAME [file or folder ...]
 *
 * Each input lies before a guard page. A target that finds something aborts, and the last
 * words name the input. Fails when there is nothing to run. */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../guard.h"

#define INPUT_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *running; /* the input being run */

/* Says which input it was and dies of the same signal. */
static void on_crash(int sig)
{
    dprintf(STDERR_FILENO, "while running %s\n", running);
    signal(sig, SIG_DFL);
    raise(sig);
}

/* A name that leads nowhere is a mistake of the caller's: fails at once. */
static void run_file(const char *path)
{
    static uint8_t bytes[INPUT_MAX];
    FILE *f = fopen(path, "rb");
    size_t n;

    if (!f) {
        perror(path);
        exit(1);
    }
    n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    running = path;
    LLVMFuzzerTestOneInput(guard_copy(bytes, n), n);
}

/* Runs a file, or what a folder holds. Returns how many inputs that were. */
static unsigned run(const char *path)
{
    struct dirent **entry;
    unsigned ran = 0;
    struct stat st;
    int n;

    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        run_file(path);
        return 1;
    }
    n = scandir(path, &entry, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entry[i]->d_name);
        if (entry[i]->d_name[0] != '.')
            ran += run(name);
        free(entry[i]);
    }
    if (n >= 0)
        free(entry);
    return ran;
}

int main(int argc, char **argv)
{
    unsigned ran = 0;

    signal(SIGABRT, on_crash);
    signal(SIGSEGV, on_crash);
    for (int i = 1; i < argc; i++)
        ran += run(argv[i]);
    printf("%s: %u inputs\n", argv[0], ran);
    return ran > 0 ? 0 : 1;
}
