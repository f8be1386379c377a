/* Questions about the stack of a thread, answered through the debug interface. */
#ifndef IDLE_STACK_H
#define IDLE_STACK_H

#include <lua.h>
#include <stdbool.h>

/* A C function that calls its argument in protected mode and may be yielded across. */
typedef struct {
  lua_CFunction function; /* NULL ends a list */
  int body_slot;          /* where in its frame lies the function that it calls */
} idle_protected_call;

/* Whether a __close handler runs on this thread, in an error's unwinding or at
 * the normal end of a block. The thread may be suspended. [-0, +0, -] */
bool idle_stack_is_closing(lua_State *thread, const idle_protected_call *protected_calls);

/* Whether a frame, of which "S" is known, is that of a module of ours. */
bool idle_stack_is_ours(const lua_Debug *frame);

/* Whether L runs code of a session of ours, called by the script. */
bool idle_stack_is_in_session(lua_State *L);

enum { IDLE_PLACE_SIZE = LUA_IDSIZE + 12 };

/* Writes where the script's own code is on this thread, as "joiner.lua:12": the
 * innermost function in Lua that is none of ours. The thread may be suspended.
 * place:   out, IDLE_PLACE_SIZE bytes.
 * Returns: false if there is none; the place is "" then. [-0, +0, -] */
bool idle_stack_place(lua_State *thread, char *place);

/* Pushes where Lua cannot suspend this thread, as "in function 'table.sort'".
 * [-0, +1, m] */
const char *idle_stack_push_blocker(lua_State *L, const idle_protected_call *protected_calls);

#endif
