/* One character of UTF-8 at a time. A surrogate is accepted in its three-byte
 * form: strings of Windows may hold one without its partner, and have to
 * come back as they were sent. No lua.h here. */
#ifndef IDLE_UTF8_H
#define IDLE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Reads the character at the start of `bytes`.
 * code:    out, at most 0x10FFFF.
 * Returns: its length, 1 to 4; 0 if it is not UTF-8 (overlong and cut forms
 *          included) or `size` is 0. */
size_t idle_utf8_decode(const char *bytes, size_t size, uint32_t *code);

/* Writes a character. Returns: its length. */
size_t idle_utf8_encode(uint32_t code, char bytes[4]);

/* Returns: the offset of the first byte that is not UTF-8; `size` if all is. */
size_t idle_utf8_check(const char *bytes, size_t size);

#endif
