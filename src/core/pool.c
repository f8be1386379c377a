#include "pool.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { STEP = 16, LARGEST = 512, CLASSES = LARGEST / STEP + 1 };

/* A small script needs one chunk or two. What a large one has is spread over
 * all of its memory, where the processor finds its way sooner if the pages are
 * of the kernel's large ones. */
enum { SMALL_CHUNK = 64 * 1024, LARGE_CHUNK = 4 * 1024 * 1024, HUGE_PAGE = 2 * 1024 * 1024 };

typedef struct Free {
  struct Free *next;
} Free;

typedef struct Chunk {
  struct Chunk *next;
  alignas(STEP) unsigned char bytes[];
} Chunk;

struct idle_pool {
  Free *free[CLASSES];   /* blocks that wait, by their size in steps */
  unsigned char *unused; /* the rest of the newest chunk */
  size_t unused_size;
  Chunk *chunks;
  size_t size; /* of all chunks, in bytes */
};

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1 /* gcc says it so */
#endif
#endif

static bool is_small(size_t size) {
#ifdef __SANITIZE_ADDRESS__
  (void)size;
  return false;
#else
  return size <= LARGEST;
#endif
}

static size_t steps_of(size_t size) { return (size + STEP - 1) / STEP; }

static void give_back(idle_pool *pool, void *block, size_t steps) {
  Free *freed = block;
  freed->next = pool->free[steps];
  pool->free[steps] = freed;
}

static Chunk *new_chunk(size_t size) {
  if (size < HUGE_PAGE) return malloc(size);
  Chunk *chunk = aligned_alloc(HUGE_PAGE, size);
  if (chunk != NULL) (void)madvise(chunk, size, MADV_HUGEPAGE);
  return chunk;
}

/* What is left of the last chunk is too small for the block that is wanted. */
static bool add_chunk(idle_pool *pool) {
  size_t size = pool->size < LARGE_CHUNK ? SMALL_CHUNK : LARGE_CHUNK;
  Chunk *chunk = new_chunk(size);
  if (chunk == NULL) return false;
  if (pool->unused_size > 0) give_back(pool, pool->unused, pool->unused_size / STEP);
  chunk->next = pool->chunks;
  pool->chunks = chunk;
  pool->size += size;
  pool->unused = chunk->bytes;
  pool->unused_size = size - sizeof *chunk;
  return true;
}

static void *take_small(idle_pool *pool, size_t steps) {
  Free *freed = pool->free[steps];
  if (freed != NULL) {
    pool->free[steps] = freed->next;
    __builtin_prefetch(freed->next); /* it was cold for as long as this one */
    return freed;
  }
  size_t size = steps * STEP;
  if (pool->unused_size < size && !add_chunk(pool)) return NULL;
  void *block = pool->unused;
  pool->unused += size;
  pool->unused_size -= size;
  return block;
}

static void *take(idle_pool *pool, size_t size) {
  return is_small(size) ? take_small(pool, steps_of(size)) : malloc(size);
}

static void release(idle_pool *pool, void *block, size_t size) {
  if (is_small(size))
    give_back(pool, block, steps_of(size));
  else
    free(block);
}

static void *move(idle_pool *pool, void *block, size_t old_size, size_t new_size) {
  void *copy = take(pool, new_size);
  if (copy == NULL) return new_size < old_size ? block : NULL; /* it serves as a smaller one, too */
  memcpy(copy, block, old_size < new_size ? old_size : new_size);
  release(pool, block, old_size);
  return copy;
}

static void *resize(idle_pool *pool, void *block, size_t old_size, size_t new_size) {
  if (is_small(old_size) && is_small(new_size) && steps_of(old_size) == steps_of(new_size)) return block;
  if (is_small(old_size) || is_small(new_size)) return move(pool, block, old_size, new_size);
  void *resized = realloc(block, new_size);
  return resized == NULL && new_size < old_size ? block : resized;
}

void *idle_pool_alloc(void *context, void *block, size_t old_size, size_t new_size) {
  idle_pool *pool = context;
  if (new_size == 0) {
    if (block != NULL) release(pool, block, old_size);
    return NULL;
  }
  return block == NULL ? take(pool, new_size) : resize(pool, block, old_size, new_size);
}

idle_pool *idle_pool_new(void) { return calloc(1, sizeof(idle_pool)); }

void idle_pool_free(idle_pool *pool) {
  if (pool == NULL) return;
  while (pool->chunks != NULL) {
    Chunk *chunk = pool->chunks;
    pool->chunks = chunk->next;
    free(chunk);
  }
  free(pool);
}
