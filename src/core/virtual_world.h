/* A world in virtual time: the task that opens it, and all tasks that are spawned
 * in it. It never waits: when none of them is ready, its clock jumps. */
#ifndef IDLE_VIRTUAL_WORLD_H
#define IDLE_VIRTUAL_WORLD_H

#include "scheduler.h"

/* Opens a world; the task that computes becomes its first one. The world stays
 * where it is until it is closed.
 * Returns: false when memory is short; nothing has changed then. */
bool idle_virtual_world_open(idle_world *world, idle_task *caller, int64_t now_ms, uint64_t limit_ms);

/* Ends the world: its other tasks are ended at once and without waits, and the
 * caller is back on the machine's clock. */
void idle_virtual_world_close(idle_world *world);

/* Before each turn of its tasks: lets time go on when none is ready. If there is
 * nothing to go on to, or too much, or time does not go on, the caller's wait fails. */
void idle_virtual_world_turn(idle_world *world);

/* Whether the task that computes belongs to a virtual world. */
bool idle_virtual_world_is_running(lua_State *L);

/* Raises `test.real_wait` if L belongs to a virtual world.
 * what: that would wait for the machine, as "the program 'ssh'". [-0, +0, e] */
void idle_virtual_world_refuse(lua_State *L, const char *what);

/* Before L looks at its clock: raises `test.stuck` if it is a virtual one, and nobody
 * does anything but look at it. [-0, +0, e] */
void idle_virtual_world_look(lua_State *L);

/* The oldest task of the world whose error nobody took; NULL: none. */
idle_task *idle_virtual_world_failed(const idle_world *world);

#endif
