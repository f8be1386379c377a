/* Bytes that came in and wait to be taken: grows at the end, is taken from the
 * front, hands out lines without searching any byte twice. No lua.h here.
 * One thread at a time. How much may wait is the caller's rule: he stops
 * reading while idle_buffer_size() is above his mark. */
#ifndef IDLE_BUFFER_H
#define IDLE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  char *bytes;     /* owned; NULL while there is no memory */
  size_t capacity; /* allocated bytes */
  size_t start;    /* offset of the first byte not yet taken */
  size_t end;      /* offset behind the last byte */
  size_t searched; /* no line feed in [start, searched) */
  bool skipping;   /* the rest of a line that was too long is still to be dropped */
} idle_buffer;

typedef enum {
  IDLE_LINE_FOUND,
  IDLE_LINE_NONE,    /* not complete yet */
  IDLE_LINE_TOO_LONG /* was dropped; its rest is dropped as it arrives */
} idle_line_status;

/* An empty buffer is all zeros: `idle_buffer b = {0};` or calloc. */

/* Releases the memory; the buffer is empty and may be used again. */
void idle_buffer_free(idle_buffer *buffer);

/* Bytes that wait. */
size_t idle_buffer_size(const idle_buffer *buffer);

/* The first of them; valid until the next call that is not const. NULL or
 * anything if the size is 0. */
const char *idle_buffer_bytes(const idle_buffer *buffer);

/* Room for at least `size` bytes behind the last one, for a reader that fills
 * it and then calls idle_buffer_added().
 * Returns: the room, valid until the next call; NULL when memory is short. */
char *idle_buffer_room(idle_buffer *buffer, size_t size);

/* Counts `size` bytes, written to the room, as stored. */
void idle_buffer_added(idle_buffer *buffer, size_t size);

/* Copies `size` bytes to the end.
 * Returns: false when memory is short; the buffer is then unchanged. */
bool idle_buffer_append(idle_buffer *buffer, const void *bytes, size_t size);

/* Takes `size` bytes from the front (all, if there are fewer). With the last
 * byte all but one page of the memory is released. */
void idle_buffer_drop(idle_buffer *buffer, size_t size);

/* Drops from the front until no more than `size` bytes wait. */
void idle_buffer_keep_last(idle_buffer *buffer, size_t size);

/* Looks for a complete line at the front. It is not taken: copy it, then drop
 * *size + 1 bytes, the line feed included.
 * limit: longest line that is accepted, in bytes, without the line feed.
 * line:  out, borrowed from the buffer, as of idle_buffer_bytes(). */
idle_line_status idle_buffer_line(idle_buffer *buffer, size_t limit, const char **line, size_t *size);

#endif
