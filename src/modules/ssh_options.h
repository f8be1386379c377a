/* The table that ssh.connect takes. */
#ifndef IDLE_SSH_OPTIONS_H
#define IDLE_SSH_OPTIONS_H

#include "client.h"

#include <lua.h>

/* Reads the table at index 1. The strings are borrowed from values that it
 * leaves on the stack. A mistake of the caller raises.
 * Returns: 0, or the number of results of a failure. [-0, +n, v] */
int idle_ssh_options_read(lua_State *L, idle_ssh_options *options);

#endif
