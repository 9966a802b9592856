/* LiveUser, whose widget shows how many people have a page open: both generations of its
 * Worker, and the ancestor in Go. */
#include "all.h"
#include "liveuser_script.h"
#include "liveuser_socket.h"
#include "liveuser_total.h"
#include "liveuser_visit.h"

/* clang-format off */
static const struct route route_table[] = {
    {HTTP_GET, "*/liveuser.js", liveuser_script, .open = true,
     .what = "the widget of LiveUser; the query says what it is to show, and where"},
    {HTTP_GET, "*/init-liveuser.js", liveuser_library, .open = true,
     .what = "the same, for the loader of its first version"},
    {HTTP_GET, "/main.js", liveuser_main, .open = true,
     .what = "the same, as its ancestor in Go has it"},
    {HTTP_GET, "*/ws", liveuser_socket, .open = true, .later = true, .streams = true,
     .what = "the widget's connection: who holds it open is counted"},
    {HTTP_GET, "/", liveuser_by_root, .open = true, .later = true, .streams = true,
     .what = "the connection of the ancestor in Go, a WebSocket"},
    {HTTP_GET, "*/ws", liveuser_no_socket, .open = true,
     .what = "the widget's connection, without what makes it a WebSocket: 426"},
    {HTTP_GET, "*/api/total/:id", liveuser_total, .open = true, .later = true,
     .what = "how often somebody was counted"},
    {HTTP_POST, "*/api/reset/:id", liveuser_reset, .later = true,
     .what = "begins that anew, and views and visits; takes a token of scope admin"},
    {HTTP_POST, "*/v1/visit", liveuser_visit, .open = true, .later = true,
     .what = "how many visitors the day has had, the one in the body among them"},
};
/* clang-format on */

const struct dialect dialect_liveuser = {
    .name = "liveuser",
    .routes = route_table,
    .nroutes = sizeof route_table / sizeof *route_table,
    .what = "LiveUser, and its ancestor in Go",
};
