#include "virtual_clock.h"

#include <stdbool.h>
#include <stdlib.h>

#define NOWHERE ((size_t)-1)

typedef struct {
  uint64_t due_ms;
  uint64_t number; /* counts the starts */
  size_t index;    /* in the heap; NOWHERE: it has fired, or never will */
  idle_on_timeout on_timeout;
  void *context;
} Timer;

typedef struct {
  idle_clock clock;  /* first: the functions below cast back */
  int64_t start_ms;  /* since 1970 */
  uint64_t now_ms;   /* since the start */
  uint64_t limit_ms; /* since the start */
  uint64_t started;  /* timers, so far */
  Timer **heap;      /* the next one first */
  size_t count, capacity;
  size_t timers; /* that were not stopped yet */
  bool is_closed;
} VirtualClock;

static VirtualClock *of(idle_clock *clock) { return (VirtualClock *)clock; }

static int64_t now_ms(idle_clock *clock) { return of(clock)->start_ms + (int64_t)of(clock)->now_ms; }

static uint64_t monotonic_ns(idle_clock *clock) { return of(clock)->now_ms * 1000000; }

static bool is_before(const Timer *a, const Timer *b) {
  return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->number < b->number;
}

static void put(VirtualClock *clock, size_t index, Timer *timer) {
  clock->heap[index] = timer;
  timer->index = index;
}

static void move_up(VirtualClock *clock, size_t index, Timer *timer) {
  while (index > 0 && is_before(timer, clock->heap[(index - 1) / 2])) {
    put(clock, index, clock->heap[(index - 1) / 2]);
    index = (index - 1) / 2;
  }
  put(clock, index, timer);
}

static void move_down(VirtualClock *clock, size_t index, Timer *timer) {
  for (size_t child = 2 * index + 1; child < clock->count; child = 2 * index + 1) {
    if (child + 1 < clock->count && is_before(clock->heap[child + 1], clock->heap[child])) child++;
    if (!is_before(clock->heap[child], timer)) break;
    put(clock, index, clock->heap[child]);
    index = child;
  }
  put(clock, index, timer);
}

static bool has_room(VirtualClock *clock) {
  if (clock->count < clock->capacity) return true;
  size_t capacity = clock->capacity == 0 ? 64 : clock->capacity * 2;
  Timer **heap = realloc(clock->heap, capacity * sizeof *heap);
  if (heap == NULL) return false;
  clock->heap = heap;
  clock->capacity = capacity;
  return true;
}

static void take_out(VirtualClock *clock, Timer *timer) {
  if (timer->index == NOWHERE) return;
  Timer *last = clock->heap[--clock->count];
  if (last != timer) { /* it may belong above or below */
    move_up(clock, timer->index, last);
    move_down(clock, last->index, last);
  }
  timer->index = NOWHERE;
}

static idle_timer *start(idle_clock *clock, uint64_t delay_ms, idle_on_timeout on_timeout, void *context) {
  VirtualClock *self = of(clock);
  Timer *timer = malloc(sizeof *timer);
  if (timer == NULL || !has_room(self)) {
    free(timer);
    return NULL;
  }
  *timer = (Timer){self->now_ms + delay_ms, self->started++, NOWHERE, on_timeout, context};
  self->timers++;
  if (delay_ms < IDLE_FOREVER_MS) move_up(self, self->count++, timer);
  return (idle_timer *)timer;
}

static void free_if_unused(VirtualClock *clock) {
  if (!clock->is_closed || clock->timers > 0) return;
  free(clock->heap);
  free(clock);
}

static void stop(idle_clock *clock, idle_timer *timer) {
  VirtualClock *self = of(clock);
  take_out(self, (Timer *)timer);
  free(timer);
  self->timers--;
  free_if_unused(self);
}

/* Where memory was too short to close a wait at its end, its finalizer comes later. */
static void close_clock(idle_clock *clock) {
  of(clock)->is_closed = true;
  free_if_unused(of(clock));
}

idle_clock *idle_virtual_clock_open(int64_t start_ms, uint64_t limit_ms) {
  VirtualClock *clock = malloc(sizeof *clock);
  if (clock == NULL) return NULL;
  *clock = (VirtualClock){
      .clock = {now_ms, monotonic_ns, start, stop, close_clock}, .start_ms = start_ms, .limit_ms = limit_ms};
  return &clock->clock;
}

idle_jump idle_virtual_clock_jump(idle_clock *clock) {
  VirtualClock *self = of(clock);
  if (self->count == 0) return IDLE_JUMP_NO_TIMER;
  if (self->heap[0]->due_ms > self->limit_ms) return IDLE_JUMP_TOO_FAR;
  self->now_ms = self->heap[0]->due_ms;
  while (self->count > 0 && self->heap[0]->due_ms <= self->now_ms) {
    Timer *timer = self->heap[0];
    take_out(self, timer);
    timer->on_timeout(timer->context); /* may stop the timer: touch nothing after */
  }
  return IDLE_JUMP_DONE;
}

uint64_t idle_virtual_clock_limit(const idle_clock *clock) { return ((const VirtualClock *)clock)->limit_ms; }
