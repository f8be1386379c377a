/* Texts for people, put together in buffers of a fixed size: what does not
 * fit is cut off. Any thread. */
#ifndef IDLE_TEXT_H
#define IDLE_TEXT_H

#include <stddef.h>

/* Appends, as printf, to the NUL-terminated `text`.
 * capacity: bytes of the buffer, the terminator included. */
void idle_text_add(char *text, size_t capacity, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Appends foreign bytes so that they can be printed anywhere: everything but
 * printable ASCII as \xNN. `…` follows if there are more than `limit` bytes. */
void idle_text_add_foreign(char *text, size_t capacity, const void *bytes, size_t size, size_t limit);

#endif
