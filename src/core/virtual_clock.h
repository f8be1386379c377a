/* A clock that stands still while tasks compute and jumps to the next deadline
 * when they all wait. What is due at the same moment comes in the order in which
 * it was started. */
#ifndef IDLE_VIRTUAL_CLOCK_H
#define IDLE_VIRTUAL_CLOCK_H

#include "clock.h"

typedef enum {
  IDLE_JUMP_DONE,     /* timers have fired */
  IDLE_JUMP_NO_TIMER, /* none is left that would ever fire */
  IDLE_JUMP_TOO_FAR   /* the next deadline lies beyond the limit */
} idle_jump;

/* now_ms:   what the clock shows first, milliseconds since 1970.
 * limit_ms: how far it may go from there.
 * Returns:  the clock, or NULL when memory is short; the caller closes it. */
idle_clock *idle_virtual_clock_open(int64_t now_ms, uint64_t limit_ms);

/* Goes to the next deadline and lets all timers fire that are due then. */
idle_jump idle_virtual_clock_jump(idle_clock *clock);

/* How far the clock may go, in milliseconds. */
uint64_t idle_virtual_clock_limit(const idle_clock *clock);

#endif
