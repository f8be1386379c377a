/* The Lua threads of tasks. A thread with its stack costs more than most tasks
 * compute, so one whose task is over serves another one. */
#ifndef IDLE_THREADS_H
#define IDLE_THREADS_H

#include <lua.h>
#include <stdbool.h>

enum { IDLE_MOST_UNUSED_THREADS = 1024 };

typedef struct {
  lua_State *unused[IDLE_MOST_UNUSED_THREADS]; /* owned by the state; those that wait for a task */
  int unused_count;
  int count;    /* of all threads, also of those that have a task */
} idle_threads; /* zeroed: there are none */

/* Returns: a thread with an empty stack and the hook of L, as lua_newthread makes
 * one. It lives until it is given back. [-0, +0, m] */
lua_State *idle_threads_take(idle_threads *threads, lua_State *L);

/* The thread, which has returned or was reset, has no task any more.
 * is_as_new: nothing tells it from a new one, so that it can serve again. [-0, +0, -] */
void idle_threads_give_back(idle_threads *threads, lua_State *thread, bool is_as_new);

#endif
