#include "runtime.h"

#include "adapt.h"
#include "interrupt.h"
#include "preload.h"
#include "state.h"
#include "virtual_world.h"

#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* [-1, +0, e] as a protected call: (ignore_environment, runtime). */
static int open_libraries(lua_State *L) {
  idle_runtime *rt = lua_touserdata(L, 2);
  if (lua_toboolean(L, 1)) {
    lua_pushboolean(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  }
  luaL_openlibs(L);
  idle_scheduler_open(&rt->scheduler, rt->L, &rt->loop, rt->clock);
  idle_adapt_coroutine(L);
  idle_adapt_exit(L);
  idle_preload(L);
  lua_gc(L, LUA_GCGEN, 0, 0); /* as lua */
  return 0;
}

static bool open_state(idle_runtime *rt, bool ignore_environment) {
  rt->pool = idle_pool_new();
  rt->L = idle_newstate(rt->pool, &rt->warnings);
  if (rt->L == NULL) return false;
  lua_pushcfunction(rt->L, open_libraries);
  lua_pushboolean(rt->L, ignore_environment);
  lua_pushlightuserdata(rt->L, rt);
  return lua_pcall(rt->L, 2, 0, 0) == LUA_OK;
}

/* A timer that is due when the loop begins its turn runs before the loop waits
 * for an event, so the loop has to be told that somebody is ready by now. */
static void on_before_poll(uv_prepare_t *before_poll) {
  idle_runtime *rt = before_poll->data;
  if (!TAILQ_EMPTY(&rt->scheduler.machine.ready)) uv_stop(&rt->loop);
}

/* libuv aborts the process if it can't open the first files of its loop. */
static bool has_room_for_loop(void) {
  enum { LOOP_FILES = 6 };
  int files[LOOP_FILES], count = 0;
  while (count < LOOP_FILES && (files[count] = eventfd(0, EFD_CLOEXEC)) >= 0) count++;
  int error = errno;
  for (int i = 0; i < count; i++) close(files[i]);
  errno = error;
  return count == LOOP_FILES;
}

static bool open_loop(uv_loop_t *loop) {
  if (!has_room_for_loop()) return false;
  int status = uv_loop_init(loop);
  errno = -status;
  return status == 0;
}

idle_runtime *idle_runtime_open(bool ignore_environment) {
  errno = ENOMEM;
  idle_runtime *rt = calloc(1, sizeof *rt);
  if (rt == NULL) return NULL;
  if (!open_loop(&rt->loop)) {
    free(rt);
    return NULL;
  }
  uv_timer_init(&rt->loop, &rt->limit);
  uv_unref((uv_handle_t *)&rt->limit); /* nothing that a wait could hope for */
  rt->limit.data = rt;
  uv_prepare_init(&rt->loop, &rt->before_poll);
  uv_prepare_start(&rt->before_poll, on_before_poll);
  uv_unref((uv_handle_t *)&rt->before_poll);
  rt->before_poll.data = rt;
  TAILQ_INIT(&rt->scheduler.tasks); /* for idle_close(), if the state does not open */
  rt->clock = idle_clock_open(&rt->loop);
  if (rt->clock != NULL && open_state(rt, ignore_environment)) return rt;
  idle_close(rt);
  errno = ENOMEM;
  return NULL;
}

idle_runtime *idle_open(void) { return idle_runtime_open(false); }

static void abandon_tasks(idle_scheduler *scheduler) {
  while (!TAILQ_EMPTY(&scheduler->tasks)) idle_task_abandon(TAILQ_FIRST(&scheduler->tasks));
}

/* Lets the handles that were closed go; what hangs in the thread pool stays. */
static void drain_loop(uv_loop_t *loop) {
  for (int turns = 0; turns < 100 && uv_run(loop, UV_RUN_NOWAIT) != 0; turns++) continue;
}

void idle_runtime_close_state(idle_runtime *rt) {
  rt->is_leaving = true;
  abandon_tasks(&rt->scheduler);
  lua_close(rt->L); /* a finalizer may call os.exit, which comes here again */
  rt->L = NULL;
  idle_interrupt_disarm(rt);
  drain_loop(&rt->loop);
}

void idle_close(idle_runtime *rt) {
  if (rt == NULL) return;
  if (rt->L != NULL) idle_runtime_close_state(rt);
  uv_close((uv_handle_t *)&rt->limit, NULL);
  uv_close((uv_handle_t *)&rt->before_poll, NULL);
  drain_loop(&rt->loop);
  if (rt->clock != NULL) rt->clock->close(rt->clock);
  idle_pool_free(rt->pool);
  free(rt->error);
  if (uv_loop_close(&rt->loop) == 0) free(rt); /* else a thread still uses the loop */
}

enum { VIRTUAL_TURNS_PER_LOOP = 100 };

lua_State *idle_runtime_lua(idle_runtime *rt) { return rt->L; }

idle_runtime *idle_runtime_of(lua_State *L) {
  return (idle_runtime *)((char *)idle_scheduler_of(L) - offsetof(idle_runtime, scheduler));
}

/* The loop is of no use to a virtual world, but lets go of handles meanwhile. */
static void virtual_turn(idle_runtime *rt) {
  idle_world *world = rt->scheduler.world;
  if (++rt->virtual_turns % VIRTUAL_TURNS_PER_LOOP == 0) uv_run(&rt->loop, UV_RUN_NOWAIT);
  idle_virtual_world_turn(world);
}

bool idle_runtime_turn(idle_runtime *rt) {
  idle_scheduler *scheduler = &rt->scheduler;
  if (idle_interrupt_deliver(rt)) return true;
  if (scheduler->world->caller != NULL) {
    virtual_turn(rt);
  } else {
    idle_task_list *ready = &scheduler->machine.ready;
    uv_run(&rt->loop, TAILQ_EMPTY(ready) ? UV_RUN_ONCE : UV_RUN_NOWAIT);
    if (TAILQ_EMPTY(ready)) return uv_loop_alive(&rt->loop) != 0;
  }
  idle_scheduler_turn(scheduler);
  if (scheduler->is_halted) idle_runtime_leave(rt);
  return true;
}

/* Without it a script whose tasks wait for each other would hang, or end as if
 * all were well. The oldest task is the main task, as long as that lives. */
static void break_deadlock(idle_scheduler *scheduler) {
  idle_task *oldest = TAILQ_FIRST(&scheduler->tasks);
  if (oldest != NULL)
    idle_task_fail_wait(oldest, "deadlock: no task, timer or connection is left that could end this wait");
}

static void run_until_done(idle_runtime *rt, const idle_task *task) {
  idle_interrupt_listen(rt);
  while (!idle_task_is_done(task))
    if (!idle_runtime_turn(rt)) break_deadlock(&rt->scheduler);
  idle_interrupt_pause(rt);
}

void idle_runtime_run_until(idle_runtime *rt, bool (*is_over)(void *context), void *context) {
  idle_interrupt_listen(rt);
  while (!is_over(context)) idle_runtime_turn(rt);
  idle_interrupt_pause(rt);
}

/* Whether the error object is that of a SIGINT, with the position in front. [-0, +0, -] */
static bool is_interruption(lua_State *L, int index) {
  static const char text[] = "interrupted!";
  size_t length;
  if (lua_type(L, index) != LUA_TSTRING) return false;
  const char *message = lua_tolstring(L, index, &length);
  return length >= strlen(text) && strcmp(message + length - strlen(text), text) == 0;
}

int idle_runtime_call(idle_runtime *rt, int arguments) {
  lua_State *L = rt->L;
  rt->is_interrupted = false;
  rt->main = idle_task_spawn(L, arguments);
  int object = lua_gettop(L);
  run_until_done(rt, rt->main);
  int status = rt->main->has_failed ? LUA_ERRRUN : LUA_OK;
  rt->main = NULL;
  if (status == LUA_OK)
    idle_task_push_results(L, object);
  else
    idle_task_take_error(L, object);
  lua_remove(L, object);
  rt->is_interrupted = rt->is_interrupted && status != LUA_OK && is_interruption(L, -2);
  return status;
}

bool idle_runtime_was_interrupted(const idle_runtime *rt) { return rt->is_interrupted; }

void idle_runtime_finish(idle_runtime *rt, bool cancel) {
  idle_scheduler *scheduler = &rt->scheduler;
  if (cancel) idle_scheduler_end(scheduler, (idle_ending){"cancelled", "cancelled at the end of the program"}, NULL);
  idle_interrupt_listen(rt);
  while (!TAILQ_EMPTY(&scheduler->tasks))
    if (!idle_runtime_turn(rt)) break_deadlock(scheduler);
  idle_interrupt_deliver(rt); /* it may have come with the end of the last task */
  idle_interrupt_pause(rt);
  if (rt->ended_by == 0) scheduler->ending = (idle_ending){NULL, NULL}; /* the program itself goes on */
}

bool idle_runtime_take_failure(idle_runtime *rt) {
  const idle_task *task = TAILQ_FIRST(&rt->scheduler.failed);
  if (task == NULL) return false;
  lua_rawgetp(rt->L, LUA_REGISTRYINDEX, task);
  idle_task_take_error(rt->L, -1);
  lua_remove(rt->L, -3);
  return true;
}

int idle_runtime_ended_by(const idle_runtime *rt, const char **reason) {
  *reason = rt->scheduler.ending.text;
  return rt->ended_by;
}

/* Keeps the text on top as the reason of a failure. [-1, +0, -] */
static void keep_error(idle_runtime *rt) {
  const char *text = lua_tostring(rt->L, -1);
  free(rt->error);
  rt->error = strdup(text != NULL ? text : "");
  lua_pop(rt->L, 1);
}

typedef struct {
  idle_runtime *rt;
  const char *path;
  idle_status status;
} Run;

/* As a protected call: (run). Leaves the reason of a failure on top. */
static int run_script(lua_State *L) {
  Run *run = lua_touserdata(L, 1);
  int status = luaL_loadfile(L, run->path);
  if (status != LUA_OK) {
    run->status = status == LUA_ERRFILE ? IDLE_NO_SCRIPT : IDLE_SYNTAX;
    return 1;
  }
  run->status = IDLE_FAILED;
  int outcome = idle_runtime_call(run->rt, 0);
  idle_runtime_finish(run->rt, outcome != LUA_OK);
  if (outcome == LUA_OK && !idle_runtime_take_failure(run->rt)) run->status = IDLE_OK;
  while (outcome != LUA_OK && idle_runtime_take_failure(run->rt)) lua_pop(L, 2); /* the first error counts */
  return run->status == IDLE_OK ? 0 : 1;
}

static void on_time_over(uv_timer_t *limit) {
  idle_runtime *rt = limit->data;
  rt->ended_by = 124;
  idle_scheduler_end(&rt->scheduler, (idle_ending){"timeout", "the time of the run is over"}, NULL);
}

idle_status idle_run(idle_runtime *rt, const char *path, uint64_t timeout_ms) {
  lua_State *L = rt->L;
  Run run = {rt, path, IDLE_FAILED};
  rt->ended_by = 0;
  rt->scheduler.ending = (idle_ending){NULL, NULL};
  uv_update_time(&rt->loop);
  if (timeout_ms > 0) uv_timer_start(&rt->limit, on_time_over, timeout_ms, 0);
  lua_settop(L, 0);
  lua_pushcfunction(L, run_script);
  lua_pushlightuserdata(L, &run);
  if (lua_pcall(L, 1, 1, 0) != LUA_OK) run.status = IDLE_FAILED;
  uv_timer_stop(&rt->limit);
  keep_error(rt);
  return rt->ended_by != 0 ? IDLE_TIMEOUT : run.status;
}

const char *idle_error(const idle_runtime *rt) { return rt->error != NULL ? rt->error : ""; }
