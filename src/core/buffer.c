#include "buffer.h"

#include <stdlib.h>
#include <string.h>

/* This much is kept when all is taken, no more: a session is idle for hours. */
#define FIRST_CAPACITY 4096

void idle_buffer_free(idle_buffer *buffer) {
  free(buffer->bytes);
  *buffer = (idle_buffer){0};
}

size_t idle_buffer_size(const idle_buffer *buffer) { return buffer->end - buffer->start; }

const char *idle_buffer_bytes(const idle_buffer *buffer) {
  return buffer->bytes == NULL ? NULL : buffer->bytes + buffer->start;
}

static void move_to_front(idle_buffer *buffer) {
  if (buffer->start == 0 || buffer->bytes == NULL) return;
  memmove(buffer->bytes, buffer->bytes + buffer->start, idle_buffer_size(buffer));
  buffer->end -= buffer->start;
  buffer->searched -= buffer->start;
  buffer->start = 0;
}

static bool grow(idle_buffer *buffer, size_t needed) {
  size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;
  while (capacity < needed) {
    if (capacity > (size_t)-1 / 2) return false;
    capacity *= 2;
  }
  char *bytes = realloc(buffer->bytes, capacity);
  if (bytes == NULL) return false;
  buffer->bytes = bytes;
  buffer->capacity = capacity;
  return true;
}

char *idle_buffer_room(idle_buffer *buffer, size_t size) {
  if (buffer->capacity - buffer->end >= size && buffer->bytes != NULL) return buffer->bytes + buffer->end;
  /* Moving is cheap only if less waits than was taken: otherwise every small
   * read would move all of it again. */
  if (buffer->start >= idle_buffer_size(buffer)) move_to_front(buffer);
  if (size > (size_t)-1 - buffer->end) return NULL;
  if (buffer->capacity - buffer->end < size && !grow(buffer, buffer->end + size)) return NULL;
  return buffer->bytes + buffer->end;
}

void idle_buffer_added(idle_buffer *buffer, size_t size) { buffer->end += size; }

bool idle_buffer_append(idle_buffer *buffer, const void *bytes, size_t size) {
  if (size == 0) return true;
  char *room = idle_buffer_room(buffer, size);
  if (room == NULL) return false;
  memcpy(room, bytes, size);
  idle_buffer_added(buffer, size);
  return true;
}

void idle_buffer_drop(idle_buffer *buffer, size_t size) {
  size_t left = idle_buffer_size(buffer);
  buffer->start += size < left ? size : left;
  if (buffer->searched < buffer->start) buffer->searched = buffer->start;
  if (buffer->start < buffer->end) return;
  buffer->start = buffer->end = buffer->searched = 0;
  if (buffer->capacity <= FIRST_CAPACITY) return;
  free(buffer->bytes);
  buffer->bytes = NULL;
  buffer->capacity = 0;
}

void idle_buffer_keep_last(idle_buffer *buffer, size_t size) {
  if (idle_buffer_size(buffer) > size) idle_buffer_drop(buffer, idle_buffer_size(buffer) - size);
}

/* Drops the rest of a line that was too long. Returns: whether its end was met. */
static bool skip_line(idle_buffer *buffer) {
  size_t size = idle_buffer_size(buffer);
  const char *end = size == 0 ? NULL : memchr(buffer->bytes + buffer->start, '\n', size);
  buffer->skipping = end == NULL;
  idle_buffer_drop(buffer, end == NULL ? size : (size_t)(end - (buffer->bytes + buffer->start)) + 1);
  return end != NULL;
}

idle_line_status idle_buffer_line(idle_buffer *buffer, size_t limit, const char **line, size_t *size) {
  if (buffer->skipping && !skip_line(buffer)) return IDLE_LINE_NONE;
  size_t unsearched = buffer->end - buffer->searched;
  const char *feed = unsearched == 0 ? NULL : memchr(buffer->bytes + buffer->searched, '\n', unsearched);
  /* A caller that does not take the line finds its end again at once. */
  buffer->searched = feed == NULL ? buffer->end : (size_t)(feed - buffer->bytes);
  size_t length = buffer->searched - buffer->start;
  if (length > limit) {
    skip_line(buffer);
    return IDLE_LINE_TOO_LONG;
  }
  if (feed == NULL) return IDLE_LINE_NONE;
  *line = buffer->bytes + buffer->start;
  *size = length;
  return IDLE_LINE_FOUND;
}
