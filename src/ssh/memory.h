/* The memory that libssh2 works with. One thread at a time.
 *
 * Owning it cures four weaknesses of libssh2 1.10 (list in client.c): what is
 * freed may hold a password, so it is wiped; a hostile server can ask for
 * gigabytes, so there is a limit; some errors leak, so all of a session can be
 * released at once; and an exit status is seen only in the packet that carried
 * it, so somebody may look at each packet before it is gone. */
#ifndef IDLE_MEMORY_H
#define IDLE_MEMORY_H

#include <stddef.h>

typedef struct idle_block idle_block;

typedef struct {
  idle_block *blocks; /* all that is allocated, newest first */
  size_t used_bytes;
  size_t limit_bytes; /* an allocation beyond it fails */
  /* Called with every block that is freed, before it is wiped; or NULL. */
  void (*on_free)(void *context, const unsigned char *bytes, size_t size);
  void *context;
} idle_memory;

/* Zeroed bytes. Returns: NULL when memory is short or the limit is reached. */
void *idle_memory_alloc(idle_memory *memory, size_t size);

/* As realloc; the old block is wiped. */
void *idle_memory_realloc(idle_memory *memory, void *bytes, size_t size);

/* Wipes and releases one block; NULL is allowed. */
void idle_memory_free(idle_memory *memory, void *bytes);

/* Wipes and releases every block that is left. */
void idle_memory_free_all(idle_memory *memory);

#endif
