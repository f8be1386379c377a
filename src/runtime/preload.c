#include "preload.h"

#include "modules.h"
#include "packed.h"

#include <lauxlib.h>
#include <string.h>

static const idle_packed_file *find_packed(const char *name) {
  const idle_packed_file *file = idle_packed_files;
  while (file->name != NULL && strcmp(file->name, name) != 0) file++;
  return file->name == NULL ? NULL : file;
}

/* A loader as package.preload has them: receives the name of the module. */
static int load_packed(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  const idle_packed_file *file = find_packed(name);
  if (file == NULL) return luaL_error(L, "module '%s' is not in the program", name);
  lua_pushfstring(L, "=%s", name);
  if (luaL_loadbufferx(L, (const char *)file->bytes, file->size, lua_tostring(L, -1), "t") != LUA_OK)
    return lua_error(L);
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

/* idle.packed.read(name): the content of a packed file that is no Lua. */
static int packed_read(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  const idle_packed_file *file = find_packed(name);
  if (file == NULL) return luaL_error(L, "file '%s' is not in the program", name);
  lua_pushlstring(L, (const char *)file->bytes, file->size);
  return 1;
}

static int open_packed(lua_State *L) {
  static const luaL_Reg functions[] = {{"read", packed_read}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}

static const luaL_Reg c_modules[] = {{"idle.base64", luaopen_idle_base64},   {"idle.clixml", luaopen_idle_clixml},
                                     {"idle.file", luaopen_idle_file},       {"idle.hash", luaopen_idle_hash},
                                     {"idle.json", luaopen_idle_json},       {"idle.lines", luaopen_idle_lines},
                                     {"idle.live", luaopen_idle_live},       {"idle.loop", luaopen_idle_loop},
                                     {"idle.packed", open_packed},           {"idle.process", luaopen_idle_process},
                                     {"idle.secret", luaopen_idle_secret},   {"idle.ssh", luaopen_idle_ssh},
                                     {"idle.virtual", luaopen_idle_virtual}, {NULL, NULL}};

void idle_preload(lua_State *L) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  luaL_setfuncs(L, c_modules, 0);
  for (const idle_packed_file *file = idle_packed_files; file->name != NULL; file++) {
    if (strchr(file->name, '/') != NULL) continue; /* not Lua: idle.packed reads it */
    lua_pushcfunction(L, load_packed);
    lua_setfield(L, -2, file->name);
  }
  lua_pop(L, 1);
}
