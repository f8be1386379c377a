/* The memory that libssh2 works with. One thread at a time.
 *
 * Owning it cures five weaknesses of libssh2 1.10 (list in client.c): what is
 * freed may hold a password, so it is wiped; what is not yet freed may, too, so
 * core files need not show it; a hostile server can ask for gigabytes, so there
 * is a limit; some errors leak, so all of a session can be released at once; and
 * an exit status is seen only in the packet that carried it, so somebody may
 * look at each packet before it is gone. */
#ifndef IDLE_MEMORY_H
#define IDLE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct idle_block idle_block;

typedef struct {
  idle_block *blocks; /* all that is allocated, newest first */
  size_t used_bytes;
  size_t limit_bytes; /* an allocation beyond it fails */
  bool is_short;      /* an allocation has failed */
  bool hides;         /* what is allocated from now on stays out of core files */
  /* Called with every block that is freed, before it is wiped; or NULL. */
  void (*on_free)(void *context, const unsigned char *bytes, size_t size);
  void *context;
} idle_memory;

/* Keeps bytes out of core files: the whole pages that they are on, for as long
 * as the process lives, because there may be other secrets on them. */
void idle_memory_hide(const void *bytes, size_t size);

/* Zeroed bytes. Returns: NULL when memory is short or the limit is reached. */
void *idle_memory_alloc(idle_memory *memory, size_t size);

/* As realloc; the old block is wiped. */
void *idle_memory_realloc(idle_memory *memory, void *bytes, size_t size);

/* Wipes and releases one block; NULL is allowed. */
void idle_memory_free(idle_memory *memory, void *bytes);

/* Whether a block is there that `is_it` says yes to. */
bool idle_memory_has(const idle_memory *memory,
                     bool (*is_it)(const void *context, const unsigned char *bytes, size_t size), const void *context);

/* Wipes and releases every block that is left. */
void idle_memory_free_all(idle_memory *memory);

#endif
