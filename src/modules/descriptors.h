/* The open file descriptors of this process, for idle.live. */
#ifndef IDLE_DESCRIPTORS_H
#define IDLE_DESCRIPTORS_H

#include <lua.h>

/* live.descriptors(): pushes a snapshot, or nil where /proc is missing. */
int idle_descriptors_take(lua_State *L);

/* live.added(snapshot): pushes a list of {fd, target} of those opened since. */
int idle_descriptors_added(lua_State *L);

#endif
