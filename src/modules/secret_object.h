/* Secrets as Lua objects, for the C modules that use one. */
#ifndef IDLE_SECRET_OBJECT_H
#define IDLE_SECRET_OBJECT_H

#include "secret.h"

#include <lua.h>

#define IDLE_SECRET "idle.secret"

/* The secret at `index`; NULL if the value is no secret or was closed. Borrowed:
 * valid while the value is on the stack and not closed. [-0, +0, m] */
const idle_secret *idle_secret_test(lua_State *L, int index);

#endif
