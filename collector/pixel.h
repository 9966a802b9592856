/* pixel: the smallest GIF there is, one transparent dot of 43 bytes, and its answers. */
#ifndef HC_PIXEL_H
#define HC_PIXEL_H

#include "reply.h"

#define PIXEL_BYTES 43
extern const char pixel_gif[PIXEL_BYTES];

/* 200 with the image. */
extern const struct canned pixel_image;

/* 204, for who asked with send_image=0. */
extern const struct canned pixel_empty;

/* Header lines of every beacon's answer: never cached, of use to any page, and its timing
 * open to the page that sent it. */
#define PIXEL_HEADERS \
    HEADER_NO_STORE HEADER_OPEN HEADER_EMBED "Timing-Allow-Origin: *\r\n"

#endif
