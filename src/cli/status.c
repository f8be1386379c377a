#include "status.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <sysexits.h>

int idle_status_worse(int status, int other) {
  static const int order[] = {3, EX_TEMPFAIL, EX_DATAERR, 2};
  for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
    if (status == order[i] || other == order[i]) return order[i];
  return status != 0 ? status : other;
}

bool idle_status_push_asker(lua_State *L, const char *module, const char *function) {
  int top = lua_gettop(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, module) == LUA_TTABLE && lua_getfield(L, -1, function) == LUA_TFUNCTION) {
    lua_replace(L, top + 1);
    lua_settop(L, top + 1);
    return true;
  }
  lua_settop(L, top);
  return false;
}

int idle_status_of_error(lua_State *L, int index) {
  index = lua_absindex(L, index);
  if (!lua_istable(L, index) || !idle_status_push_asker(L, "idle.engine.errors", "exit_status")) return EXIT_FAILURE;
  lua_pushvalue(L, index);
  int status = lua_pcall(L, 1, 1, 0) == LUA_OK ? (int)lua_tointeger(L, -1) : EX_SOFTWARE;
  lua_pop(L, 1);
  return status;
}
