/* process: what every program can tell of itself: CPU, memory, start, files. */
#ifndef HC_PROCESS_H
#define HC_PROCESS_H

#include "counters.h"

#define PROCESS_COUNTERS(X)                                                         \
    X(cpu_us, COUNTER, "CPU time, user and system", "process_cpu_seconds_total")    \
    X(start_us, GAUGE, "start of the process since 1970, by the wall clock of now", \
      "process_start_time_seconds")                                                 \
    X(resident, GAUGE, "memory in use, bytes", "process_resident_memory_bytes")     \
    X(open_fds, GAUGE, "files open", "process_open_fds")                            \
    X(max_fds, GAUGE, "files that may be open", "process_max_fds")

COUNTERS_STRUCT(process_counters, PROCESS_COUNTERS);

/* Asks the kernel; what it does not tell is 0. @p stays the caller's. */
struct counters_table process_measure(struct process_counters *p);

#endif
