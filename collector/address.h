/* address: HOST:PORT and back. */
#ifndef HC_ADDRESS_H
#define HC_ADDRESS_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

struct address {
    union {
        struct sockaddr sa;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t n;
};

/* As text: "[" 45 "]:65535". */
#define ADDRESS_TEXT_MAX 64

/* Reads "192.0.2.1:8080", "[2001:db8::1]:8080" or "name:8080"; a name is looked up once,
 * here. Port 0 is any free one. Returns 0, or -1 with a sentence that begins with @option
 * in @err. */
int address_parse(struct address *a, const char *text, const char *option, char *err,
                  size_t err_n);

/* Writes the numeric form into @out (ADDRESS_TEXT_MAX bytes) and returns it. */
const char *address_text(const struct address *a, char *out);

/* In host order. */
int address_port(const struct address *a);

#endif
