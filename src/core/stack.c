#include "stack.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

/* The protected call that the C function on top of the stack is, or NULL. [-1, +0, -] */
static const idle_protected_call *pop_protected_call(lua_State *thread, const idle_protected_call *protected_calls) {
  lua_CFunction function = lua_tocfunction(thread, -1);
  lua_pop(thread, 1);
  for (const idle_protected_call *call = protected_calls; function != NULL && call->function != NULL; call++)
    if (call->function == function) return call;
  return NULL;
}

/* A frame holds what lies below the function that it called. While a protected
 * call runs its body, that is what the body was called with; while it unwinds
 * an error, the body and its variables are still there, below the handler. A
 * body with `...` is called from a copy of itself further up, so there the
 * function that runs tells. level: of the protected call. */
static bool is_unwinding(lua_State *thread, int level, lua_Debug *frame, const idle_protected_call *call) {
  lua_Debug called;
  if (lua_getlocal(thread, frame, call->body_slot) == NULL) return false;
  bool is_body = false;
  if (level > 0 && lua_getstack(thread, level - 1, &called)) {
    lua_getinfo(thread, "f", &called);
    is_body = lua_rawequal(thread, -1, -2);
    lua_pop(thread, 1);
  }
  lua_pop(thread, 1);
  return !is_body;
}

bool idle_stack_is_closing(lua_State *thread, const idle_protected_call *protected_calls) {
  lua_Debug frame;
  if (!lua_checkstack(thread, 3)) return false;
  for (int level = 0; lua_getstack(thread, level, &frame); level++) {
    lua_getinfo(thread, "nf", &frame);
    const idle_protected_call *call = pop_protected_call(thread, protected_calls);
    if (call != NULL && is_unwinding(thread, level, &frame, call)) return true;
    if (strcmp(frame.namewhat, "metamethod") == 0 && strcmp(frame.name, "close") == 0) return true;
  }
  return false;
}

bool idle_stack_is_ours(const lua_Debug *frame) {
  return strncmp(frame->source, "=idle.", 6) == 0 || strcmp(frame->source, "=idle") == 0;
}

bool idle_stack_is_in_session(lua_State *L) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "S", &frame);
    if (strncmp(frame.source, "=idle.sessions.", 15) == 0) return true;
    if (frame.what[0] != 'C' && !idle_stack_is_ours(&frame)) return false;
  }
  return false;
}

bool idle_stack_place(lua_State *thread, char *place) {
  lua_Debug frame;
  place[0] = '\0';
  for (int level = 0; lua_getstack(thread, level, &frame); level++) {
    lua_getinfo(thread, "S", &frame);
    if (frame.what[0] == 'C' || idle_stack_is_ours(&frame)) continue;
    lua_getinfo(thread, "l", &frame);
    (void)snprintf(place, IDLE_PLACE_SIZE, "%s:%d", frame.short_src, frame.currentline);
    return true;
  }
  return false;
}

/* The level of the C function that Lua cannot suspend: the innermost one above
 * the waiting function itself that is no protected call; 0: none. */
static int blocking_level(lua_State *L, const idle_protected_call *protected_calls) {
  lua_Debug frame;
  for (int level = 1; lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "Sf", &frame);
    if (pop_protected_call(L, protected_calls) == NULL && frame.what[0] == 'C') return level;
  }
  return 0;
}

/* As idle_stack_push_blocker, for an innermost frame that Lua itself called. [-0, +(0|1), m] */
static const char *push_finalizer(lua_State *L) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "n", &frame);
    if (strcmp(frame.namewhat, "metamethod") == 0 && strcmp(frame.name, "__gc") == 0)
      return lua_pushliteral(L, "in metamethod '__gc'");
    if (strcmp(frame.namewhat, "hook") == 0) return lua_pushliteral(L, "in a debug hook");
  }
  return NULL;
}

const char *idle_stack_push_blocker(lua_State *L, const idle_protected_call *protected_calls) {
  luaL_checkstack(L, 4, NULL);
  const char *finalizer = push_finalizer(L);
  if (finalizer != NULL) return finalizer;
  int level = blocking_level(L, protected_calls);
  if (level == 0) return lua_pushliteral(L, "here");
  /* Its second line begins "\t[C]: in function 'table.sort'", or "in ?". */
  luaL_traceback(L, L, NULL, level);
  const char *name = strstr(lua_tostring(L, -1), "[C]: ");
  if (name == NULL || strncmp(name, "[C]: in ?", 9) == 0) {
    lua_pushliteral(L, "inside a C function");
  } else {
    name += strlen("[C]: ");
    lua_pushlstring(L, name, strcspn(name, "\n"));
  }
  lua_remove(L, -2);
  return lua_tostring(L, -1);
}
