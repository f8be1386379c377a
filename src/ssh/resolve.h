/* Finds the addresses of a name without stopping the loop. Only the thread that
 * runs the loop may call.
 *
 * Each look-up has a thread of its own: in libuv's pool one name server that
 * does not answer would hold up every other look-up, and the end of the program. */
#ifndef IDLE_RESOLVE_H
#define IDLE_RESOLVE_H

#include <netdb.h>
#include <stdbool.h>
#include <uv.h>

typedef struct idle_resolve idle_resolve; /* opaque */

typedef struct {
  struct addrinfo *addresses; /* release with freeaddrinfo(); NULL after an error */
  int gai_error;              /* of getaddrinfo(); 0 = none */
  int system_error;           /* errno, if gai_error is EAI_SYSTEM */
} idle_addresses;

/* Addresses that need no look-up: `host` is itself one.
 * Returns: false if it is a name. */
bool idle_resolve_now(const char *host, int port, idle_addresses *found);

/* Begins a look-up.
 * on_done: called once from the loop, unless idle_resolve_drop() comes first.
 * Returns: the look-up, or NULL when memory or threads are short.
 * Owner:   the caller; release it with idle_resolve_drop(). */
idle_resolve *idle_resolve_start(uv_loop_t *loop, const char *host, int port, void (*on_done)(void *context),
                                 void *context);

/* Takes what was found, once on_done was called. */
idle_addresses idle_resolve_take(idle_resolve *resolve);

/* Ends the look-up at any time: its thread, if it still runs, is left alone. NULL is allowed. */
void idle_resolve_drop(idle_resolve *resolve);

#endif
