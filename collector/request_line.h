/* request_line: the first line of a request, METHOD SP target SP HTTP/1.x CRLF. */
#ifndef HC_REQUEST_LINE_H
#define HC_REQUEST_LINE_H

#include "http.h"

/* Reads the line at the start of @bytes into method, target, path, query, http_1_0 and,
 * when the target names one, host of @r; the rest of @r stays as it is. Returns the
 * line's length with its CRLF; 0 when more bytes are needed; or -400, -405, -414, -505.
 */
ssize_t request_line_read(struct http_request *r, const char *bytes, size_t n);

#endif
