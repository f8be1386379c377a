#include "threads.h"

#include "hook.h"

#include <lauxlib.h>

enum { FEW = 8 }; /* as many may wait for a task even if no other thread has one */

/* What Lua's allocations run meanwhile, as finalizers, may spawn tasks, too. [-0, +0, m] */
static lua_State *make(idle_threads *threads, lua_State *L) {
  lua_State *thread = lua_newthread(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, thread);
  threads->count++;
  return thread;
}

lua_State *idle_threads_take(idle_threads *threads, lua_State *L) {
  luaL_checkstack(L, 1, NULL);
  if (threads->unused_count == 0) return make(threads, L);
  lua_State *thread = threads->unused[--threads->unused_count];
  idle_hook_inherit(thread, L);
  return thread;
}

/* It is gone as soon as the collector comes. [-0, +0, -] */
static void let_go(idle_threads *threads, lua_State *thread) {
  lua_pushnil(thread);
  lua_rawsetp(thread, LUA_REGISTRYINDEX, thread);
  threads->count--;
}

/* After many tasks at once, as many threads would wait for ever. */
static bool are_too_many_unused(const idle_threads *threads) {
  int used = threads->count - threads->unused_count;
  return threads->unused_count > (used > FEW ? used : FEW);
}

void idle_threads_give_back(idle_threads *threads, lua_State *thread, bool is_as_new) {
  lua_settop(thread, 0);
  /* A hook that is still there has not been replaced yet (hook.c). */
  if (is_as_new && lua_gethook(thread) == NULL && threads->unused_count < IDLE_MOST_UNUSED_THREADS)
    threads->unused[threads->unused_count++] = thread;
  else
    let_go(threads, thread);
  while (are_too_many_unused(threads)) let_go(threads, threads->unused[--threads->unused_count]);
}
