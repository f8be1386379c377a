#include "random.h"

#include <string.h>
#include <uv.h>

/* SplitMix64: a counter and a function that mixes its bits. Good enough for
 * jitter and ids in tests, and no secret depends on it. */
static uint64_t next(idle_random *random) {
  uint64_t bits = random->state += UINT64_C(0x9E3779B97F4A7C15);
  bits = (bits ^ (bits >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  bits = (bits ^ (bits >> 27)) * UINT64_C(0x94D049BB133111EB);
  return bits ^ (bits >> 31);
}

int idle_random_fill(idle_random *random, void *bytes, size_t size) {
  if (!random->is_seeded) return uv_random(NULL, NULL, bytes, size, 0, NULL);
  for (size_t done = 0; done < size; done += sizeof(uint64_t)) {
    uint64_t bits = next(random);
    memcpy((char *)bytes + done, &bits, size - done < sizeof bits ? size - done : sizeof bits);
  }
  return 0;
}
