/* Bytes that are wiped before they are freed, and kept out of core files and,
 * where the limits allow it, out of swap. No lua.h here. One thread at a time. */
#ifndef IDLE_SECRET_H
#define IDLE_SECRET_H

#include <stddef.h>

typedef struct idle_secret idle_secret; /* opaque */

/* Copies `size` bytes. The caller wipes his own copy, with idle_wipe().
 * Returns: the secret, or NULL when memory is short.
 * Owner:   the caller; release it with idle_secret_free(). */
idle_secret *idle_secret_new(const void *bytes, size_t size);

/* Wipes and frees; NULL is allowed. */
void idle_secret_free(idle_secret *secret);

/* The clear text, followed by a zero byte that does not count; valid until the
 * secret is freed. */
const char *idle_secret_bytes(const idle_secret *secret);
size_t idle_secret_size(const idle_secret *secret);

/* Overwrites bytes in a way that no optimiser removes. */
void idle_wipe(void *bytes, size_t size);

#endif
