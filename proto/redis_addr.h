/* redis_addr: where a Redis is, and with which credentials.
 *
 *   unix:path/redis.sock[?db=N]      tcp://host[:port][/db]     redis://host[:port][/db]
 *
 * A password in the address is refused: it would show in `ps`. It comes from a file
 * (--redis-auth-file) that holds `password` or `user:password` on its first line. */
#ifndef HC_REDIS_ADDR_H
#define HC_REDIS_ADDR_H

#include <stdbool.h>
#include <stddef.h>

struct redis_addr {
    bool is_unix;
    char host[256]; /* name or address without brackets, or the socket's path */
    int port;
    int db;
    char user[128];
    char password[512]; /* empty: no AUTH is sent */
};

/* Returns 0, or -1 with a sentence that names --redis in @err. */
int redis_addr_parse(struct redis_addr *a, const char *text, char *err, size_t err_n);

/* Reads the credentials. Returns 0, or -1 with a sentence that names --redis-auth-file.
 */
int redis_addr_auth_file(struct redis_addr *a, const char *path, char *err, size_t err_n);

/* "unix:/path" or "tcp://host:port/db" without credentials, for the log; cut to @n bytes.
 * redis_addr_parse takes it back. REDIS_ADDR_TEXT_MAX bytes hold every address. */
#define REDIS_ADDR_TEXT_MAX 288
void redis_addr_text(const struct redis_addr *a, char *out, size_t n);

#endif
