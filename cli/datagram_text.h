/* datagram_text: a datagram from a file, as raw bytes or as hex text. */
#ifndef HC_DATAGRAM_TEXT_H
#define HC_DATAGRAM_TEXT_H

#include <stdint.h>
#include "../proto/slice.h"

/* Writes the datagram in @text to @out, which holds text.n bytes, and returns its length.
 *
 * What starts with the magic "HC" is raw (H is no hex digit), and so is everything that
 * is not hex: an even number of digits, with blanks, line ends and colons between bytes.
 */
size_t datagram_bytes(struct slice text, uint8_t *out);

#endif
