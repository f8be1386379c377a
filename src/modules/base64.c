/* idle.base64: bytes as text of a safe alphabet. Documented in lua/idle/meta/base64.lua. */
#include "base64.h"

#include "fail.h"
#include "modules.h"

#include <lauxlib.h>

static int base64_encode(lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  luaL_Buffer text;
  size_t length = idle_base64_length(size);
  idle_base64_encode(bytes, size, luaL_buffinitsize(L, &text, length));
  luaL_pushresultsize(&text, length);
  return 1;
}

static int base64_decode(lua_State *L) {
  size_t length, size = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  luaL_Buffer bytes;
  char *room = luaL_buffinitsize(L, &bytes, length / 4 * 3 + 3);
  if (!idle_base64_decode(text, length, room, &size))
    return idle_fail(L, "remote.protocol", "not base64: %d characters", (int)length);
  luaL_pushresultsize(&bytes, size);
  return 1;
}

static const luaL_Reg functions[] = {{"encode", base64_encode}, {"decode", base64_decode}, {NULL, NULL}};

int luaopen_idle_base64(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
