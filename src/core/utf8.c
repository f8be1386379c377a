#include "utf8.h"

size_t idle_utf8_decode(const char *bytes, size_t size, uint32_t *code) {
  static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000}; /* by length */
  if (size == 0) return 0;
  unsigned char first = (unsigned char)bytes[0];
  *code = first;
  if (first < 0x80) return 1;
  size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC0 || first > 0xF4 || length > size) return 0;
  *code = first & (0x7Fu >> length);
  for (size_t i = 1; i < length; i++) {
    if (((unsigned char)bytes[i] & 0xC0) != 0x80) return 0;
    *code = *code << 6 | ((unsigned char)bytes[i] & 0x3F);
  }
  return *code < smallest[length] || *code > 0x10FFFF ? 0 : length;
}

size_t idle_utf8_encode(uint32_t code, char bytes[4]) {
  if (code < 0x80) {
    bytes[0] = (char)code;
    return 1;
  }
  size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--) {
    bytes[i] = (char)(0x80 | (code & 0x3F));
    code >>= 6;
  }
  bytes[0] = (char)((0xF00u >> length & 0xFF) | code);
  return length;
}

size_t idle_utf8_check(const char *bytes, size_t size) {
  uint32_t code;
  size_t at = 0;
  while (at < size) {
    size_t length = idle_utf8_decode(bytes + at, size - at, &code);
    if (length == 0) break;
    at += length;
  }
  return at;
}
