#include "virtual_world.h"

#include "fail.h"
#include "virtual_clock.h"

#include <lauxlib.h>
#include <stdio.h>

/* More of them would not make an error clearer. */
enum { MOST_TASKS_NAMED = 10 };

/* A poll without a pause lets no time pass, and would go on for ever. Ten thousand
 * tasks that hand work to each other need less. */
enum { MOST_STILL_TURNS = 250000 };

/* So does a loop that looks at the clock and never waits, be it itself or by asking
 * a fake or the simulator, which answer at once. Ten thousand joiners one after the
 * other need less. Some looks more are for cleaning up. What tries again and again to
 * wait for the machine ends sooner. */
enum { MOST_LOOKS = 1000000, LOOKS_TO_CLEAN_UP = 100, LOOKS_OF_A_REFUSAL = 1000 };

bool idle_virtual_world_open(idle_world *world, idle_task *caller, int64_t now_ms, uint64_t limit_ms) {
  idle_clock *clock = idle_virtual_clock_open(now_ms, limit_ms);
  if (clock == NULL) return false;
  idle_world_init(world, clock);
  world->caller = caller;
  idle_task_move(caller, world);
  caller->scheduler->world = world;
  return true;
}

static bool is_stubborn(const idle_world *world) { return world->failed_waits > IDLE_MOST_REFUSED_WAITS; }

static void abandon_others(const idle_world *world) {
  idle_task *task = TAILQ_FIRST(&world->caller->scheduler->tasks);
  while (task != NULL) {
    idle_task *next = TAILQ_NEXT(task, place);
    bool is_left = task->world == world && task != world->caller;
    if (is_left) idle_task_abandon(task); /* its handlers may spawn others, and end any */
    task = is_left ? TAILQ_FIRST(&world->caller->scheduler->tasks) : next;
  }
}

void idle_virtual_world_close(idle_world *world) {
  idle_scheduler *scheduler = world->caller->scheduler;
  abandon_others(world);
  idle_task *task;
  TAILQ_FOREACH(task, &scheduler->failed, place) {
    if (task->world == world) task->world = &scheduler->machine;
  }
  idle_task_move(world->caller, &scheduler->machine);
  scheduler->world = &scheduler->machine;
  world->caller = NULL;
  world->clock->close(world->clock);
  world->clock = NULL;
}

bool idle_virtual_world_is_running(lua_State *L) {
  const idle_task *task = idle_scheduler_of(L)->current;
  return task != NULL && task->world->caller != NULL;
}

idle_task *idle_virtual_world_failed(const idle_world *world) {
  idle_task *task;
  TAILQ_FOREACH(task, &world->caller->scheduler->failed, place) {
    if (task->world == world) return task;
  }
  return NULL;
}

/* Adds what a task waits in, and where. [-0, +0, m] */
static void add_wait(luaL_Buffer *text, const idle_task *task, bool is_first) {
  char place[IDLE_PLACE_SIZE];
  bool is_caller = task == task->world->caller;
  const char *at = is_caller ? task->world->failed_at : place;
  if (!is_caller) (void)idle_stack_place(task->thread, place);
  luaL_addstring(text, is_first ? ": " : "; ");
  if (is_caller) {
    luaL_addstring(text, "virtual_time itself");
  } else {
    luaL_addstring(text, "the task spawned at ");
    luaL_addstring(text, task->spawned_at);
  }
  luaL_addstring(text, " waits in '");
  luaL_addstring(text, task->waits_in);
  luaL_addchar(text, '\'');
  if (at[0] == '\0') return;
  luaL_addstring(text, " at ");
  luaL_addstring(text, at);
}

/* Pushes what all tasks of the world wait in. [-0, +1, m] */
static const char *push_waits(lua_State *L, const idle_world *world) {
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  int count = 0;
  idle_task *task;
  TAILQ_FOREACH(task, &world->caller->scheduler->tasks, place) {
    if (task->world != world || ++count > MOST_TASKS_NAMED) continue;
    add_wait(&text, task, count == 1);
  }
  luaL_pushresult(&text);
  if (count > MOST_TASKS_NAMED) {
    lua_pushfstring(L, "; and %d more", count - MOST_TASKS_NAMED);
    lua_concat(L, 2);
  }
  return lua_tostring(L, -1);
}

static int raise_stuck(lua_State *L) {
  const idle_world *world = idle_scheduler_of(L)->world;
  return idle_raise(L, "test.stuck", "in virtual time no task can go on, and no timer is left that would wake one%s",
                    push_waits(L, world));
}

static int raise_still(lua_State *L) {
  const idle_world *world = idle_scheduler_of(L)->world;
  return idle_raise(L, "test.stuck",
                    "virtual time stands still: a quarter of a million turns have passed in one moment%s",
                    push_waits(L, world));
}

static int raise_limit(lua_State *L) {
  const idle_world *world = idle_scheduler_of(L)->world;
  char seconds[32];
  (void)snprintf(seconds, sizeof seconds, "%.15g", (double)idle_virtual_clock_limit(world->clock) / 1000);
  return idle_raise(L, "test.limit", "virtual time has gone on for its limit of %s s, and nothing ends%s", seconds,
                    push_waits(L, world));
}

/* At every instruction, so that no loop of the script can catch it. Coroutines of
 * the script take this hook over, and may outlive the world. */
static void on_step(lua_State *L, lua_Debug *frame) {
  if (idle_hook_took_line(L, frame)) return;
  const idle_world *world = idle_scheduler_of(L)->world;
  if (!is_stubborn(world)) {
    idle_hook_clear(L);
    return;
  }
  lua_getinfo(L, "S", frame);
  if (!idle_stack_is_ours(frame)) (void)world->raise_end(L);
}

static int raise_looks(lua_State *L) {
  char place[IDLE_PLACE_SIZE];
  bool has_place = idle_stack_place(L, place);
  return idle_raise(L, "test.stuck",
                    "virtual time stands still while the script goes on and on without a wait%s%s; a loop that waits "
                    "for something must sleep",
                    has_place ? ", at " : "", place);
}

/* [-0, +0, e] */
static void count_looks(lua_State *L, int count) {
  const idle_task *task = idle_scheduler_of(L)->current;
  idle_world *world = task->world;
  world->looks += count;
  if (world->looks < MOST_LOOKS) return;
  world->looks -= LOOKS_TO_CLEAN_UP;
  world->failed_waits++;
  world->raise_end = raise_looks;
  if (is_stubborn(world)) { /* L may be a coroutine of the task, one of many */
    idle_hook_set(L, on_step, 1);
    idle_hook_set(task->thread, on_step, 1);
  }
  raise_looks(L);
}

void idle_virtual_world_look(lua_State *L) {
  if (idle_virtual_world_is_running(L)) count_looks(L, 1);
}

static void fail_wait(idle_world *world, lua_CFunction raise) {
  world->failed_waits++;
  (void)idle_stack_place(world->caller->thread, world->failed_at);
  world->raise_end = raise;
  if (is_stubborn(world)) idle_hook_set(world->caller->thread, on_step, 1);
  idle_task_fail_wait_by(world->caller, raise);
}

static void jump(idle_world *world) {
  switch (idle_virtual_clock_jump(world->clock)) {
  case IDLE_JUMP_DONE:
    return;
  case IDLE_JUMP_NO_TIMER:
    fail_wait(world, raise_stuck);
    return;
  case IDLE_JUMP_TOO_FAR:
    fail_wait(world, raise_limit);
    return;
  }
}

void idle_virtual_world_turn(idle_world *world) {
  if (TAILQ_EMPTY(&world->ready)) jump(world);
  uint64_t now_ns = world->clock->monotonic_ns(world->clock);
  world->still_turns = now_ns == world->turned_ns ? world->still_turns + 1 : 0;
  world->turned_ns = now_ns;
  if (world->still_turns < MOST_STILL_TURNS) return;
  world->still_turns -= IDLE_MOST_REFUSED_WAITS; /* some for cleaning up, or for a loop that catches the error */
  fail_wait(world, raise_still);
}

void idle_virtual_world_refuse(lua_State *L, const char *what) {
  if (!idle_virtual_world_is_running(L)) return;
  count_looks(L, LOOKS_OF_A_REFUSAL);
  char place[IDLE_PLACE_SIZE];
  bool has_place = idle_stack_place(L, place);
  idle_raise(L, "test.real_wait", "%s: virtual time cannot wait for %s; use a fake or the simulator, or do it outside",
             has_place ? place : idle_scheduler_of(L)->current->spawned_at, what);
}
