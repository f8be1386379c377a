/* What process.spawn{} is told, and why it could not do it. */
#ifndef IDLE_PROCESS_OPTIONS_H
#define IDLE_PROCESS_OPTIONS_H

#include "process_child.h"

#include <lua.h>

/* Reads the table at index 1; raises if it is not as documented. What the
 * options point to lives on the stack of L: keep it until the program is
 * started. [-0, +n, v] */
void idle_process_options(lua_State *L, idle_child_options *options);

/* `nil, err` for a program that did not start. Returns: 2. [-0, +2, m]
 * error: libuv's code. */
int idle_process_fail_spawn(lua_State *L, const idle_child_options *options, int error);

#endif
