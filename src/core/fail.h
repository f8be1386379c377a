/* How a C module reports that the world refused, or that a wait is over. */
#ifndef IDLE_FAIL_H
#define IDLE_FAIL_H

#include <lua.h>

/* Pushes nil and a table {kind, message}: `return idle_fail(L, …)` hands both
 * to the Lua caller, which completes effect and transient from the kind.
 * kind:    one of lua/idle/engine/errors.lua.
 * format:  as lua_pushfstring.
 * Returns: 2. [-0, +2, m] */
int idle_fail(lua_State *L, const char *kind, const char *format, ...);

/* What the system says of an errno value; what can be done about it, too, where that is sure. Valid until the next
 * call. */
const char *idle_reason(int code);

/* Raises an idle.Error of `kind`, built by idle.engine.errors where that can be
 * loaded, else a plain table of the same fields. Never returns. [-0, +0, e] */
int idle_raise(lua_State *L, const char *kind, const char *format, ...);

#endif
