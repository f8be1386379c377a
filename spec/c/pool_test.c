/* The memory of a Lua state: blocks that keep what is in them, whatever their sizes become. */
#include "check.h"
#include "pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool is_memory_short;

void *__wrap_malloc(size_t size) { return is_memory_short ? NULL : __real_malloc(size); }
void *__wrap_realloc(void *memory, size_t size) { return is_memory_short ? NULL : __real_realloc(memory, size); }

typedef struct {
  unsigned char *bytes;
  size_t size;
} Block;

static void resize(idle_pool *pool, Block *block, size_t size) {
  block->bytes = idle_pool_alloc(pool, block->bytes, block->size, size);
  block->size = size;
  CHECK(size == 0 ? block->bytes == NULL : (uintptr_t)block->bytes % 16 == 0);
}

static void fill(const Block *block, unsigned char mark) { memset(block->bytes, mark, block->size); }

static bool holds(const Block *block, size_t size, unsigned char mark) {
  for (size_t i = 0; i < size; i++)
    if (block->bytes[i] != mark) return false;
  return true;
}

static void keeps_what_is_in_a_block(void) {
  static const size_t sizes[] = {1, 15, 16, 17, 100, 511, 512, 513, 1000, 100000};
  enum { COUNT = sizeof sizes / sizeof *sizes };
  idle_pool *pool = idle_pool_new();
  for (size_t from = 0; from < COUNT; from++)
    for (size_t to = 0; to < COUNT; to++) {
      Block block = {NULL, 7}; /* the kind of the object, as Lua says it */
      resize(pool, &block, sizes[from]);
      fill(&block, 0x5A);
      resize(pool, &block, sizes[to]);
      CHECK(holds(&block, sizes[from] < sizes[to] ? sizes[from] : sizes[to], 0x5A));
      resize(pool, &block, 0);
    }
  idle_pool_free(pool);
}

/* So many that chunks of both kinds are used, in a fixed disorder. */
static void keeps_blocks_apart(void) {
  enum { COUNT = 60000, ROUNDS = 4 };
  static Block blocks[COUNT];
  idle_pool *pool = idle_pool_new();
  uint32_t chance = 1;
  for (int round = 0; round < ROUNDS; round++)
    for (size_t i = 0; i < COUNT; i++) {
      if (blocks[i].size > 0) CHECK(holds(&blocks[i], blocks[i].size, (unsigned char)i));
      chance = chance * 1664525 + 1013904223;
      resize(pool, &blocks[i], (chance >> 16) % 600);
      if (blocks[i].size > 0) fill(&blocks[i], (unsigned char)i);
    }
  for (size_t i = 0; i < COUNT; i++) {
    CHECK(holds(&blocks[i], blocks[i].size, (unsigned char)i));
    resize(pool, &blocks[i], 0);
  }
  idle_pool_free(pool);
}

static void makes_a_block_smaller_without_memory(void) {
  static const size_t sizes[] = {40, 512, 600, 5000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    idle_pool *pool = idle_pool_new();
    Block block = {NULL, 0};
    resize(pool, &block, sizes[i]);
    fill(&block, 0x5A);
    is_memory_short = true;
    CHECK(idle_pool_alloc(pool, NULL, 0, 1 << 20) == NULL);
    CHECK(idle_pool_alloc(pool, block.bytes, block.size, 1 << 20) == NULL);
    resize(pool, &block, sizes[i] / 2);
    is_memory_short = false;
    CHECK(block.bytes != NULL && holds(&block, block.size, 0x5A));
    resize(pool, &block, 0);
    idle_pool_free(pool);
  }
}

int main(void) {
  keeps_what_is_in_a_block();
  keeps_blocks_apart();
  makes_a_block_smaller_without_memory();
  return 0;
}
