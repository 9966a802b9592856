/* calibrate: how fast the machine is at this moment, to be told beside a figure.
 *
 * Prints the nanoseconds of one step of splitmix64 whose input is the output of the one
 * before: about a dozen cycles, nothing but registers. The same binary took 2.9 to 6.0 ns
 * on one virtual machine within an hour, with no steal told. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define STEPS 20000000

int main(void)
{
    struct timespec t0, t1;
    uint64_t z = 1;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
    for (int i = 0; i < STEPS; i++) {
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
    printf("%.2f\n",
           ((double)(t1.tv_sec - t0.tv_sec) * 1e9 + (double)(t1.tv_nsec - t0.tv_nsec)) /
                   STEPS +
               (z == 0 ? 1 : 0));
    return 0;
}
