/* Runs each scenario of a script once per allocation, failing that allocation:
 * every time it must end with a clean error, or do without, and leave a state in
 * which the next run works. Sanitizers find what leaks.
 *
 *   alloc_test spec/c/alloc_scenarios.lua [SCENARIO]
 *
 * Counted are Lua's allocations and, by the linker's --wrap, those of our own
 * code; not those inside libuv, which aborts when some of them fail. */
#include "check.h"
#include "runtime.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define MAX_ALLOCATIONS 20000 /* no scenario may have more: that bounds the test */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static long countdown; /* the allocation that takes it to 0 fails; 0: none fails */
static bool is_retry;  /* Lua collects garbage after a failure and tries again: that fails too */
static bool has_failed;

static bool fails(void) {
  if (is_retry) {
    is_retry = false;
    return true;
  }
  if (countdown == 0 || --countdown > 0) return false;
  has_failed = is_retry = true;
  return true;
}

void *__wrap_malloc(size_t size) { return fails() ? NULL : __real_malloc(size); }
void *__wrap_calloc(size_t count, size_t size) { return fails() ? NULL : __real_calloc(count, size); }
void *__wrap_realloc(void *memory, size_t size) { return fails() ? NULL : __real_realloc(memory, size); }

static lua_Alloc lua_alloc; /* the state's own */
static void *lua_alloc_context;

/* A lua_Alloc. Lua relies on it that a block can always be made smaller. What it
 * takes from malloc for it is counted once. */
static void *allocate(void *context, void *block, size_t old_size, size_t new_size) {
  (void)context;
  bool is_larger = block == NULL || new_size > old_size;
  if (is_larger && new_size > 0 && fails()) return NULL;
  long armed = countdown;
  countdown = 0;
  void *resized = lua_alloc(lua_alloc_context, block, old_size, new_size);
  countdown = armed;
  return resized;
}

/* arm(number): that allocation from now on fails; 0: none. */
static int arm(lua_State *L) {
  is_retry = false;
  countdown = luaL_checkinteger(L, 1);
  return 0;
}

/* Whether the error object on top is about an allocation that failed: Lua's own message, ours, or
 * an error table's. */
static bool is_about_memory(lua_State *L) {
  if (lua_istable(L, -1)) lua_getfield(L, -1, "message");
  const char *message = lua_tostring(L, -1);
  if (message == NULL) message = luaL_typename(L, -1);
  bool is_so = strstr(message, "memory") != NULL;
  if (!is_so || !has_failed) fprintf(stderr, "unexpected error: %s\n", message);
  return is_so && has_failed;
}

/* Runs the scenario on top of the stack, failing allocation `number`.
 * Returns: whether there was an allocation of that number. [-0, +0, e] */
static bool run(idle_runtime *rt, long number) {
  lua_State *L = idle_runtime_lua(rt);
  int top = lua_gettop(L);
  has_failed = false;
  lua_getglobal(L, "run_armed");
  lua_pushvalue(L, top);
  lua_pushinteger(L, number);
  int status = idle_runtime_call(rt, 2);
  countdown = 0;
  is_retry = false;
  if (status != LUA_OK) {
    lua_pop(L, 1);
    CHECK(is_about_memory(L));
  }
  lua_settop(L, top);
  idle_runtime_finish(rt, false);
  while (idle_runtime_take_failure(rt)) lua_settop(L, top);
  return has_failed;
}

/* How many allocations further the next one fails. [-0, +0, e] */
static long step_of(lua_State *L, int steps, const char *name) {
  lua_getfield(L, steps, name);
  long step = luaL_optinteger(L, -1, 1);
  lua_pop(L, 1);
  return step;
}

/* Runs the scenario on top of the stack. [-0, +0, e] */
static void run_scenario(idle_runtime *rt, const char *name, long step) {
  long number = 1;
  CHECK(!run(rt, 0)); /* warms up: modules are loaded, strings are interned */
  for (; run(rt, number); number += step) CHECK(number < MAX_ALLOCATIONS);
  printf("%s: up to %ld allocations\n", name, number - 1);
  CHECK(number > 10);
}

#ifdef IDLE_SANITIZED
/* After an allocation of libssh2's has failed, its key exchange can't be released without a crash (see
 * src/ssh/handshake.c), and with it numbers of OpenSSL. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libcrypto\n"; }
#endif

int main(int argc, char **argv) {
  CHECK(argc == 2 || argc == 3);
  idle_runtime *rt = idle_runtime_open(false);
  CHECK(rt != NULL);
  lua_State *L = idle_runtime_lua(rt);
  lua_alloc = lua_getallocf(L, &lua_alloc_context);
  lua_setallocf(L, allocate, NULL);
  lua_register(L, "arm", arm);
  CHECK(luaL_loadfile(L, argv[1]) == LUA_OK);
  CHECK(idle_runtime_call(rt, 0) == LUA_OK && lua_istable(L, 1) && lua_istable(L, 2));
  lua_rotate(L, 1, 1); /* to steps, scenarios */
  for (lua_pushnil(L); lua_next(L, 2) != 0; lua_pop(L, 1)) {
    const char *name = lua_tostring(L, -2);
    if (argc == 2 || strcmp(name, argv[2]) == 0) run_scenario(rt, name, step_of(L, 1, name));
  }
  lua_settop(L, 0);
  idle_close(rt);
  return 0;
}
