/* page_policy: what of a page's own text its Content-Security-Policy has to let through.
 */
#ifndef HC_PAGE_POLICY_H
#define HC_PAGE_POLICY_H

#include "../proto/slice.h"

/* What the policy of a page says where nothing is inline, in the order in which its
 * header has them. */
#define PAGE_POLICY_SCRIPTS "script-src 'self'"
#define PAGE_POLICY_STYLES "style-src 'self'"

/* The header lines @headers, in which both stand once, so that they allow the <style>
 * elements of @html, and the <script> elements without attributes, each by the hash of
 * its very bytes (CSP level 3, section 2.3.1). Returns a string to be freed, or NULL when
 * there are no such elements and @headers will do. Nothing else of @html may be inline.
 */
char *page_policy_allow(const char *headers, struct slice html);

#endif
