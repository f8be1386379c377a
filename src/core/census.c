#include "census.h"

#include "scheduler.h"

#include <lauxlib.h>
#include <stdarg.h>

/* Where the registry keeps the entries: {origin, object, is_open, what, place}, oldest first. */
static const char entries;

enum { ORIGIN = 1, OBJECT, IS_OPEN, WHAT, PLACE };

void idle_census_begin(lua_State *L) {
  idle_scheduler *scheduler = idle_scheduler_of(L);
  scheduler->keeper = scheduler->current;
  if (scheduler->keeps_books) return;
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &entries);
  scheduler->keeps_books = true;
}

/* What the object of the entry on top says of itself. [-0, +1, e] */
static int push_state(lua_State *L) {
  lua_rawgeti(L, -1, IS_OPEN);
  lua_rawgeti(L, -2, OBJECT);
  lua_call(L, 1, 1);
  return lua_type(L, -1);
}

static uint64_t origin_of_entry(lua_State *L, int index) {
  lua_rawgeti(L, index, ORIGIN);
  uint64_t origin = (uint64_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return origin;
}

/* Keeps, in the table on top, the entries of which `is_wanted` is true. [-0, +0, e] */
static void keep(lua_State *L, bool (*is_wanted)(lua_State *L, uint64_t since), uint64_t since) {
  lua_Integer count = (lua_Integer)lua_rawlen(L, -1), kept = 0;
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, -1, i);
    if (is_wanted(L, since))
      lua_rawseti(L, -2, ++kept);
    else
      lua_pop(L, 1);
  }
  for (lua_Integer i = count; i > kept; i--) {
    lua_pushnil(L);
    lua_rawseti(L, -2, i);
  }
}

static bool is_not_closed(lua_State *L, uint64_t since) {
  (void)since;
  bool answer = push_state(L) != LUA_TNIL;
  lua_pop(L, 1);
  return answer;
}

static bool is_older(lua_State *L, uint64_t since) { return origin_of_entry(L, -1) <= since; }

/* Strikes out what is closed, from the table on top. [-0, +0, e] */
static void sweep(lua_State *L) { keep(L, is_not_closed, 0); }

/* A spec that opens and closes ten thousand files must not keep them all. */
static bool is_time_to_sweep(lua_Unsigned count) { return count >= 256 && (count & (count - 1)) == 0; }

/* Where our own modules run alone, it is where their task was spawned. */
void idle_census_push_place(lua_State *L) {
  char place[IDLE_PLACE_SIZE];
  const idle_task *task = idle_scheduler_of(L)->current;
  if (idle_stack_place(L, place))
    lua_pushstring(L, place);
  else
    lua_pushstring(L, task != NULL && task->spawned_at[0] != '\0' ? task->spawned_at : NULL);
}

void idle_census_enter_values(lua_State *L) {
  idle_scheduler *scheduler = idle_scheduler_of(L);
  if (!scheduler->keeps_books) {
    lua_pop(L, 4);
    return;
  }
  lua_createtable(L, PLACE, 0);
  lua_insert(L, -5);
  for (int field = PLACE; field >= OBJECT; field--) lua_rawseti(L, -field, field);
  lua_pushinteger(L, (lua_Integer)idle_scheduler_birth(scheduler));
  lua_rawseti(L, -2, ORIGIN);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &entries);
  if (is_time_to_sweep(lua_rawlen(L, -1))) sweep(L);
  lua_insert(L, -2);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_pop(L, 1);
}

void idle_census_enter(lua_State *L, int object, lua_CFunction is_open_function, const char *what, ...) {
  if (!idle_scheduler_of(L)->keeps_books || idle_stack_is_in_session(L)) return;
  luaL_checkstack(L, 10, NULL);
  lua_pushvalue(L, object);
  lua_pushcfunction(L, is_open_function);
  va_list arguments;
  va_start(arguments, what);
  lua_pushvfstring(L, what, arguments);
  va_end(arguments);
  idle_census_push_place(L);
  idle_census_enter_values(L);
}

/* Copies the entry on top as {object, what, place}. [-1, +1, m] */
static void present(lua_State *L) {
  static const char *const names[] = {[OBJECT] = "object", [WHAT] = "what", [PLACE] = "place"};
  lua_createtable(L, 0, 3);
  for (int field = OBJECT; field <= PLACE; field++) {
    if (names[field] == NULL) continue;
    lua_rawgeti(L, -2, field);
    lua_setfield(L, -2, names[field]);
  }
  lua_remove(L, -2);
}

void idle_census_push_open(lua_State *L, uint64_t since) {
  lua_newtable(L);
  if (!idle_scheduler_of(L)->keeps_books) return;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &entries);
  sweep(L);
  for (lua_Integer i = 1, count = (lua_Integer)lua_rawlen(L, -1), found = 0; i <= count; i++) {
    lua_rawgeti(L, -1, i);
    push_state(L);
    bool is_wanted = lua_toboolean(L, -1) && origin_of_entry(L, -2) > since;
    lua_pop(L, 1);
    if (!is_wanted) {
      lua_pop(L, 1);
      continue;
    }
    present(L);
    lua_rawseti(L, -3, ++found);
  }
  lua_pop(L, 1);
}

void idle_census_forget(lua_State *L, uint64_t since) {
  if (!idle_scheduler_of(L)->keeps_books) return;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &entries);
  keep(L, is_older, since);
  lua_pop(L, 1);
}
