#include "clock.h"

#include <stdlib.h>

typedef struct {
  idle_clock clock; /* first: the functions below cast back */
  uv_loop_t *loop;
} MachineClock;

struct idle_timer {
  uv_timer_t handle;
  idle_on_timeout on_timeout;
  void *context;
};

static int64_t now_ms(idle_clock *clock) {
  (void)clock;
  uv_timeval64_t now;
  uv_gettimeofday(&now);
  return now.tv_sec * 1000 + now.tv_usec / 1000;
}

static uint64_t monotonic_ns(idle_clock *clock) {
  (void)clock;
  return uv_hrtime();
}

static void on_timer(uv_timer_t *handle) {
  idle_timer *timer = handle->data;
  timer->on_timeout(timer->context); /* may stop the timer: touch nothing after */
}

static void on_closed(uv_handle_t *handle) { free(handle->data); }

static idle_timer *start(idle_clock *clock, uint64_t delay_ms, idle_on_timeout on_timeout, void *context) {
  uv_loop_t *loop = ((MachineClock *)clock)->loop;
  idle_timer *timer = malloc(sizeof *timer);
  if (timer == NULL) return NULL;
  *timer = (idle_timer){.on_timeout = on_timeout, .context = context};
  uv_timer_init(loop, &timer->handle);
  timer->handle.data = timer;
  uv_update_time(loop); /* the loop's clock stood still while Lua computed */
  /* The loop counts whole milliseconds, so without one more a timer fires early. */
  uint64_t whole_ms = delay_ms > 0 && delay_ms < UINT64_MAX ? delay_ms + 1 : delay_ms;
  uv_timer_start(&timer->handle, on_timer, whole_ms, 0);
  return timer;
}

static void stop(idle_clock *clock, idle_timer *timer) {
  (void)clock;
  uv_close((uv_handle_t *)&timer->handle, on_closed);
}

static void close_clock(idle_clock *clock) { free(clock); }

idle_clock *idle_clock_open(uv_loop_t *loop) {
  MachineClock *clock = malloc(sizeof *clock);
  if (clock == NULL) return NULL;
  *clock = (MachineClock){{now_ms, monotonic_ns, start, stop, close_clock}, loop};
  return &clock->clock;
}

void idle_timer_stop(idle_clock *clock, idle_timer **timer) {
  if (*timer != NULL) clock->stop(clock, *timer);
  *timer = NULL;
}
