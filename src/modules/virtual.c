/* idle.virtual: virtual time. Documented in lua/idle/meta/virtual.lua. */
#include "modules.h"
#include "virtual_world.h"

#include <lauxlib.h>

#define WORLD "idle.virtual.world"

static idle_world *check_world(lua_State *L) {
  idle_world *world = luaL_checkudata(L, 1, WORLD);
  if (world->caller == NULL) luaL_error(L, "this virtual time is over");
  return world;
}

static void set_string(lua_State *L, const char *name, const char *text) {
  lua_pushstring(L, text);
  lua_setfield(L, -2, name);
}

/* [-0, +1, m] */
static void push_task(lua_State *L, idle_task *task) {
  char place[IDLE_PLACE_SIZE];
  lua_createtable(L, 0, 5);
  lua_rawgetp(L, LUA_REGISTRYINDEX, task);
  lua_setfield(L, -2, "task");
  set_string(L, "spawned_at", task->spawned_at);
  set_string(L, "waits_in", task->waits_in);
  if (idle_stack_place(task->thread, place)) set_string(L, "at", place);
  lua_pushboolean(L, task->ending.kind != NULL);
  lua_setfield(L, -2, "is_ended");
}

static int world_tasks(lua_State *L) {
  const idle_world *world = check_world(L);
  lua_newtable(L);
  lua_Integer count = 0;
  idle_task *task;
  TAILQ_FOREACH(task, &world->caller->scheduler->tasks, place) {
    if (task->world != world || task == world->caller) continue;
    push_task(L, task);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

static int world_failure(lua_State *L) {
  idle_task *task = idle_virtual_world_failed(check_world(L));
  if (task == NULL) return 0;
  lua_rawgetp(L, LUA_REGISTRYINDEX, task);
  idle_task_take_error(L, -1);
  lua_pushstring(L, task->spawned_at);
  return 3;
}

/* leave(), __close and __gc. */
static int world_leave(lua_State *L) {
  idle_world *world = luaL_checkudata(L, 1, WORLD);
  if (world->caller != NULL) idle_virtual_world_close(world);
  return 0;
}

static int raise_nested(lua_State *L) {
  char place[IDLE_PLACE_SIZE];
  (void)idle_stack_place(L, place);
  lua_pushfstring(L, "%s: virtual time is running already; it cannot be nested", place);
  return lua_error(L);
}

static int virtual_enter(lua_State *L) {
  lua_Integer now_ms = luaL_checkinteger(L, 1), limit_ms = luaL_checkinteger(L, 2);
  luaL_argcheck(L, limit_ms >= 0, 2, "milliseconds must not be negative");
  idle_task_check(L, "virtual_time");
  idle_task *caller = idle_task_of(L);
  if (caller->world->caller != NULL) return raise_nested(L);
  if (caller->ending.kind != NULL) return luaL_error(L, "virtual time cannot begin while a task is being ended");
  idle_world *world = lua_newuserdatauv(L, sizeof *world, 0);
  idle_world_init(world, NULL);
  luaL_setmetatable(L, WORLD);
  if (!idle_virtual_world_open(world, caller, now_ms, (uint64_t)limit_ms)) return luaL_error(L, "not enough memory");
  return 1;
}

static int virtual_is_running(lua_State *L) {
  lua_pushboolean(L, idle_virtual_world_is_running(L));
  return 1;
}

static int virtual_refuse(lua_State *L) {
  idle_virtual_world_refuse(L, luaL_checkstring(L, 1));
  return 0;
}

static const luaL_Reg functions[] = {
    {"enter", virtual_enter}, {"is_running", virtual_is_running}, {"refuse", virtual_refuse}, {NULL, NULL}};
static const luaL_Reg methods[] = {
    {"failure", world_failure}, {"leave", world_leave}, {"tasks", world_tasks}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", world_leave}, {"__close", world_leave}, {NULL, NULL}};

int luaopen_idle_virtual(lua_State *L) {
  luaL_newmetatable(L, WORLD);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
