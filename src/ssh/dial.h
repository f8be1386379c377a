/* Opens a TCP connection to the first of several addresses that answers. One
 * thread at a time; never waits. */
#ifndef IDLE_DIAL_H
#define IDLE_DIAL_H

#include "status.h"

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
  struct addrinfo *addresses; /* owned */
  const struct addrinfo *current;
  int fd;           /* the attempt under way; -1 = none */
  int64_t until_ms; /* the next address is tried then; on idle_now_ms() */
  int error;        /* errno value of the last attempt that failed */
  char tried[256];  /* the addresses that failed, for people */
  char peer[64];    /* the address of the attempt under way, then of the connection */

  /* to be set before the first step: when the kernel gives a silent peer up */
  int alive_interval_ms;
  int alive_count_max;
} idle_dial;

/* Milliseconds of the monotonic clock. */
int64_t idle_now_ms(void);

/* Takes over a list of getaddrinfo(). */
void idle_dial_begin(idle_dial *dial, struct addrinfo *addresses);

/* Goes on. Each address gets its share of the time that is left, so that one
 * from which nothing comes back does not use up the time of the others.
 * deadline_ms: on idle_now_ms().
 * Returns: IDLE_SSH_OK, and dial->fd belongs to the caller;
 *          IDLE_SSH_AGAIN: repeat when dial->fd can be written, or at dial->until_ms;
 *          IDLE_SSH_FAILED: no address answered, see dial->error. */
idle_ssh_status idle_dial_step(idle_dial *dial, int64_t deadline_ms);

/* Closes what is under way and releases the addresses. */
void idle_dial_close(idle_dial *dial);

#endif
