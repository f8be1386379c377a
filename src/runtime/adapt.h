/* Functions of Lua's libraries that have to know of tasks. The names, the
 * messages and the number of frames are Lua's. */
#ifndef IDLE_ADAPT_H
#define IDLE_ADAPT_H

#include <lua.h>

/* Replaces resume, wrap, running, isyieldable, yield and close. [-0, +0, m] */
void idle_adapt_coroutine(lua_State *L);

/* Replaces os.exit. [-0, +0, m] */
void idle_adapt_exit(lua_State *L);

#endif
