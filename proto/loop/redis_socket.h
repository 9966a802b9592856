/* redis_socket: one attempt to reach Redis after the other, and the stream that comes of
 * it. Part of redis_link.
 *
 * It rests, or it is opening or open, or it is closing; the memory is the caller's again
 * whenever it rests. */
#ifndef HC_REDIS_SOCKET_H
#define HC_REDIS_SOCKET_H

#include <stdbool.h>
#include <uv.h>
#include "../redis_addr.h"

struct redis_socket {
    union {
        uv_handle_t handle;
        uv_stream_t stream; /* to read and write when open; its data is the user's */
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } u;
    uv_loop_t *loop;
    uv_getaddrinfo_t lookup;
    uv_connect_t connect;
    struct addrinfo *addresses; /* all that the name has */
    struct addrinfo *next;      /* to be tried */
    int status;                 /* of the last address tried */
    bool looking_up;
    bool has_handle; /* from init to close callback */
    bool closing;
    void (*opened)(void *arg, int status);
    void (*closed)(void *arg);
    void *arg;
};

/* Makes one that rests. */
void redis_socket_init(struct redis_socket *s, uv_loop_t *loop,
                       void (*opened)(void *arg, int status), void (*closed)(void *arg),
                       void *arg);

/* Looks the name up and tries its addresses in turn, or connects to the unix socket.
 * Calls opened() once, with 0 or a negative uv error, unless it is closed before; it may
 * do so from inside. Must rest. @addr is needed during the call only. */
void redis_socket_open(struct redis_socket *s, const struct redis_addr *addr);

/* Whether bytes came that were not read yet. Must be open. */
bool redis_socket_has_unread(const struct redis_socket *s);

/* Closes whatever state it is in; may be called again while it closes. closed() is called
 * once when it rests, from inside if it rests already. A look-up that the resolver is
 * busy with is waited for. */
void redis_socket_close(struct redis_socket *s);

#endif
