/* GIF89a, 1 x 1, two colours of which the first is transparent, one block of LZW data. */
#include "pixel.h"

/* clang-format off */
#define GIF                                                                             \
    "GIF89a" "\x01\x00\x01\x00" "\x80\x00\x00"                                          \
    "\xff\xff\xff" "\x00\x00\x00"                     /* colours 0 and 1 */             \
    "\x21\xf9\x04\x01\x00\x00\x00\x00"                /* colour 0 is transparent */     \
    "\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00"        /* the frame */                   \
    "\x02\x02\x44\x01\x00" "\x3b"                     /* one dot of colour 0, the end */
/* clang-format on */

_Static_assert(sizeof GIF - 1 == PIXEL_BYTES, "the well-known size");

const char pixel_gif[PIXEL_BYTES] = GIF;

#define TEXT(literal)                  \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }

const struct canned pixel_image = {
    .status = TEXT("HTTP/1.1 200 OK\r\nDate: "),
    .head = TEXT("\r\nContent-Type: image/gif\r\nContent-Length: 43\r\n" PIXEL_HEADERS),
    .body = {pixel_gif, PIXEL_BYTES},
};

const struct canned pixel_empty = {
    .status = TEXT("HTTP/1.1 204 No Content\r\nDate: "),
    .head = TEXT("\r\n" PIXEL_HEADERS),
};
