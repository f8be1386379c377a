/* The modules that are inside the program. */
#ifndef IDLE_PRELOAD_H
#define IDLE_PRELOAD_H

#include <lua.h>

/* Fills package.preload; nothing is loaded yet. [-0, +0, m] */
void idle_preload(lua_State *L);

#endif
