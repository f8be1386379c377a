#include "secret.h"

#include <string.h>
#include <sys/mman.h>

struct idle_secret {
  size_t mapped; /* bytes of the mapping, this header included */
  size_t size;
  char bytes[];
};

void idle_wipe(void *bytes, size_t size) { explicit_bzero(bytes, size); }

/* Pages of its own: MADV_DONTDUMP and mlock work on pages, and must not touch
 * what else malloc put there. */
idle_secret *idle_secret_new(const void *bytes, size_t size) {
  size_t mapped = sizeof(idle_secret) + size + 1;
  idle_secret *secret = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (secret == MAP_FAILED) return NULL;
  (void)madvise(secret, mapped, MADV_DONTDUMP);
  (void)mlock(secret, mapped); /* refused where RLIMIT_MEMLOCK is small: then it may be swapped */
  secret->mapped = mapped;
  secret->size = size;
  memcpy(secret->bytes, bytes, size);
  secret->bytes[size] = '\0';
  return secret;
}

void idle_secret_free(idle_secret *secret) {
  if (secret == NULL) return;
  size_t mapped = secret->mapped;
  idle_wipe(secret, mapped);
  munmap(secret, mapped);
}

const char *idle_secret_bytes(const idle_secret *secret) { return secret->bytes; }

size_t idle_secret_size(const idle_secret *secret) { return secret->size; }
