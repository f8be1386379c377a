/* The C modules: luaopen_idle_X, in X.c, is require("idle.X"). Each is listed
 * in src/runtime/preload.c, too. */
#ifndef IDLE_MODULES_H
#define IDLE_MODULES_H

#include <lua.h>

int luaopen_idle_base64(lua_State *L);
int luaopen_idle_clixml(lua_State *L);
int luaopen_idle_file(lua_State *L);
int luaopen_idle_hash(lua_State *L);
int luaopen_idle_json(lua_State *L);
int luaopen_idle_lines(lua_State *L);
int luaopen_idle_live(lua_State *L);
int luaopen_idle_loop(lua_State *L);
int luaopen_idle_process(lua_State *L);
int luaopen_idle_secret(lua_State *L);
int luaopen_idle_ssh(lua_State *L);
int luaopen_idle_virtual(lua_State *L);

#endif
