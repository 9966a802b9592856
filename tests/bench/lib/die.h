/* die: the end of a program that cannot measure. */
#ifndef HC_BENCH_DIE_H
#define HC_BENCH_DIE_H

/* Says why on standard error, as printf does, with a line's end; exits with 1. */
void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...);

#endif
