/* What luaL_newstate does, with memory of our own. */
#ifndef IDLE_NEWSTATE_H
#define IDLE_NEWSTATE_H

#include "pool.h"

#include <lua.h>
#include <stdbool.h>

/* Whether warn() is heard. */
typedef struct {
  bool is_on;
  bool continues; /* the next piece belongs to the same message */
} idle_warnings;

/* pool, warnings: borrowed as long as the state lives.
 * Returns: a state without libraries, or NULL when memory is short. */
lua_State *idle_newstate(idle_pool *pool, idle_warnings *warnings);

#endif
