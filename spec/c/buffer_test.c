/* The buffer of room core: lines, limits, and memory that is given back. */
#include "buffer.h"
#include "check.h"

#include <string.h>

static const char *line;
static size_t size;

static void append(idle_buffer *buffer, const char *text) { CHECK(idle_buffer_append(buffer, text, strlen(text))); }

static bool is_line(idle_buffer *buffer, const char *expected) {
  return idle_buffer_line(buffer, 100, &line, &size) == IDLE_LINE_FOUND && size == strlen(expected) &&
         memcmp(line, expected, size) == 0;
}

static void hands_out_lines(void) {
  idle_buffer buffer = {0};
  CHECK(idle_buffer_line(&buffer, 100, &line, &size) == IDLE_LINE_NONE);
  append(&buffer, "one\n\ntw");
  CHECK(is_line(&buffer, "one"));
  CHECK(is_line(&buffer, "one")); /* it was not taken */
  idle_buffer_drop(&buffer, size + 1);
  CHECK(is_line(&buffer, ""));
  idle_buffer_drop(&buffer, size + 1);
  CHECK(idle_buffer_line(&buffer, 100, &line, &size) == IDLE_LINE_NONE);
  append(&buffer, "o\n");
  CHECK(is_line(&buffer, "two"));
  idle_buffer_free(&buffer);
}

static void drops_a_long_line_as_it_arrives(void) {
  idle_buffer buffer = {0};
  append(&buffer, "abc");
  CHECK(idle_buffer_line(&buffer, 3, &line, &size) == IDLE_LINE_NONE);
  append(&buffer, "d");
  CHECK(idle_buffer_line(&buffer, 3, &line, &size) == IDLE_LINE_TOO_LONG);
  append(&buffer, "efgh");
  CHECK(idle_buffer_line(&buffer, 3, &line, &size) == IDLE_LINE_NONE);
  CHECK(idle_buffer_size(&buffer) == 0);
  append(&buffer, "\nok\nfour\nend\n");
  CHECK(is_line(&buffer, "ok"));
  idle_buffer_drop(&buffer, size + 1);
  CHECK(idle_buffer_line(&buffer, 3, &line, &size) == IDLE_LINE_TOO_LONG);
  CHECK(is_line(&buffer, "end"));
  idle_buffer_free(&buffer);
}

/* Any order of appending and taking gives the bytes of a plain array. */
static void keeps_every_byte(void) {
  static char model[1 << 20];
  idle_buffer buffer = {0};
  size_t first = 0, last = 0;
  unsigned random = 1;
  while (last < sizeof model - 300) {
    random = random * 1103515245u + 12345u;
    size_t count = random >> 16 & 0xFF;
    if (random >> 24 & 1) {
      for (size_t i = 0; i < count; i++) model[last + i] = (char)('a' + (last + i) % 23);
      CHECK(idle_buffer_append(&buffer, model + last, count));
      last += count;
    } else {
      idle_buffer_drop(&buffer, count);
      first += count < last - first ? count : last - first;
    }
    CHECK(idle_buffer_size(&buffer) == last - first);
    CHECK(last == first || memcmp(idle_buffer_bytes(&buffer), model + first, last - first) == 0);
  }
  idle_buffer_free(&buffer);
}

static void gives_memory_back(void) {
  idle_buffer buffer = {0};
  for (int i = 0; i < 100000; i++) append(&buffer, "0123456789");
  idle_buffer_keep_last(&buffer, 15);
  CHECK(idle_buffer_size(&buffer) == 15 && memcmp(idle_buffer_bytes(&buffer), "567890123456789", 15) == 0);
  idle_buffer_drop(&buffer, 100);
  CHECK(idle_buffer_size(&buffer) == 0 && buffer.capacity == 0 && buffer.bytes == NULL);
}

int main(void) {
  hands_out_lines();
  drops_a_long_line_as_it_arrives();
  keeps_every_byte();
  gives_memory_back();
  return 0;
}
