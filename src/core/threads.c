#include "threads.h"

#include "hook.h"

#include <lauxlib.h>
#include <string.h>

enum { FEW = 8 }; /* as many may wait for a task even if no other thread has one */

/* Makes room for one more thread that waits: to give one back must not fail. [-0, +0, m] */
static void make_room(idle_threads *threads, lua_State *L) {
  if (threads->count < threads->capacity) return;
  int capacity = threads->capacity == 0 ? FEW : 2 * threads->capacity;
  lua_State **unused = lua_newuserdatauv(L, (size_t)capacity * sizeof *unused, 0);
  if (threads->unused_count > 0) memcpy(unused, threads->unused, (size_t)threads->unused_count * sizeof *unused);
  lua_rawsetp(L, LUA_REGISTRYINDEX, threads);
  threads->unused = unused;
  threads->capacity = capacity;
}

/* [-0, +0, m] */
static lua_State *make(idle_threads *threads, lua_State *L) {
  make_room(threads, L);
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

/* After a thousand tasks at once, a thousand threads would wait for ever. */
static bool are_too_many_unused(const idle_threads *threads) {
  int used = threads->count - threads->unused_count;
  return threads->unused_count > (used > FEW ? used : FEW);
}

void idle_threads_give_back(idle_threads *threads, lua_State *thread, bool is_secret) {
  lua_settop(thread, 0);
  /* What a script's own hook calls, the debug library keeps for the thread. */
  if (is_secret && lua_gethook(thread) == NULL)
    threads->unused[threads->unused_count++] = thread;
  else
    let_go(threads, thread);
  while (are_too_many_unused(threads)) let_go(threads, threads->unused[--threads->unused_count]);
}
