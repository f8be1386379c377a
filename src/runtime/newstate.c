#include "newstate.h"

#include <stdio.h>
#include <string.h>

/* Lua ends the process after it. */
static int on_panic(lua_State *L) {
  const char *message = lua_tostring(L, -1);
  if (message == NULL) message = "error object is not a string";
  fprintf(stderr, "PANIC: unprotected error in call to Lua API (%s)\n", message);
  return 0;
}

/* A message that is no part of a longer one, and begins with '@', is an order. */
static bool obeys(idle_warnings *warnings, const char *message, bool goes_on) {
  if (goes_on || *message != '@' || (warnings->is_on && warnings->continues)) return false;
  if (strcmp(message, "@on") == 0) warnings->is_on = true;
  if (strcmp(message, "@off") == 0) warnings->is_on = false;
  return true;
}

static void on_warning(void *context, const char *message, int goes_on) {
  idle_warnings *warnings = context;
  if (obeys(warnings, message, goes_on != 0) || !warnings->is_on) return;
  if (!warnings->continues) fputs("Lua warning: ", stderr);
  fputs(message, stderr);
  if (goes_on == 0) fputs("\n", stderr);
  (void)fflush(stderr);
  warnings->continues = goes_on != 0;
}

lua_State *idle_newstate(idle_pool *pool, idle_warnings *warnings) {
  lua_State *L = pool == NULL ? NULL : lua_newstate(idle_pool_alloc, pool);
  if (L == NULL) return NULL;
  lua_atpanic(L, on_panic);
  lua_setwarnf(L, on_warning, warnings);
  return L;
}
