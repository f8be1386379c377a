#include "fail.h"

#include "escape.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

/* What a message quotes is often foreign. Replaces the text on top. [-1, +1, m] */
static void escape_text(lua_State *L) {
  size_t size;
  char shown[IDLE_ESCAPE_SIZE];
  const char *text = lua_tolstring(L, -1, &size);
  int index = lua_gettop(L);
  luaL_Buffer escaped;
  luaL_buffinit(L, &escaped);
  for (size_t at = 0; at < size;) {
    at += idle_escape(text + at, size - at, "", shown);
    luaL_addstring(&escaped, shown);
  }
  luaL_pushresult(&escaped);
  lua_replace(L, index);
}

/* [-0, +1, m] */
static void push_error(lua_State *L, const char *kind, const char *format, va_list arguments) {
  lua_createtable(L, 0, 4);
  lua_pushstring(L, kind);
  lua_setfield(L, -2, "kind");
  lua_pushvfstring(L, format, arguments);
  escape_text(L);
  lua_setfield(L, -2, "message");
}

const char *idle_reason(int code) {
  bool lacks_files = code == EMFILE || code == ENFILE;
  return lacks_files ? "too many open files; close some, or raise the limit (ulimit -n)" : strerror(code);
}

int idle_fail(lua_State *L, const char *kind, const char *format, ...) {
  lua_pushnil(L);
  va_list arguments;
  va_start(arguments, format);
  push_error(L, kind, format, arguments);
  va_end(arguments);
  return 2;
}

/* Replaces the error table on top by an idle.Error. The script may have
 * overwritten the global `require`, so the module is found without it. [-1, +1, e] */
static void complete_error(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, "idle.engine.errors") == LUA_TNIL) {
    lua_pop(L, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    if (lua_getfield(L, -1, "idle.engine.errors") != LUA_TFUNCTION) {
      lua_pop(L, 3);
      return;
    }
    lua_remove(L, -2);
    lua_pushliteral(L, "idle.engine.errors");
    lua_call(L, 1, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "idle.engine.errors");
  }
  lua_getfield(L, -1, "from");
  lua_pushvalue(L, -4);
  lua_call(L, 1, 1);
  lua_replace(L, -4);
  lua_pop(L, 2);
}

int idle_raise(lua_State *L, const char *kind, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  push_error(L, kind, format, arguments);
  va_end(arguments);
  complete_error(L);
  return lua_error(L);
}
