/* What the command line knows about the runtime, beyond idle/idle.h. */
#ifndef IDLE_RUNTIME_H
#define IDLE_RUNTIME_H

#include <idle/idle.h>
#include <lua.h>
#include <stdbool.h>

/* As idle_open(). ignore_environment: LUA_PATH and its kin do not count. */
idle_runtime *idle_runtime_open(bool ignore_environment);

/* The main thread of the Lua state. It runs no Lua code itself. */
lua_State *idle_runtime_lua(idle_runtime *rt);

/* Calls the function below its `arguments` on the main thread's stack as the
 * main task, which may wait, and returns when it is done; other tasks go on
 * meanwhile, and afterwards only in the calls below.
 * Returns: LUA_OK, and pushes all results; or LUA_ERRRUN, and pushes the error
 *          object and its text with a traceback. [-(arguments+1), +n, e] */
int idle_runtime_call(idle_runtime *rt, int arguments);

/* Whether the last idle_runtime_call() failed because of a SIGINT that nobody caught. */
bool idle_runtime_was_interrupted(const idle_runtime *rt);

/* Lets the tasks run until `is_over(context)`. */
void idle_runtime_run_until(idle_runtime *rt, bool (*is_over)(void *context), void *context);

/* Waits until all tasks are done. cancel: tells them to end first. */
void idle_runtime_finish(idle_runtime *rt, bool cancel);

/* Pushes error object and text of a task that failed, and that nobody joined.
 * Returns: whether there was one left. [-0, +(0|2), m] */
bool idle_runtime_take_failure(idle_runtime *rt);

/* The exit status that stands for what ended the run from outside: a timeout,
 * SIGTERM, or a SIGINT that reached no chunk; 0: nothing did.
 * reason: out, for people; lives as long as the runtime. */
int idle_runtime_ended_by(const idle_runtime *rt, const char **reason);

/* What to do when the script calls os.exit, once its tasks have ended and before
 * its state is closed. It may run tasks of its own, and must not raise.
 * context: handed to it; must live as long as the runtime. */
void idle_runtime_on_leave(idle_runtime *rt, void (*on_leave)(void *context), void *context);

/* Closes the runtime (NULL: there is none) and leaves the process, as at the end
 * of main() but without waiting for a thread that hangs in a system call. */
_Noreturn void idle_runtime_exit(idle_runtime *rt, int status);

#endif
