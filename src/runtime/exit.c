/* os.exit, and how the process is left. */
#include "adapt.h"
#include "state.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef IDLE_SANITIZED
void __lsan_do_leak_check(void); /* clang's headers lack the one of gcc */
#endif

/* hangs: a thread of libuv's pool is inside a call that exit() would wait for,
 * as a look-up of a name. */
static _Noreturn void leave_process(int status, bool hangs) {
  if (!hangs) exit(status);
  fflush(NULL);
#ifdef IDLE_SANITIZED
  __lsan_do_leak_check();
#endif
  _exit(status);
}

void idle_runtime_exit(idle_runtime *rt, int status) {
  if (rt == NULL) leave_process(status, false);
  if (rt->L != NULL) idle_runtime_close_state(rt);
  bool hangs = uv_loop_alive(&rt->loop) != 0;
  if (!hangs) idle_close(rt);
  leave_process(status, hangs);
}

static bool has_others(const idle_scheduler *scheduler, const idle_task *leaver) {
  const idle_task *task = TAILQ_FIRST(&scheduler->tasks);
  return task != NULL && (task != leaver || TAILQ_NEXT(task, place) != NULL);
}

/* Lets all tasks end but the one that called os.exit. */
static void end_others(idle_runtime *rt) {
  idle_scheduler *scheduler = &rt->scheduler;
  scheduler->is_halted = false;
  idle_scheduler_end(scheduler, (idle_ending){"cancelled", "cancelled by os.exit"}, rt->leaver);
  while (has_others(scheduler, rt->leaver) && idle_runtime_turn(rt)) continue;
}

void idle_runtime_on_leave(idle_runtime *rt, void (*on_leave)(void *context), void *context) {
  rt->on_leave = on_leave;
  rt->on_leave_context = context;
}

void idle_runtime_leave(idle_runtime *rt) {
  if (!rt->is_leaving) {
    rt->is_leaving = true;
    end_others(rt);
    if (rt->on_leave != NULL) rt->on_leave(rt->on_leave_context);
  }
  if (rt->closes_at_exit) idle_runtime_close_state(rt);
  leave_process(rt->exit_status, uv_loop_alive(&rt->loop) != 0);
}

/* As lua's, but first the other tasks end. If the caller can be suspended, they
 * may do so at leisure: the runtime goes on where it drives the loop. */
static int os_exit(lua_State *L) {
  idle_runtime *rt = idle_runtime_of(L);
  if (lua_isboolean(L, 1))
    rt->exit_status = lua_toboolean(L, 1) ? EXIT_SUCCESS : EXIT_FAILURE;
  else
    rt->exit_status = (int)luaL_optinteger(L, 1, EXIT_SUCCESS);
  rt->closes_at_exit = lua_toboolean(L, 2);
  rt->leaver = rt->scheduler.current;
  if (rt->is_leaving || idle_task_of(L) == NULL || !lua_isyieldable(L)) idle_runtime_leave(rt);
  rt->scheduler.is_halted = true;
  return idle_task_wait(L, 0, NULL);
}

void idle_adapt_exit(lua_State *L) {
  lua_getglobal(L, LUA_OSLIBNAME);
  lua_pushcfunction(L, os_exit);
  lua_setfield(L, -2, "exit");
  lua_pop(L, 1);
}
