#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void idle_text_add(char *text, size_t capacity, const char *format, ...) {
  size_t used = strlen(text);
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(text + used, capacity - used, format, arguments);
  va_end(arguments);
}

void idle_text_add_foreign(char *text, size_t capacity, const void *bytes, size_t size, size_t limit) {
  const unsigned char *byte = bytes;
  size_t shown = size < limit ? size : limit;
  for (size_t i = 0; i < shown; i++)
    idle_text_add(text, capacity, byte[i] >= 0x20 && byte[i] < 0x7F ? "%c" : "\\x%02X", byte[i]);
  if (shown < size) idle_text_add(text, capacity, "…");
}
