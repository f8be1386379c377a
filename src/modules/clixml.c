/* idle.clixml: PowerShell's serialisation. Documented in lua/idle/meta/clixml.lua. */
#include "clixml.h"
#include "modules.h"
#include "named.h"

#include <lauxlib.h>

#define TEXT "idle.clixml.text"

/* __close and __gc. */
static int free_text(lua_State *L) {
  idle_buffer_free(luaL_checkudata(L, 1, TEXT));
  return 0;
}

static int clixml_stderr_text(lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  idle_buffer *text = lua_newuserdatauv(L, sizeof *text, 0);
  *text = (idle_buffer){0};
  luaL_setmetatable(L, TEXT);
  lua_toclose(L, -1);
  idle_clixml_stderr_text(text, bytes, size);
  size = idle_buffer_size(text);
  while (size > 0 && idle_buffer_bytes(text)[size - 1] == '\n') size--;
  lua_pushlstring(L, size == 0 ? "" : idle_buffer_bytes(text), size);
  return 1;
}

static const luaL_Reg functions[] = {
    {"decode", idle_clixml_decode}, {"encode", idle_clixml_encode}, {"stderr_text", clixml_stderr_text}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", free_text}, {"__close", free_text}, {NULL, NULL}};

/* What makes bytes print as they are. */
static int bytes_tostring(lua_State *L) {
  lua_rawgeti(L, 1, 1);
  return 1;
}

int luaopen_idle_clixml(lua_State *L) {
  luaL_newmetatable(L, TEXT);
  luaL_setfuncs(L, meta, 0);
  luaL_newmetatable(L, IDLE_LIST);
  luaL_newmetatable(L, IDLE_BYTES);
  lua_pushcfunction(L, bytes_tostring);
  lua_setfield(L, -2, "__tostring");
  idle_clixml_open_decode(L);
  idle_clixml_open_encode(L);
  luaL_newlib(L, functions);
  return 1;
}
