#include "hook.h"

#include "scheduler.h"

bool idle_hook_took_line(lua_State *L, lua_Debug *frame) {
  if (frame->event != LUA_HOOKLINE) return false;
  const idle_scheduler *scheduler = idle_scheduler_of(L);
  if (scheduler->on_line != NULL) scheduler->on_line(L, frame, scheduler->on_line_context);
  return true;
}

/* The hook of a thread that nobody stops. */
static void on_line(lua_State *L, lua_Debug *frame) { (void)idle_hook_took_line(L, frame); }

void idle_hook_set(lua_State *L, lua_Hook hook, int count) {
  int lines = idle_scheduler_of(L)->on_line != NULL ? LUA_MASKLINE : 0;
  lua_sethook(L, hook, LUA_MASKCOUNT | lines, count);
}

void idle_hook_clear(lua_State *L) {
  if (idle_scheduler_of(L)->on_line != NULL)
    lua_sethook(L, on_line, LUA_MASKLINE, 0);
  else
    lua_sethook(L, NULL, 0, 0);
}

/* One that somebody is about to stop goes on to be. */
static void add_lines(lua_State *thread) {
  if ((lua_gethookmask(thread) & LUA_MASKCOUNT) != 0)
    idle_hook_set(thread, lua_gethook(thread), lua_gethookcount(thread));
  else
    idle_hook_clear(thread);
}

/* A new thread takes over the hook of the one that makes it. */
void idle_hook_lines(lua_State *L, idle_on_line told, void *context) {
  idle_scheduler *scheduler = idle_scheduler_of(L);
  scheduler->on_line = told;
  scheduler->on_line_context = context;
  const idle_task *task;
  TAILQ_FOREACH(task, &scheduler->tasks, place) add_lines(task->thread);
  add_lines(scheduler->L);
  add_lines(L);
}
