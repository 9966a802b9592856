/* heap: the process' heap lies in huge pages, where the system lets us ask for them
 * (/sys/kernel/mm/transparent_hugepage/enabled: madvise or always).
 *
 * A busy aggregator touches memory all over its tables, and finding out where a page lies
 * costs as much as the memory itself; of 2 MiB there are few enough to be known. The heap
 * grows by large steps, of which nothing is resident before it is used; each is asked for
 * before that. So it takes at most one huge page more than without. */
#ifndef HC_HEAP_H
#define HC_HEAP_H

/* Call it before memory is allocated; once. */
void heap_init(void);

/* Asks for what the heap has grown by. Costs nothing when it has not: call it often. */
void heap_follow(void);

#endif
