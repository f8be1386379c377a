#include "base64.h"

#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t idle_base64_length(size_t size) { return (size + 2) / 3 * 4; }

void idle_base64_encode(const char *bytes, size_t size, char *text) {
  for (size_t at = 0; at < size; at += 3) {
    size_t count = size - at < 3 ? size - at : 3;
    uint32_t group = 0;
    for (size_t i = 0; i < 3; i++) group = group << 8 | (i < count ? (unsigned char)bytes[at + i] : 0);
    for (size_t i = 0; i < 4; i++) *text++ = (char)(i <= count ? digits[group >> (18 - 6 * i) & 63] : '=');
  }
}

/* Returns: its six bits, or -1. */
static int digit_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool idle_base64_decode(const char *text, size_t length, char *bytes, size_t *size) {
  uint32_t group = 0;
  size_t count = 0, padding = 0, written = 0;
  for (size_t at = 0; at < length; at++) {
    if (is_blank(text[at])) continue;
    int value = text[at] == '=' ? 0 : digit_value(text[at]);
    if (value < 0 || (padding > 0 && text[at] != '=')) return false;
    if (text[at] == '=') padding++;
    group = group << 6 | (uint32_t)value;
    if (++count % 4 != 0) continue;
    if (padding > 2) return false;
    for (size_t i = 0; i < 3 - padding; i++) bytes[written++] = (char)(group >> (16 - 8 * i) & 0xFF);
  }
  *size = written;
  return count % 4 == 0;
}
