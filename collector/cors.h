/* cors: header lines that let the page that asked read the answer, also if it sent
 * cookies along. Pure. */
#ifndef HC_CORS_H
#define HC_CORS_H

#include "../proto/limits.h"
#include "../proto/slice.h"

#define CORS_LINES_MAX (HTTP_HEAD_MAX + 1024)

/* Writes into @out (CORS_LINES_MAX bytes) what grants @origin, as the request has it,
 * with credentials; an empty one: "*" without. Behind it @more: further lines, which may
 * have another header of the request in them and 800 bytes besides, or NULL. Returns
 * @out. */
const char *cors_lines(struct slice origin, const char *more, char *out);

#endif
