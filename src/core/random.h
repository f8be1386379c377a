/* Random numbers: the system's, or after a seed always the same ones. */
#ifndef IDLE_RANDOM_H
#define IDLE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  bool is_seeded; /* false: the system's */
  uint64_t state;
} idle_random;

/* Returns: 0, or an error of libuv: the system has none. */
int idle_random_fill(idle_random *random, void *bytes, size_t size);

#endif
