#include "memory.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct idle_block {
  idle_block *previous;
  idle_block *next;
  size_t size;
  alignas(max_align_t) unsigned char bytes[];
};

static idle_block *block_of(void *bytes) {
  return (idle_block *)(void *)((unsigned char *)bytes - offsetof(idle_block, bytes));
}

void *idle_memory_alloc(idle_memory *memory, size_t size) {
  if (size > memory->limit_bytes || memory->used_bytes > memory->limit_bytes - size) return NULL;
  idle_block *block = calloc(1, sizeof *block + size);
  if (block == NULL) return NULL;
  block->size = size;
  block->next = memory->blocks;
  if (memory->blocks != NULL) memory->blocks->previous = block;
  memory->blocks = block;
  memory->used_bytes += size;
  return block->bytes;
}

void *idle_memory_realloc(idle_memory *memory, void *bytes, size_t size) {
  void *copy = idle_memory_alloc(memory, size);
  if (copy == NULL || bytes == NULL) return copy;
  size_t old_size = block_of(bytes)->size;
  memcpy(copy, bytes, old_size < size ? old_size : size);
  idle_memory_free(memory, bytes);
  return copy;
}

void idle_memory_free(idle_memory *memory, void *bytes) {
  if (bytes == NULL) return;
  idle_block *block = block_of(bytes);
  if (memory->on_free != NULL) memory->on_free(memory->context, block->bytes, block->size);
  if (block->previous != NULL) block->previous->next = block->next;
  if (block->next != NULL) block->next->previous = block->previous;
  if (memory->blocks == block) memory->blocks = block->next;
  memory->used_bytes -= block->size;
  explicit_bzero(block->bytes, block->size);
  free(block);
}

void idle_memory_free_all(idle_memory *memory) {
  while (memory->blocks != NULL) idle_memory_free(memory, memory->blocks->bytes);
}
