#include "memory.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct idle_block {
  idle_block *previous;
  idle_block *next;
  size_t size;
  alignas(max_align_t) unsigned char bytes[];
};

static idle_block *block_of(void *bytes) {
  return (idle_block *)(void *)((unsigned char *)bytes - offsetof(idle_block, bytes));
}

static void wipe_and_free(void *bytes, const char *file, int line) {
  (void)file, (void)line;
  if (bytes != NULL) explicit_bzero(bytes, malloc_usable_size(bytes));
  free(bytes);
}

/* OpenSSL wipes the keys that it knows to be ones; its reader of PEM frees the
 * body of an unencrypted key as it is. It lets itself be told only before it has
 * allocated anything. */
__attribute__((constructor)) static void wipe_what_openssl_frees(void) {
  (void)CRYPTO_set_mem_functions(NULL, NULL, wipe_and_free);
}

void idle_memory_hide(const void *bytes, size_t size) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)bytes / page * page;
  (void)madvise((void *)from, (uintptr_t)bytes + size - from, MADV_DONTDUMP); // NOLINT(performance-no-int-to-ptr)
}

void *idle_memory_alloc(idle_memory *memory, size_t size) {
  bool is_allowed = size <= memory->limit_bytes && memory->used_bytes <= memory->limit_bytes - size;
  idle_block *block = is_allowed ? calloc(1, sizeof *block + size) : NULL;
  if (block == NULL) memory->is_short = true;
  if (block == NULL) return NULL;
  if (memory->hides) idle_memory_hide(block, sizeof *block + size);
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

bool idle_memory_has(const idle_memory *memory,
                     bool (*is_it)(const void *context, const unsigned char *bytes, size_t size), const void *context) {
  for (const idle_block *block = memory->blocks; block != NULL; block = block->next)
    if (is_it(context, block->bytes, block->size)) return true;
  return false;
}

void idle_memory_free_all(idle_memory *memory) {
  while (memory->blocks != NULL) idle_memory_free(memory, memory->blocks->bytes);
}
