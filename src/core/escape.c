#include "escape.h"

#include "utf8.h"

#include <stdio.h>
#include <string.h>

typedef struct {
  uint32_t first, last;
} Range;

/* The same ones as in lua/idle/engine/errors.lua, which says why; and surrogates. */
static const Range unsafe[] = {
    {0x80, 0x9F},     {0x061C, 0x061C}, {0x180E, 0x180E}, {0x200B, 0x200B}, {0x200E, 0x200F},   {0x2028, 0x202E},
    {0x2060, 0x206F}, {0xD800, 0xDFFF}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
};

static bool is_unsafe(uint32_t code) {
  for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
    if (code >= unsafe[i].first && code <= unsafe[i].last) return true;
  return false;
}

static bool is_control(uint32_t code) { return code < 0x20 || code == 0x7F; }

bool idle_is_unprintable(uint32_t code) { return is_control(code) || is_unsafe(code); }

size_t idle_escape(const char *text, size_t size, const char *kept, char shown[IDLE_ESCAPE_SIZE]) {
  uint32_t code = 0;
  size_t length = idle_utf8_decode(text, size, &code);
  if (length == 0 || (is_control(code) && (code == 0 || strchr(kept, (int)code) == NULL))) {
    (void)snprintf(shown, IDLE_ESCAPE_SIZE, "\\x%02X", (unsigned char)*text);
    return 1;
  }
  if (is_unsafe(code)) {
    (void)snprintf(shown, IDLE_ESCAPE_SIZE, "\\u{%04X}", (unsigned)code);
  } else {
    memcpy(shown, text, length);
    shown[length] = '\0';
  }
  return length;
}
