/* The runtime from inside its room. */
#ifndef IDLE_STATE_H
#define IDLE_STATE_H

#include "newstate.h"
#include "runtime.h"
#include "scheduler.h"

struct idle_runtime {
  lua_State *L;    /* NULL once closed */
  idle_pool *pool; /* its memory */
  idle_warnings warnings;
  uv_loop_t loop;
  uv_timer_t limit;         /* ends an idle_run() */
  uv_prepare_t before_poll; /* keeps the loop from waiting while a task is ready */
  idle_clock *clock;
  idle_scheduler scheduler;
  unsigned virtual_turns;          /* taken so far */
  idle_task *main;                 /* runs the present chunk; NULL: none */
  char *error;                     /* of the last idle_run(); owned */
  bool is_interrupted;             /* SIGINT reached the present chunk; later: and ended it */
  int ended_by;                    /* see idle_runtime_ended_by() */
  bool is_leaving;                 /* os.exit was called, or the state is being closed */
  idle_task *leaver;               /* the task that called os.exit; NULL: none did */
  int exit_status;                 /* given to os.exit */
  bool closes_at_exit;             /* given to os.exit */
  void (*on_leave)(void *context); /* NULL: nothing to do */
  void *on_leave_context;
};

idle_runtime *idle_runtime_of(lua_State *L);

/* One turn of the loop, which waits for an event if no task is ready, and then
 * of the scheduler.
 * Returns: false if nothing is left that could wake a task. */
bool idle_runtime_turn(idle_runtime *rt);

/* Closes the Lua state and what its objects left in the loop. */
void idle_runtime_close_state(idle_runtime *rt);

/* What os.exit asked for: ends the other tasks, then the process. */
_Noreturn void idle_runtime_leave(idle_runtime *rt);

#endif
