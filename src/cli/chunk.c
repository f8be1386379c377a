#include "chunk.h"

#include "interrupt.h"

#include <lauxlib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

void idle_chunk_message(const char *program, const char *text) {
  if (program != NULL) fprintf(stderr, "%s: ", program);
  fprintf(stderr, "%s\n", text);
  fflush(stderr);
}

/* ---- Exit statuses ---- */

int idle_chunk_worse(int status, int other) {
  static const int order[] = {3, EX_TEMPFAIL, EX_DATAERR, 2};
  for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
    if (status == order[i] || other == order[i]) return order[i];
  return status != 0 ? status : other;
}

/* Whether the value at `index` is an idle.Error, without loading its module. [-0, +0, m] */
static bool is_idle_error(lua_State *L, int index) {
  if (!lua_istable(L, index) || luaL_getmetafield(L, index, "__name") == LUA_TNIL) return false;
  bool is_one = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), "idle.Error") == 0;
  lua_pop(L, 1);
  return is_one;
}

/* errors.exit_status(err), as a protected call. */
static int ask_exit_status(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "idle.engine.errors"); /* it made the error, so it is loaded */
  lua_getfield(L, -1, "exit_status");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

/* The exit status of the error object at `index`. [-0, +0, m] */
static int exit_status_of(lua_State *L, int index) {
  if (!is_idle_error(L, index)) return EXIT_FAILURE;
  lua_pushvalue(L, index);
  lua_pushcfunction(L, ask_exit_status);
  lua_insert(L, -2);
  int status = lua_pcall(L, 1, 1, 0) == LUA_OK ? (int)lua_tointeger(L, -1) : EX_SOFTWARE;
  lua_pop(L, 1);
  return status != 0 ? status : EXIT_FAILURE;
}

/* ---- Chunks ---- */

/* Reports the error object and its text on top. [-2, +0, m] */
static int report(lua_State *L, const char *program) {
  const char *text = lua_tostring(L, -1);
  idle_chunk_message(program, text != NULL ? text : "(error object has no text)");
  int status = exit_status_of(L, -2);
  lua_pop(L, 2);
  return status;
}

int idle_chunk_run(idle_runtime *rt, const char *program, int load_status, int arguments) {
  lua_State *L = idle_runtime_lua(rt);
  if (load_status != LUA_OK) {
    idle_chunk_message(program, lua_tostring(L, -1));
    lua_pop(L, 1);
    return load_status == LUA_ERRFILE ? EX_NOINPUT : EXIT_FAILURE;
  }
  idle_interrupt_arm(rt);
  if (idle_runtime_call(rt, arguments) == LUA_OK) return 0;
  int status = report(L, program);
  return idle_runtime_was_interrupted(rt) ? 128 + SIGINT : status;
}

int idle_chunk_report_tasks(idle_runtime *rt, const char *program) {
  int status = 0;
  while (idle_runtime_take_failure(rt)) status = idle_chunk_worse(status, report(idle_runtime_lua(rt), program));
  return status;
}
