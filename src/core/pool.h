/* The memory of a Lua state. One thread at a time.
 *
 * Lua makes and drops small objects by the million. malloc searches for each,
 * and merges each with its neighbours when it is gone, which took a quarter of
 * the time of a script of a thousand tasks. Here small blocks are cut from
 * large ones, and those of one size wait in a list for the next of that size.
 * They go back to the system with the pool, not before.
 *
 * In builds with AddressSanitizer every block is malloc's, so that it is watched. */
#ifndef IDLE_POOL_H
#define IDLE_POOL_H

#include <stddef.h>

typedef struct idle_pool idle_pool; /* opaque */

/* Returns: NULL when memory is short.
 * Owner:   the caller; release it with idle_pool_free(). */
idle_pool *idle_pool_new(void);

/* Releases the pool and all of its small blocks; others must be gone. NULL is allowed. */
void idle_pool_free(idle_pool *pool);

/* A lua_Alloc. pool: an idle_pool.
 * Returns: NULL when memory is short, but never for a block that is made smaller. */
void *idle_pool_alloc(void *pool, void *block, size_t old_size, size_t new_size);

#endif
