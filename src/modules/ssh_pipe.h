/* The commands of idle.ssh as Lua objects. */
#ifndef IDLE_SSH_PIPE_H
#define IDLE_SSH_PIPE_H

#include "ssh_link.h"

/* The metatable. [-0, +0, m] */
void idle_ssh_pipe_open(lua_State *L);

/* client:exec(command, timeout_ms), with the link of the client. */
int idle_ssh_pipe_exec(lua_State *L, idle_link *link);

#endif
