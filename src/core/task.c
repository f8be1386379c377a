#include "task.h"

#include "fail.h"
#include "scheduler.h"

#include <lauxlib.h>
#include <string.h>

static const uint64_t CLEANUP_MS = 2000;

static void on_cleanup_over(void *context) {
  idle_task *task = context;
  idle_timer_stop(task->world->clock, &task->cleanup_timer);
  idle_task_wake(task);
}

static void start_cleanup_timer(idle_task *task) {
  idle_clock *clock = task->world->clock;
  task->cleanup_timer = clock->start(clock, CLEANUP_MS, on_cleanup_over, task);
}

static void begin_cleanup(idle_task *task) {
  if (task->is_cleaning_up) return;
  task->is_cleaning_up = true;
  start_cleanup_timer(task);
}

void idle_task_move(idle_task *task, idle_world *world) {
  bool has_timer = task->cleanup_timer != NULL;
  idle_timer_stop(task->world->clock, &task->cleanup_timer);
  task->world = world;
  if (has_timer) start_cleanup_timer(task);
}

/* Without a timer nobody would end the wait, hence none is allowed. */
static bool may_clean_up(const idle_task *task) {
  return task->cleanup_timer != NULL && idle_stack_is_closing(task->thread, task->scheduler->protected_calls);
}

void idle_task_end(idle_task *task, idle_ending ending) {
  if (task->state == IDLE_TASK_DONE || task->ending.kind != NULL) return;
  task->ending = ending;
  if (task->state != IDLE_TASK_WAITING) return;
  begin_cleanup(task);
  if (!may_clean_up(task)) idle_task_wake(task);
}

void idle_task_cancel(idle_task *task) { idle_task_end(task, (idle_ending){"cancelled", "cancelled"}); }

int idle_task_raise_ending(lua_State *L) {
  idle_task *task = idle_scheduler_of(L)->current;
  begin_cleanup(task);
  return idle_raise(L, task->ending.kind, "%s", task->ending.text);
}

static int raise_text(lua_State *L) { return luaL_error(L, "%s", idle_task_of(L)->fault); }

void idle_task_fail_wait_by(idle_task *task, lua_CFunction raise) {
  task->raise_fault = raise;
  idle_task_wake(task);
}

void idle_task_fail_wait(idle_task *task, const char *text) {
  task->fault = text;
  idle_task_fail_wait_by(task, raise_text);
}

bool idle_task_is_stubborn(const idle_task *task) { return task->refused_waits > IDLE_MOST_REFUSED_WAITS; }

/* As luaL_error, with the position of the script's own code. [-0, +0, e] */
static void raise_here(lua_State *L, const char *format, const char *what, const char *where) {
  char place[IDLE_PLACE_SIZE];
  if (idle_stack_place(L, place)) {
    lua_pushfstring(L, "%s: ", place);
    lua_pushfstring(L, format, what, where);
    lua_concat(L, 2);
  } else {
    lua_pushfstring(L, format, what, where);
  }
  lua_error(L);
}

static void check_place(lua_State *L, const char *what) {
  const idle_scheduler *scheduler = idle_scheduler_of(L);
  if (idle_task_of(L) == NULL)
    raise_here(L, "'%s' cannot wait %s: only a task itself can; spawn one for it", what,
               L == scheduler->L ? "outside of a task" : "in a coroutine");
  if (!lua_isyieldable(L))
    raise_here(L, "'%s' cannot wait %s: Lua cannot suspend a task there; wait before or after", what,
               idle_stack_push_blocker(L, scheduler->protected_calls));
}

/* Raises the ending of a task that has to end and may not wait. */
static void check_ending(lua_State *L, idle_task *task) {
  if (task->ending.kind == NULL) return;
  begin_cleanup(task);
  if (may_clean_up(task)) return;
  task->refused_waits++;
  idle_raise(L, task->ending.kind, "%s during '%s'", task->ending.text, task->waits_in);
}

void idle_task_check(lua_State *L, const char *what) {
  check_place(L, what);
  idle_task *task = idle_task_of(L);
  strncpy(task->waits_in, what, sizeof task->waits_in - 1);
  if (idle_task_is_stubborn(task)) idle_task_preempt(L); /* never to run on */
  check_ending(L, task);
}

static int wait_over(lua_State *L, int status, lua_KContext ctx) {
  (void)ctx;
  idle_task *task = idle_task_of(L);
  lua_CFunction raise_fault = task->raise_fault;
  task->raise_fault = NULL;
  if (raise_fault != NULL) return raise_fault(L);
  check_ending(L, task);
  return task->after == NULL ? 0 : task->after(L, status, task->after_ctx);
}

int idle_task_wait(lua_State *L, lua_KContext ctx, lua_KFunction k) {
  idle_task *task = idle_task_of(L);
  task->after = k;
  task->after_ctx = ctx;
  task->state = IDLE_TASK_WAITING;
  return lua_yieldk(L, 0, 0, wait_over);
}

int idle_task_preempt(lua_State *L) {
  idle_task *task = idle_task_of(L);
  task->is_preempted = true;
  task->state = IDLE_TASK_WAITING;
  idle_task_wake(task);
  return lua_yield(L, 0);
}
