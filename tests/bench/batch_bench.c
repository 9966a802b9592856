/* batch_bench: what the body of a POST /e of fifty events takes, in CPU of this process.
 *
 *   batch_bench [ROUNDS]
 *
 * Prints the nanoseconds an event: opening the batch, reading its events, giving it back.
 * Under callgrind: instructions. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "../../collector/batch.h"
#include "../../proto/buf.h"

#define EVENTS 50

static struct slice body(struct buf *b)
{
    buf_init(b, 64 * 1024);
    buf_str(b, "{\"hits\":[");
    for (int i = 0; i < EVENTS; i++)
        buf_printf(b,
                   "%s{\"i\":\"bench\",\"p\":\"/articles/2025/11/how-many-people-%d\","
                   "\"k\":\"v\",\"u\":\"%08x\",\"v\":\"Zk3x9Q%02d\",\"a\":\"r\","
                   "\"t\":\"How many people are here\","
                   "\"r\":\"https://news.example.com/item?id=%d\",\"d\":%d}",
                   i ? "," : "", i % 10, i * 0x9e3779b9u, i, i, i * 100);
    buf_str(b, "]}");
    return buf_get(b);
}

static size_t read_all(struct slice text)
{
    struct beacon beacon;
    struct batch batch;
    size_t bytes = 0;

    if (batch_open(&batch, text) != BEACON_OK)
        abort();
    for (size_t i = 0; i < batch.n; i++) {
        if (batch_get(&batch, text, i, &beacon) != BEACON_OK)
            abort();
        bytes += beacon.path.n + beacon.engaged.n;
    }
    batch_fini(&batch);
    return bytes;
}

static double cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 2000;
    struct buf b;
    struct slice text = body(&b);
    size_t bytes = 0;
    double begin = cpu_ns();

    for (int i = 0; i < rounds; i++)
        bytes += read_all(text);
    printf("batch of %d, %zu bytes: %.0f ns an event (%zu)\n", EVENTS, text.n,
           (cpu_ns() - begin) / rounds / EVENTS, bytes % 10);
    buf_fini(&b);
    return 0;
}
