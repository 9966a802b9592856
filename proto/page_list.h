/* page_list: the pages of an answer: what was read of each, in any order and more than
 * once, becomes one ranked list. */
#ifndef HC_PAGE_LIST_H
#define HC_PAGE_LIST_H

#include "delta.h"

/* Adds up entries of the same path and ranks them: most visitors first, then most online,
 * then by path. The first ANSWER_PAGES_MAX stay; those beyond, and what stands for others
 * already, become one last PAGE_OTHER. Returns how many of the @n are left, at most
 * ANSWER_PAGES_MAX + 1. Entries without any visitor count as pages too. */
size_t page_list_rank(struct page_count *pages, size_t n);

#endif
