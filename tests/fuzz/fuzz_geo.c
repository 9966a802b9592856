/* Databases of any bytes for --geoip: they are refused with a sentence, or lookups end,
 * and what is told is two capitals. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../collector/geo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool claim)
{
    if (!claim)
        abort();
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static void ask(const struct geo *g, const struct ip *ip)
{
    char country[2] = {0};
    bool knows = geo_country(g, ip, country) == GEO_KNOWN;

    must(is_capital(country[0]) == knows && is_capital(country[1]) == knows);
}

/* Networks of the samples, and addresses whose bits are those of the file. */
static void ask_all(const struct geo *g, const uint8_t *data, size_t size)
{
    static const struct ip known[] = {
        {{192, 0, 2, 1}, 4},
        {{203, 0, 113, 8}, 4},
        {{0x20, 0x01, 0x0d, 0xb8}, 16},
        {{0x20, 0x01, 0x0d, 0xb8, 0, 1}, 16},
    };
    struct ip any = {.n = 16};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        ask(g, &known[i]);
    for (size_t at = 0; at + sizeof any.b <= size && at < 512; at += 64) {
        memcpy(any.b, data + at, sizeof any.b);
        ask(g, &any);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64], err[256] = "";
    int fd = memfd_create("geo", 0);
    struct geo *g;

    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    g = geo_open(path, err, sizeof err);
    if (g)
        ask_all(g, data, size);
    else
        must(strncmp(err, "--geoip ", 8) == 0 && strlen(err) > 8);
    geo_close(g);
    close(fd);
    return 0;
}
