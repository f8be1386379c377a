/* The clock that tasks see: one object, so that a virtual clock can take the
 * place of the machine's. Only the thread that runs the loop may call. */
#ifndef IDLE_CLOCK_H
#define IDLE_CLOCK_H

#include <stdint.h>
#include <uv.h>

/* A delay that never ends. */
#define IDLE_FOREVER_MS ((uint64_t)1000000000000000)

typedef struct idle_clock idle_clock;
typedef struct idle_timer idle_timer; /* opaque: one running timeout */

/* Called from the loop once the delay is over; it may stop its own timer. */
typedef void (*idle_on_timeout)(void *context);

struct idle_clock {
  /* Milliseconds since 1970, UTC; jumps when the machine's clock is set. */
  int64_t (*now_ms)(idle_clock *clock);
  /* Nanoseconds since some moment; never jumps. */
  uint64_t (*monotonic_ns)(idle_clock *clock);
  /* Calls `on_timeout` once, after at least `delay_ms`; never if that is
   * IDLE_FOREVER_MS or more. The caller owns the timer and stops it, also after
   * it fired. NULL when memory is short. */
  idle_timer *(*start)(idle_clock *clock, uint64_t delay_ms, idle_on_timeout on_timeout, void *context);
  /* Ends a timer and frees it. For callers: idle_timer_stop(). */
  void (*stop)(idle_clock *clock, idle_timer *timer);
  /* Frees the clock: the machine's at once, a virtual one with its last timer. */
  void (*close)(idle_clock *clock);
};

/* The machine's clock, with timers on `loop`, which must outlive it.
 * Returns: the clock, or NULL when memory is short; the caller closes it. */
idle_clock *idle_clock_open(uv_loop_t *loop);

/* Ends *timer and sets it to NULL. If it is NULL already nothing happens, and
 * the clock may be gone. */
void idle_timer_stop(idle_clock *clock, idle_timer **timer);

#endif
