/* Lua's coroutine functions in a program whose main chunk is a coroutine, too:
 * a task looks like a main thread, and only the scheduler may resume it. */
#include "adapt.h"
#include "interrupt.h"
#include "scheduler.h"

#include <lauxlib.h>
#include <lualib.h>

static lua_State *check_thread(lua_State *L) {
  lua_State *thread = lua_tothread(L, 1);
  luaL_argexpected(L, thread, 1, "thread");
  return thread;
}

/* A signal has to stop the thread that runs, so it has to be known. */
static int resume_noted(lua_State *L, lua_State *thread, int arguments, int *results) {
  idle_scheduler *scheduler = idle_scheduler_of(L);
  lua_State *outer = scheduler->running;
  scheduler->running = thread;
  int status = lua_resume(thread, L, arguments, results);
  scheduler->running = outer;
  idle_interrupt_pass_on(outer); /* it may have come too late for `thread` */
  return status;
}

/* Resumes `thread` with the arguments on top of L.
 * Returns: the number of results, pushed on L, or -1 and an error object. [-arguments, +n, m] */
static int resume(lua_State *L, lua_State *thread, int arguments) {
  if (!lua_checkstack(thread, arguments)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  lua_xmove(L, thread, arguments);
  int results;
  int status = resume_noted(L, thread, arguments, &results);
  if (status != LUA_OK && status != LUA_YIELD) {
    lua_xmove(thread, L, 1);
    return -1;
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(thread, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(thread, L, results);
  return results;
}

static int co_resume(lua_State *L) {
  lua_State *thread = check_thread(L);
  int results = -1;
  if (idle_task_of(thread) != NULL)
    lua_pushliteral(L, "cannot resume non-suspended coroutine");
  else
    results = resume(L, thread, lua_gettop(L) - 1);
  lua_pushboolean(L, results >= 0);
  if (results < 0) results = 1;
  lua_insert(L, -(results + 1));
  return results + 1;
}

/* Lets an error of the wrapped coroutine go on, with the position of the call
 * in front of a string. [-1, +0, e] */
static int raise_wrapped(lua_State *L, lua_State *thread) {
  int status = lua_status(thread);
  if (status != LUA_OK && status != LUA_YIELD) { /* it ended: close its variables */
    status = lua_resetthread(thread);
    lua_xmove(thread, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int call_wrapped(lua_State *L) {
  lua_State *thread = lua_tothread(L, lua_upvalueindex(1));
  int results = resume(L, thread, lua_gettop(L));
  return results < 0 ? raise_wrapped(L, thread) : results;
}

static int co_wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *thread = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, thread, 1);
  lua_pushcclosure(L, call_wrapped, 1);
  return 1;
}

static int co_running(lua_State *L) {
  bool is_main = lua_pushthread(L) || idle_task_of(L) != NULL;
  lua_pushboolean(L, is_main);
  return 2;
}

static int co_isyieldable(lua_State *L) {
  lua_State *thread = lua_isnone(L, 1) ? L : check_thread(L);
  lua_pushboolean(L, idle_task_of(thread) == NULL && lua_isyieldable(thread));
  return 1;
}

static int co_yield (lua_State *L) {
  if (idle_task_of(L) == NULL) return lua_yield(L, lua_gettop(L));
  lua_pushliteral(L, "attempt to yield from outside a coroutine");
  return lua_error(L);
}

/* Whether a thread has begun and has neither ended nor yielded. */
static bool is_active(lua_State *thread) {
  lua_Debug frame;
  return lua_status(thread) == LUA_OK && lua_getstack(thread, 0, &frame);
}

static int co_close(lua_State *L) {
  lua_State *thread = check_thread(L);
  if (thread == L) return luaL_error(L, "cannot close a running coroutine");
  if (idle_task_of(thread) != NULL || is_active(thread)) return luaL_error(L, "cannot close a normal coroutine");
  bool is_ok = lua_resetthread(thread) == LUA_OK;
  lua_pushboolean(L, is_ok);
  if (is_ok) return 1;
  lua_xmove(thread, L, 1);
  return 2;
}

void idle_adapt_coroutine(lua_State *L) {
  static const luaL_Reg functions[] = {{"resume", co_resume},
                                       {"wrap", co_wrap},
                                       {"running", co_running},
                                       {"isyieldable", co_isyieldable},
                                       {"yield", co_yield },
                                       {"close", co_close},
                                       {NULL, NULL}};
  lua_getglobal(L, LUA_COLIBNAME);
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
