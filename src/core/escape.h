/* Foreign text made safe to print, as idle.engine.errors does it in Lua. No
 * lua.h here. Any thread. */
#ifndef IDLE_ESCAPE_H
#define IDLE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IDLE_ESCAPE_SIZE 12 /* room for any character, the terminator included */

/* Whether it is a control character, a lone surrogate, or a mark that nobody sees
 * or that reorders the text around it. */
bool idle_is_unprintable(uint32_t code);

/* Writes the character at the start of `text`: control characters, bytes that
 * are not UTF-8, and whatever else is unprintable as `\xNN` or `\u{NNNN}`; any
 * other as it is.
 * kept:    control characters that may be printed, as "\n\t".
 * size:    at least 1.
 * Returns: how many bytes of `text` it has taken. */
size_t idle_escape(const char *text, size_t size, const char *kept, char shown[IDLE_ESCAPE_SIZE]);

#endif
