/* Foreign text made safe to print, as idle.engine.errors does it in Lua. No
 * lua.h here. Any thread. */
#ifndef IDLE_ESCAPE_H
#define IDLE_ESCAPE_H

#include <stddef.h>

#define IDLE_ESCAPE_SIZE 12 /* room for any character, the terminator included */

/* Writes the character at the start of `text`: control characters, bytes that
 * are not UTF-8, lone surrogates, and marks that nobody sees or that reorder the
 * text around them, as `\xNN` or `\u{NNNN}`; any other as it is.
 * kept:    control characters that may be printed, as "\n\t".
 * size:    at least 1.
 * Returns: how many bytes of `text` it has taken. */
size_t idle_escape(const char *text, size_t size, const char *kept, char shown[IDLE_ESCAPE_SIZE]);

#endif
