/* What a task leaves behind: results, or an error and its traceback. */
#include "fail.h"
#include "named.h"
#include "scheduler.h"

#include <lauxlib.h>
#include <string.h>

/* An error of ours says what went wrong; where the script asked for it, the stack tells, as lua does for strings.
 * One that was made of a string of lua's may say so already. The text is on top. [-0, +0..1, m] */
static void add_place(lua_State *L) {
  char place[IDLE_PLACE_SIZE];
  if (!idle_is_named(L, 1, IDLE_ERROR) || !idle_stack_place(L, place)) return;
  const char *text = lua_tostring(L, -1);
  size_t size = strlen(place);
  if (strncmp(text, place, size) != 0 || text[size] != ':') lua_pushfstring(L, "%s: %s", place, text);
}

/* The error at index 1 as lua prints it. [-0, +1..3, m] */
static void push_error_text(lua_State *L) {
  lua_pushvalue(L, 1); /* lua_tostring would turn the number itself into a string */
  const char *message = lua_tostring(L, -1);
  if (message == NULL) {
    if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING) {
      add_place(L);
      return;
    }
    message = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
  }
  luaL_traceback(L, L, message, 1);
}

/* The message handler: keeps the text and its traceback while the stack still
 * stands, and lets the error object be what it is. */
static int note_error(lua_State *L) {
  push_error_text(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, idle_task_of(L));
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, IDLE_TASK_ERROR_TEXT);
  char place[IDLE_PLACE_SIZE];
  if (idle_scheduler_of(L)->keeps_books && idle_stack_place(L, place)) {
    lua_pushstring(L, place);
    lua_setiuservalue(L, -2, IDLE_TASK_ERROR_PLACE);
  }
  lua_settop(L, 1);
  return 1;
}

/* Whether the value on top is the error by which the task was told to end. [-0, +0, m] */
static bool is_ending(lua_State *L, const idle_task *task) {
  if (task->ending.kind == NULL || !lua_istable(L, -1)) return false;
  lua_pushliteral(L, "kind");
  bool is_same = lua_rawget(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -1), task->ending.kind) == 0;
  lua_pop(L, 1);
  return is_same;
}

/* Keeps the error object on top. [-0, +0, m] */
static void keep_error(lua_State *L, idle_task *task, int status) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, task);
  lua_pushvalue(L, -2);
  lua_setiuservalue(L, -2, IDLE_TASK_OUTCOME);
  if (status != LUA_ERRRUN) { /* nobody called the message handler */
    lua_pushvalue(L, -2);
    lua_setiuservalue(L, -2, IDLE_TASK_ERROR_TEXT);
  }
  lua_pop(L, 1);
  task->has_failed = true;
  task->is_unhandled = !is_ending(L, task);
}

/* Keeps all values above `base`. [-0, +0, m] */
static void keep_results(lua_State *L, idle_task *task, int base) {
  int count = lua_gettop(L) - base;
  lua_createtable(L, count, 1);
  for (int i = 1; i <= count; i++) {
    lua_pushvalue(L, base + i);
    lua_rawseti(L, -2, i);
  }
  lua_pushinteger(L, count);
  lua_setfield(L, -2, "n");
  lua_rawgetp(L, LUA_REGISTRYINDEX, task);
  lua_insert(L, -2);
  lua_setiuservalue(L, -2, IDLE_TASK_OUTCOME);
  lua_pop(L, 1);
}

static int body_over(lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  luaL_checkstack(L, 4, NULL);
  idle_task *task = idle_task_of(L);
  if (status == LUA_OK || status == LUA_YIELD)
    keep_results(L, task, 1);
  else
    keep_error(L, task, status);
  return 0;
}

/* Lua's own main.lua counts the frames from here to an error's __tostring. */
int idle_task_body(lua_State *L) {
  lua_pushcfunction(L, note_error);
  lua_insert(L, 1);
  return body_over(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 1, 0, body_over), 0);
}

/* The error is in good hands, or there was none. [-0, +0, -] */
static void handle_error(idle_task *task) {
  if (!task->is_unhandled) return;
  idle_scheduler *scheduler = task->scheduler;
  task->is_unhandled = false;
  TAILQ_REMOVE(&scheduler->failed, task, place);
  lua_pushnil(scheduler->L);
  lua_rawsetp(scheduler->L, LUA_REGISTRYINDEX, task);
}

/* Pushes the error object of a failed task. [-0, +1, m] */
static void push_error(lua_State *L, const idle_task *task, int index) {
  if (lua_getiuservalue(L, index, IDLE_TASK_OUTCOME) != LUA_TNIL || task->fault == NULL) return;
  lua_pop(L, 1);
  lua_pushstring(L, task->fault);
}

void idle_task_take_error(lua_State *L, int index) {
  idle_task *task = luaL_checkudata(L, index, IDLE_TASK);
  index = lua_absindex(L, index);
  handle_error(task);
  push_error(L, task, index);
  if (lua_getiuservalue(L, index, IDLE_TASK_ERROR_TEXT) == LUA_TNIL) {
    lua_pop(L, 1);
    luaL_tolstring(L, -1, NULL);
  }
}

int idle_task_push_results(lua_State *L, int index) {
  if (lua_getiuservalue(L, index, IDLE_TASK_OUTCOME) == LUA_TNIL) { /* abandoned before it returned */
    lua_pop(L, 1);
    return 0;
  }
  lua_getfield(L, -1, "n");
  int count = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  luaL_checkstack(L, count, "too many results");
  for (int i = 1; i <= count; i++) lua_rawgeti(L, -i, i);
  lua_remove(L, -count - 1);
  return count;
}

int idle_task_deliver(lua_State *L, int index) {
  idle_task *task = luaL_checkudata(L, index, IDLE_TASK);
  index = lua_absindex(L, index);
  handle_error(task);
  if (task->has_failed) {
    push_error(L, task, index);
    return lua_error(L);
  }
  if (task->ending.kind != NULL) return idle_raise(L, task->ending.kind, "the task was %s", task->ending.text);
  return idle_task_push_results(L, index);
}
