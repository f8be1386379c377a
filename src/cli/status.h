/* Exit statuses. */
#ifndef IDLE_STATUS_H
#define IDLE_STATUS_H

#include <lua.h>
#include <stdbool.h>

/* What to end with if two things that went wrong ask for one status each; 0: none. */
int idle_status_worse(int status, int other);

/* What a program ends with because of the error object at `index`. [-0, +0, m] */
int idle_status_of_error(lua_State *L, int index);

/* Pushes a function of a module, unless nobody loaded the module: then it has nothing to say.
 * Returns: whether it pushed one. [-0, +(0|1), m] */
bool idle_status_push_asker(lua_State *L, const char *module, const char *function);

#endif
