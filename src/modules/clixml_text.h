/* Text as CLIXML holds it: what XML can't hold, and every character beyond the
 * first plane, stands as `_xHHHH_`, one for each UTF-16 unit (MS-PSRP 2.2.5.3.2).
 * No lua.h here. */
#ifndef IDLE_CLIXML_TEXT_H
#define IDLE_CLIXML_TEXT_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>

/* Appends a text as the content of an XML element.
 * text:    UTF-8 as idle_utf8_check() accepts it.
 * Returns: false when memory is short. */
bool idle_clixml_escape(idle_buffer *out, const char *text, size_t size);

/* Undoes the escapes in place; what is no escape stays. A surrogate without its
 * partner becomes its three-byte form. Returns: the new size. */
size_t idle_clixml_unescape(char *text, size_t size);

#endif
