/* How values of ours are known, whether C or Lua made them: by the `__name` of
 * their metatable, as lua/idle/engine/value.lua does it. */
#ifndef IDLE_NAMED_H
#define IDLE_NAMED_H

#include <lua.h>
#include <stdbool.h>

#define IDLE_ERROR "idle.Error"
#define IDLE_LIST "idle.list"   /* a table that is marked as a list */
#define IDLE_BYTES "idle.bytes" /* one that holds bytes */

/* Whether the value at `index` has this name. [-0, +0, m] */
bool idle_is_named(lua_State *L, int index, const char *name);

#endif
