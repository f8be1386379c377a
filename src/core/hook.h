/* The hooks of a thread: the one that stops it after some instructions, and the
 * one that counts the lines it runs. Only these calls may use lua_sethook: each
 * leaves the other's hook in place. */
#ifndef IDLE_HOOK_H
#define IDLE_HOOK_H

#include <lua.h>
#include <stdbool.h>

/* Told of a line that begins; `frame` has the line. [-0, +0, e] */
typedef void (*idle_on_line)(lua_State *L, lua_Debug *frame, void *context);

/* Calls `hook` once `count` instructions of L are over, in place of the one that
 * was set before. It begins with idle_hook_took_line(). Also from a signal handler. */
void idle_hook_set(lua_State *L, lua_Hook hook, int count);
void idle_hook_clear(lua_State *L);

/* Whether the hook was called for a line, and that line was told. [-0, +0, e] */
bool idle_hook_took_line(lua_State *L, lua_Debug *frame);

/* Tells of the lines of all tasks, of L, and of the threads that they make from
 * now on. on_line: NULL: nobody is told any more. [-0, +0, -] */
void idle_hook_lines(lua_State *L, idle_on_line on_line, void *context);

#endif
