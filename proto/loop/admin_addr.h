/* admin_addr: where the admin port is, as --admin-listen says. */
#ifndef HC_ADMIN_ADDR_H
#define HC_ADMIN_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ADMIN_ADDR_TEXT 64 /* bytes of "[IPv6]:port" */

struct admin_addr {
    struct sockaddr_storage sa;
    bool on;          /* false: no admin port */
    const char *text; /* as given, for messages; borrowed */
};

/* Reads --admin-listen: HOST:PORT, or "" or "none" for no admin port. A name is looked
 * up. Returns 0, or -1 with a sentence that names the option in @err. */
int admin_addr_parse(struct admin_addr *a, const char *text, char *err, size_t err_n);

/* Writes the numeric form of an IPv4 or IPv6 address into @out (ADMIN_ADDR_TEXT bytes)
 * and returns it. */
const char *admin_addr_text(const struct sockaddr_storage *sa, char *out);

#endif
