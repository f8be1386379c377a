/* A task is a coroutine that the loop may suspend. Between two waits of a task
 * nothing else runs. Only the thread that runs the loop may call. */
#ifndef IDLE_TASK_H
#define IDLE_TASK_H

#include "clock.h"
#include "random.h"

#include <lua.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <uv.h>

/* Metatable of the task objects that idle_task_spawn() pushes. */
#define IDLE_TASK "idle.task"

typedef struct idle_task idle_task; /* lives in its userdata */

/* The loop and the clock of this state; both outlive it. [-0, +0, -] */
uv_loop_t *idle_loop(lua_State *L);
idle_clock *idle_clock_of(lua_State *L);

/* Where the running task gets its random numbers from. [-0, +0, -] */
idle_random *idle_random_of(lua_State *L);

/* Raises unless L is the running task and may be suspended here, and raises
 * the ending of a task that was cancelled.
 * what: who waits, for messages, as "sleep"; copied. [-0, +0, e] */
void idle_task_check(lua_State *L, const char *what);

/* Suspends the running task: `return idle_task_wait(L, ctx, k);`. Once it is
 * resumed, `k(L, LUA_YIELD, ctx)` goes on (NULL: returns no results), or the
 * wait raises, if the task was cancelled meanwhile. What would resume the task
 * must be undone by a to-be-closed value on its stack. Call idle_task_check()
 * first. [-0, +?, e] */
int idle_task_wait(lua_State *L, lua_KContext ctx, lua_KFunction k);

/* Ends the wait of `task`, from a callback of the loop; the task runs on when
 * the callbacks that are due are over. Ending a wait twice does nothing; behind
 * the first time touch nothing that the wait's end frees. [-0, +0, -] */
void idle_task_resume(lua_State *task);

typedef struct idle_waiter {
  TAILQ_ENTRY(idle_waiter) place;
  struct idle_queue *queue; /* NULL: in none */
  lua_State *task;
} idle_waiter;

typedef TAILQ_HEAD(idle_queue, idle_waiter) idle_queue;

/* The waiter and the queue belong to the caller and stay where they are until
 * the waiter has left: woken, or by idle_queue_leave(), which may come late. */
void idle_queue_enter(idle_queue *queue, idle_waiter *waiter, lua_State *task);
void idle_queue_leave(idle_waiter *waiter);

/* Wakes all waiters present; they run at the loop's next turn. */
void idle_queue_wake(idle_queue *queue);

/* Makes a task of the function and its arguments on top of the stack, and
 * pushes its object. It starts at the loop's next turn.
 * Returns: the task, valid as long as the object. [-(arguments+1), +1, e] */
idle_task *idle_task_spawn(lua_State *L, int arguments);

/* Every wait of the task raises `cancelled` from now on; those of its __close
 * handlers only after two seconds. */
void idle_task_cancel(idle_task *task);

bool idle_task_is_done(const idle_task *task);

/* Whether `thread` is the running task itself. */
bool idle_task_is_running(const idle_task *task, lua_State *thread);

/* Whether the task shares its clock with the running one; a task that does not
 * stands still as long as the other runs. */
bool idle_task_is_near(const idle_task *task);

/* Woken when the task is done. */
idle_queue *idle_task_joiners(idle_task *task);

/* Pushes the results of a done task, whose object is at `index`, or raises its
 * error; from now on the error counts as handled. [-0, +n, e]
 * Returns: the number of results. */
int idle_task_deliver(lua_State *L, int index);

#endif
