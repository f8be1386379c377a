#include "named.h"

#include <lauxlib.h>
#include <string.h>

bool idle_is_named(lua_State *L, int index, const char *name) {
  if (luaL_getmetafield(L, index, "__name") == LUA_TNIL) return false;
  bool is_it = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), name) == 0;
  lua_pop(L, 1);
  return is_it;
}
