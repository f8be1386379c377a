/* idle.live: what lives in this program, and where the script made it; for the
 * test harness. Documented in lua/idle/meta/live.lua. */
#include "census.h"
#include "descriptors.h"
#include "modules.h"
#include "scheduler.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

static void on_closed(uv_handle_t *pipe) { free(pipe); }

/* With its first stream libuv opens a descriptor, to be kept for the day when
 * there are no more. Nobody's leak, so that stream is this one. */
static void open_reserve(lua_State *L) {
  uv_pipe_t *pipe = malloc(sizeof *pipe);
  if (pipe == NULL) luaL_error(L, "not enough memory");
  if (uv_pipe_init(idle_loop(L), pipe, 0) == 0)
    uv_close((uv_handle_t *)pipe, on_closed);
  else
    free(pipe);
}

static int live_keep_books(lua_State *L) {
  open_reserve(L);
  idle_census_begin(L);
  return 0;
}

static int live_births(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)idle_scheduler_of(L)->births);
  return 1;
}

static void set_string(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

static void set_boolean(lua_State *L, const char *name, bool flag) {
  lua_pushboolean(L, flag);
  lua_setfield(L, -2, name);
}

/* Sets a field to the user value of the task's object, which lies below the table. */
static void set_value(lua_State *L, const char *name, int user_value) {
  lua_getiuservalue(L, -2, user_value);
  lua_setfield(L, -2, name);
}

/* [-0, +1, m] */
static void push_task(lua_State *L, const idle_task *task) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, task);
  lua_createtable(L, 0, 6);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "task");
  set_string(L, "place", task->spawned_at);
  set_boolean(L, "is_ready", task->state == IDLE_TASK_READY);
  set_boolean(L, "is_ending", task->ending.kind != NULL);
  if (task->waits_in[0] != '\0') set_string(L, "waits_in", task->waits_in);
  char place[IDLE_PLACE_SIZE];
  if (idle_stack_place(task->thread, place)) set_string(L, "waits_at", place);
  lua_remove(L, -2);
}

static int live_tasks(lua_State *L) {
  uint64_t since = (uint64_t)luaL_checkinteger(L, 1);
  const idle_scheduler *scheduler = idle_scheduler_of(L);
  lua_newtable(L);
  lua_Integer count = 0;
  const idle_task *task;
  TAILQ_FOREACH(task, &scheduler->tasks, place) {
    if (task->origin <= since || task == scheduler->current) continue;
    push_task(L, task);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

/* Pushes what a failed task left, and counts its error as handled. [-0, +1, m] */
static void push_failure(lua_State *L, const idle_task *task) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, task);
  lua_createtable(L, 0, 4);
  set_string(L, "place", task->spawned_at);
  set_value(L, "raised_at", IDLE_TASK_ERROR_PLACE);
  lua_insert(L, -2);
  idle_task_take_error(L, -1);
  lua_setfield(L, -4, "text");
  lua_setfield(L, -3, "error");
  lua_pop(L, 1);
}

static int live_failures(lua_State *L) {
  uint64_t since = (uint64_t)luaL_checkinteger(L, 1);
  idle_scheduler *scheduler = idle_scheduler_of(L);
  lua_newtable(L);
  lua_Integer count = 0;
  for (const idle_task *task = TAILQ_FIRST(&scheduler->failed), *next; task != NULL; task = next) {
    next = TAILQ_NEXT(task, place);
    if (task->origin <= since) continue;
    push_failure(L, task);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

static int live_enter(lua_State *L) {
  luaL_checkany(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  luaL_checkstring(L, 3);
  lua_settop(L, 3);
  lua_pushvalue(L, 1);
  lua_insert(L, 1);
  idle_census_push_place(L);
  idle_census_enter_values(L);
  return 1;
}

static int live_opened(lua_State *L) {
  idle_census_push_open(L, (uint64_t)luaL_checkinteger(L, 1));
  return 1;
}

static int live_forget(lua_State *L) {
  idle_census_forget(L, (uint64_t)luaL_checkinteger(L, 1));
  return 0;
}

/* Somebody may have given it the metatable of something else, and then nobody can close it as a file. */
static int file_is_open(lua_State *L) {
  const luaL_Stream *stream = luaL_testudata(L, 1, LUA_FILEHANDLE);
  if (stream == NULL || stream->closef == NULL) return 0;
  lua_pushboolean(L, 1);
  return 1;
}

static bool is_standard(FILE *file) { return file == stdin || file == stdout || file == stderr; }

/* [-0, +0, m] */
static void enter_file(lua_State *L, int index, const char *name) {
  const luaL_Stream *stream = luaL_testudata(L, index, LUA_FILEHANDLE);
  if (stream == NULL || stream->closef == NULL || is_standard(stream->f)) return;
  if (name[0] != '\0')
    idle_census_enter(L, index, file_is_open, "file '%s'", name);
  else
    idle_census_enter(L, index, file_is_open, "temporary file");
}

/* Calls the library's function in this very frame, so that neither its messages
 * nor a traceback shows a difference. */
static int call_noted(lua_State *L) {
  char name[200];
  bool has_name = lua_isstring(L, 1);
  (void)snprintf(name, sizeof name, "%s", has_name ? lua_tostring(L, 1) : "");
  int results = lua_tocfunction(L, lua_upvalueindex(1))(L);
  bool opens = has_name || !lua_toboolean(L, lua_upvalueindex(2));
  if (!opens || !idle_scheduler_of(L)->keeps_books) return results;
  luaL_checkstack(L, LUA_MINSTACK, NULL);
  for (int i = lua_gettop(L) - results + 1, last = lua_gettop(L); i <= last; i++) enter_file(L, i, name);
  return results;
}

/* A function of the library, and whether it opens a file only if it is given a name. */
typedef struct {
  const char *name;
  bool needs_name;
} FileFunction;

static int live_watch_files(lua_State *L) {
  static const FileFunction functions[] = {{"open", true},   {"popen", true}, {"tmpfile", false}, {"lines", true},
                                           {"output", true}, {"input", true}, {NULL, false}};
  lua_getglobal(L, LUA_IOLIBNAME);
  for (const FileFunction *each = functions; each->name != NULL; each++) {
    lua_getfield(L, -1, each->name);
    lua_CFunction function = lua_tocfunction(L, -1);
    if (function == NULL || function == call_noted) { /* somebody else's, or done before */
      lua_pop(L, 1);
      continue;
    }
    lua_pushboolean(L, each->needs_name);
    lua_pushcclosure(L, call_noted, 2);
    lua_setfield(L, -2, each->name);
  }
  return 0;
}

static const luaL_Reg functions[] = {{"added", idle_descriptors_added},
                                     {"births", live_births},
                                     {"descriptors", idle_descriptors_take},
                                     {"enter", live_enter},
                                     {"failures", live_failures},
                                     {"forget", live_forget},
                                     {"keep_books", live_keep_books},
                                     {"opened", live_opened},
                                     {"tasks", live_tasks},
                                     {"watch_files", live_watch_files},
                                     {NULL, NULL}};

int luaopen_idle_live(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
