#include "clixml_text.h"

#include "utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ESCAPE_SIZE ((size_t)7) /* of _xHHHH_ */

static bool put_unit(idle_buffer *out, uint32_t unit) {
  char escape[ESCAPE_SIZE + 1];
  snprintf(escape, sizeof escape, "_x%04X_", (unsigned)(unit & 0xFFFF));
  return idle_buffer_append(out, escape, ESCAPE_SIZE);
}

static bool put_escaped(idle_buffer *out, uint32_t code) {
  if (code < 0x10000) return put_unit(out, code);
  code -= 0x10000;
  return put_unit(out, 0xD800 + (code >> 10)) && put_unit(out, 0xDC00 + (code & 0x3FF));
}

static const char *entity(uint32_t code) {
  return code == '<' ? "&lt;" : code == '>' ? "&gt;" : code == '&' ? "&amp;" : NULL;
}

/* Control characters, tabs and line ends too: XML may hold some, but normalises them. */
static bool is_unsafe(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0xD800 && code < 0xE000) || code >= 0xFFFE;
}

/* A text of blanks may be taken for layout between elements. */
static bool is_blank(const char *text, size_t size) { return size > 0 && strspn(text, " ") >= size; }

bool idle_clixml_escape(idle_buffer *out, const char *text, size_t size) {
  bool is_all_blank = is_blank(text, size);
  size_t kept = 0; /* before it all is written; up to `at` all may stay as it is */
  for (size_t at = 0; at < size;) {
    uint32_t code = 0;
    size_t length = idle_utf8_decode(text + at, size - at, &code);
    if (length == 0) length = 1; /* the caller's mistake must not hang us */
    const char *name = entity(code);
    /* An underscore before an x would be read as the begin of an escape. */
    bool is_marker = code == '_' && at + 1 < size && (text[at + 1] == 'x' || text[at + 1] == 'X');
    if (name != NULL || is_marker || is_unsafe(code) || (is_all_blank && at == 0)) {
      if (!idle_buffer_append(out, text + kept, at - kept)) return false;
      if (!(name != NULL ? idle_buffer_append(out, name, strlen(name)) : put_escaped(out, code))) return false;
      kept = at + length;
    }
    at += length;
  }
  return idle_buffer_append(out, text + kept, size - kept);
}

static int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns: the unit that is escaped at the start of `text`, or -1. */
static int32_t read_unit(const char *text, size_t size) {
  if (size < ESCAPE_SIZE || text[0] != '_' || (text[1] != 'x' && text[1] != 'X') || text[6] != '_') return -1;
  int32_t unit = 0;
  for (int i = 2; i < 6; i++) {
    int digit = hex_value(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

/* Reads one escape, or the two of a surrogate pair. Returns: their size; 0 = there is none. */
static size_t read_escape(const char *text, size_t size, uint32_t *code) {
  int32_t unit = read_unit(text, size);
  if (unit < 0) return 0;
  *code = (uint32_t)unit;
  if (unit < 0xD800 || unit >= 0xDC00) return ESCAPE_SIZE;
  int32_t low = read_unit(text + ESCAPE_SIZE, size - ESCAPE_SIZE);
  if (low < 0xDC00 || low >= 0xE000) return ESCAPE_SIZE;
  *code = 0x10000 + ((*code - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
  return 2 * ESCAPE_SIZE;
}

size_t idle_clixml_unescape(char *text, size_t size) {
  char *end = memchr(text, '_', size);
  if (end == NULL) return size;
  for (size_t at = (size_t)(end - text); at < size;) {
    uint32_t code;
    size_t length = read_escape(text + at, size - at, &code);
    if (length > 0)
      end += idle_utf8_encode(code, end); /* never longer than the escape */
    else
      *end++ = text[at];
    at += length > 0 ? length : 1;
  }
  return (size_t)(end - text);
}
