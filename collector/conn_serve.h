/* conn_serve: the requests of a connection, one after the other. */
#ifndef HC_CONN_SERVE_H
#define HC_CONN_SERVE_H

#include <stdbool.h>
#include <stddef.h>

struct conn;

/* Serves what is whole of @bytes, which are in the read buffer or all of c->carry, keeps
 * the rest, and decides what to wait for. May close the connection. */
void conn_serve(struct conn *c, const char *bytes, size_t n);

/* The answer to what is no request, or came too late; nothing after it is read. */
void conn_refuse(struct conn *c, int status);

/* Keeps bytes that are not served. Returns false if the connection is gone. */
bool conn_keep(struct conn *c, const char *bytes, size_t n);

#endif
