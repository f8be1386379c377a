/* Fuzz target whose promises stand in a Lua file: IDLE_FUZZ_DRIVER returns a
 * function that is called with each input, in a task, and raises if one of them
 * is broken. The lines of Lua that an input reaches count as coverage. */
#include "runtime.h"
#include "target.h"

#include <lauxlib.h>
#include <string.h>

static idle_runtime *runtime;

#ifdef IDLE_FUZZ
#define COUNTERS 4096
__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];

static void on_line(lua_State *L, lua_Debug *line) {
  lua_getinfo(L, "S", line);
  size_t hash = (size_t)line->currentline * 31;
  for (const char *c = line->short_src; *c != '\0'; c++) hash = hash * 33 + (unsigned char)*c;
  uint8_t *counter = &counters[hash % COUNTERS];
  if (*counter < 255) ++*counter;
}

static void count_lines(lua_State *L) { lua_sethook(L, on_line, LUA_MASKLINE, 0); }
#else
static void count_lines(lua_State *L) { (void)L; }
#endif

/* Calls the function on the stack. */
static void call(lua_State *L, int arguments) {
  if (idle_runtime_call(runtime, arguments) == LUA_OK) return;
  fprintf(stderr, "%s\n", lua_tostring(L, -1));
  abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  runtime = idle_runtime_open(true);
  MUST(runtime != NULL);
  lua_State *L = idle_runtime_lua(runtime);
  if (luaL_loadfile(L, IDLE_FUZZ_DRIVER) != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
  }
  call(L, 0); /* leaves the function at index 1 */
  MUST(lua_isfunction(L, 1));
  count_lines(L); /* tasks made from now on inherit it */
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  lua_State *L = idle_runtime_lua(runtime);
  lua_settop(L, 1);
  lua_pushvalue(L, 1);
  lua_pushlstring(L, (const char *)bytes, size);
  call(L, 1);
  return 0;
}
