/* Base64 (RFC 4648, with padding). No lua.h here. */
#ifndef IDLE_BASE64_H
#define IDLE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Length of the text for `size` bytes. */
size_t idle_base64_length(size_t size);

/* Writes idle_base64_length(size) characters, no zero byte behind them. */
void idle_base64_encode(const char *bytes, size_t size, char *text);

/* Reads a text; blanks and line ends in it are skipped.
 * bytes:   room for length / 4 * 3 + 3 bytes; may be `text` itself.
 * Returns: whether it was base64; *size is then the number of bytes. */
bool idle_base64_decode(const char *text, size_t length, char *bytes, size_t *size);

#endif
