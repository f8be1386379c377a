#include "interrupt.h"

#include "hook.h"
#include "state.h"

#include <errno.h>
#include <lauxlib.h>
#include <signal.h>

/* The watchdog of a timeout speaks by a signal, too: so all comes in on the main
 * thread, between two instructions of Lua or in a system call. */
#define TIMEOUT_SIGNAL SIGALRM

/* Instructions of Lua: some milliseconds, and no time at all. */
enum { PATIENCE = 1000000, LONGEST_STEP = 100 };

/* What a signal handler needs is static, for it has no argument. */
static idle_runtime *armed; /* NULL: none */
static uv_async_t wake_up;  /* gets the loop out of its wait */
static volatile sig_atomic_t has_int, has_term, has_timeout;
static const char *timeout_text; /* what the error says; owned by watchdog.c */

static bool is_pending(void) { return has_int || has_term || has_timeout; }

/* Tells every task to end, if SIGTERM or the timeout says so. */
static bool end_tasks(idle_runtime *rt) {
  if (!has_term && !has_timeout) return false;
  idle_ending ending = {"cancelled", "cancelled by SIGTERM"};
  if (has_timeout) ending = (idle_ending){"timeout", timeout_text};
  rt->ended_by = has_timeout ? 124 : 128 + SIGTERM;
  has_term = has_timeout = 0;
  idle_scheduler_end(&rt->scheduler, ending, NULL);
  return true;
}

static void stop(lua_State *L, lua_Debug *frame);

/* Another task than the main task computes. The main task has to get the error,
 * so let it run first; a task that cannot be suspended here may soon be elsewhere. */
static void make_way(lua_State *L, int step) {
  if (idle_task_of(L) != NULL && lua_isyieldable(L)) {
    if (armed->main != NULL) idle_interrupt_pass_on(armed->main->thread); /* it may compute, too */
    idle_task_preempt(L);
  } else {
    if (step == PATIENCE) luaL_error(L, "interrupted!");
    idle_hook_set(L, stop, PATIENCE);
  }
}

/* Whether a module of ours computes. It is left to reach a wait, or the script's
 * code, lest its books are torn, or a pcall of its own swallows the error. */
static bool is_inside_idle(lua_State *L) {
  lua_Debug frame;
  for (int level = 0; lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "S", &frame);
    if (frame.what[0] != 'C') return idle_stack_is_ours(&frame);
  }
  return false;
}

static void stop(lua_State *L, lua_Debug *frame) {
  int step = lua_gethookcount(L);
  /* While lines are told, Lua counts down at every instruction, and may overwrite
   * the 1 that the signal handler has set: then a line is as good. */
  if (idle_hook_took_line(L, frame) && step > 1) return;
  idle_hook_clear(L);
  idle_runtime *rt = armed;
  if (rt == NULL || !is_pending()) return; /* it was delivered meanwhile */
  if (is_inside_idle(L)) {
    /* Never the same step twice: it might always meet a loop at the same place. */
    idle_hook_set(L, stop, step % LONGEST_STEP + 1);
  } else if (end_tasks(rt)) {
    idle_task_raise_ending(L);
  } else if (rt->scheduler.current == rt->main) {
    has_int = 0;
    rt->is_interrupted = true;
    luaL_error(L, "interrupted!");
  } else {
    make_way(L, step);
  }
}

/* Unlike lua not at a call: the error would come instead of the `__close` of a wait. */
void idle_interrupt_pass_on(lua_State *L) {
  if (L != NULL && is_pending()) idle_hook_set(L, stop, 1);
}

static bool has_begun(const idle_task *task) { return task->arguments == 0; }

bool idle_interrupt_deliver(idle_runtime *rt) {
  if (rt != armed || !is_pending()) return false;
  if (end_tasks(rt)) return true;
  if (rt->main != NULL && !has_begun(rt->main)) { /* there is no wait yet that could fail */
    idle_interrupt_pass_on(rt->main->thread);
    idle_task_run(rt->main);
    return true;
  }
  has_int = 0;
  if (rt->main == NULL || rt->is_leaving) { /* nobody is left to ask */
    rt->ended_by = 128 + SIGINT;
    idle_scheduler_end(&rt->scheduler, (idle_ending){"cancelled", "cancelled by SIGINT"}, NULL);
    return true;
  }
  rt->is_interrupted = true;
  idle_task_fail_wait(rt->main, "interrupted!");
  idle_task_run(rt->main); /* before a task that made way for it */
  return true;
}

static void set_handler(int number, void (*handler)(int)) {
  /* No SA_RESTART: io.read has to notice, too. */
  struct sigaction action = {.sa_handler = handler};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

static void set_handlers(void (*handler)(int)) {
  set_handler(SIGINT, handler);
  set_handler(SIGTERM, handler);
}

static void on_signal(int number) {
  int error = errno;
  if (number == TIMEOUT_SIGNAL) {
    has_timeout = 1;
  } else {
    set_handlers(SIG_DFL); /* a second one ends the process */
    if (number == SIGINT)
      has_int = 1;
    else
      has_term = 1;
  }
  lua_State *running = armed->scheduler.running;
  if (running == NULL && armed->main != NULL) running = armed->main->thread; /* it may be about to run */
  idle_interrupt_pass_on(running);
  uv_async_send(&wake_up);
  errno = error;
}

static void on_wake_up(uv_async_t *async) { (void)async; }

int idle_interrupt_arm(idle_runtime *rt) {
  int error = armed != NULL ? UV_EBUSY : uv_async_init(&rt->loop, &wake_up, on_wake_up);
  if (error != 0) return error;
  uv_unref((uv_handle_t *)&wake_up); /* nothing that a wait could hope for */
  armed = rt;
  return 0;
}

void idle_interrupt_listen(const idle_runtime *rt) {
  if (armed == rt && rt->ended_by == 0) set_handlers(on_signal);
}

void idle_interrupt_pause(const idle_runtime *rt) {
  if (armed == rt) set_handlers(SIG_DFL);
}

void idle_interrupt_disarm(idle_runtime *rt) {
  if (armed != rt) return;
  set_handlers(SIG_DFL);
  set_handler(TIMEOUT_SIGNAL, SIG_IGN); /* the watchdog goes on, and ends a process that hangs in its cleanup */
  uv_close((uv_handle_t *)&wake_up, NULL);
  armed = NULL;
}

int idle_interrupt_timeout_signal(const char *text) {
  timeout_text = text;
  set_handler(TIMEOUT_SIGNAL, on_signal);
  return TIMEOUT_SIGNAL;
}

bool idle_interrupt_timeout_is_ignored(void) { return has_timeout; }
