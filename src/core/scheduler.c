#include "scheduler.h"

#include "hook.h"

#include <lauxlib.h>
#include <string.h>

static idle_task *context_of(lua_State *L) { return *(idle_task **)lua_getextraspace(L); }

static void set_context(lua_State *L, idle_task *task) { *(idle_task **)lua_getextraspace(L) = task; }

idle_scheduler *idle_scheduler_of(lua_State *L) { return context_of(L)->scheduler; }

idle_task *idle_task_of(lua_State *L) {
  idle_task *task = context_of(L);
  return task->thread == L ? task : NULL;
}

uv_loop_t *idle_loop(lua_State *L) { return idle_scheduler_of(L)->loop; }

/* A task of the machine's world may run while a virtual one is open: at SIGINT. */
static idle_world *world_of(const idle_scheduler *scheduler) {
  return scheduler->current != NULL ? scheduler->current->world : scheduler->world;
}

idle_random *idle_random_of(lua_State *L) { return &world_of(idle_scheduler_of(L))->random; }

bool idle_task_is_near(const idle_task *task) { return task->world == world_of(task->scheduler); }

idle_clock *idle_clock_of(lua_State *L) { return world_of(idle_scheduler_of(L))->clock; }

void idle_world_init(idle_world *world, idle_clock *clock) {
  *world = (idle_world){.clock = clock};
  TAILQ_INIT(&world->ready);
}

void idle_task_wake(idle_task *task) {
  if (task->state != IDLE_TASK_WAITING) return;
  task->state = IDLE_TASK_READY;
  TAILQ_INSERT_TAIL(&task->world->ready, task, ready_place);
}

void idle_queue_enter(idle_queue *queue, idle_waiter *waiter, lua_State *task) {
  waiter->queue = queue;
  waiter->task = task;
  TAILQ_INSERT_TAIL(queue, waiter, place);
}

void idle_queue_leave(idle_waiter *waiter) {
  if (waiter->queue != NULL) TAILQ_REMOVE(waiter->queue, waiter, place);
  waiter->queue = NULL;
}

void idle_queue_wake(idle_queue *queue) {
  while (!TAILQ_EMPTY(queue)) {
    idle_waiter *waiter = TAILQ_FIRST(queue);
    idle_queue_leave(waiter);
    idle_task_wake(context_of(waiter->task));
  }
}

/* Lets go of the thread, and of the object unless its error waits for somebody. */
static void release(idle_task *task) {
  lua_State *L = task->scheduler->L;
  lua_rawgetp(L, LUA_REGISTRYINDEX, task);
  lua_pushnil(L);
  lua_setiuservalue(L, -2, IDLE_TASK_THREAD);
  lua_pop(L, 1);
  if (task->is_unhandled) return;
  lua_pushnil(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, task);
}

static void finish(idle_task *task) {
  idle_scheduler *scheduler = task->scheduler;
  idle_timer_stop(task->world->clock, &task->cleanup_timer);
  set_context(task->thread, &scheduler->outside);
  task->thread = NULL;
  task->state = IDLE_TASK_DONE;
  TAILQ_REMOVE(&scheduler->tasks, task, place);
  idle_queue_wake(&task->joiners);
  if (task->is_unhandled) TAILQ_INSERT_TAIL(&scheduler->failed, task, place);
  release(task);
}

void idle_task_abandon(idle_task *task) {
  if (task->state == IDLE_TASK_READY) TAILQ_REMOVE(&task->world->ready, task, ready_place);
  task->state = IDLE_TASK_RUNNING;
  lua_resetthread(task->thread);
  finish(task);
}

/* The error object on top of the thread is the outcome, whatever it kept before. [-1, +0, -] */
static void keep_last_error(idle_task *task) {
  lua_State *L = task->scheduler->L;
  lua_rawgetp(L, LUA_REGISTRYINDEX, task);
  lua_xmove(task->thread, L, 1);
  lua_setiuservalue(L, -2, IDLE_TASK_OUTCOME);
  lua_pop(L, 1);
}

/* The thread could not keep its outcome, or failed behind that: for want of memory, or in a hook. */
static void finish_without_outcome(idle_task *task, int status) {
  if (status == LUA_YIELD)
    task->fault = "attempt to yield from outside a coroutine";
  else
    keep_last_error(task);
  task->has_failed = true;
  task->is_unhandled = true;
  lua_resetthread(task->thread);
  finish(task);
}

/* Suspended in mid-computation, a task that has to end may never meet a wait. */
static void on_step(lua_State *L, lua_Debug *frame) {
  if (idle_hook_took_line(L, frame)) return;
  idle_hook_clear(L);
  idle_task_raise_ending(L);
}

static int resume(idle_task *task) {
  idle_scheduler *scheduler = task->scheduler;
  int arguments = task->arguments, results = 0;
  idle_task *outer = scheduler->current; /* not NULL while os.exit lets the others end */
  lua_State *outer_thread = scheduler->running;
  task->arguments = 0;
  task->world->looks = 0;
  task->state = IDLE_TASK_RUNNING;
  scheduler->current = task;
  scheduler->running = task->thread;
  int status = lua_resume(task->thread, scheduler->L, arguments, &results);
  scheduler->running = outer_thread;
  scheduler->current = outer;
  return status;
}

void idle_task_run(idle_task *task) {
  if (task->state != IDLE_TASK_READY) return;
  TAILQ_REMOVE(&task->world->ready, task, ready_place);
  if (idle_task_is_stubborn(task)) {
    idle_task_abandon(task);
    return;
  }
  if (task->is_preempted && task->ending.kind != NULL) idle_hook_set(task->thread, on_step, 1);
  task->is_preempted = false;
  int status = resume(task);
  if (status == LUA_OK)
    finish(task);
  else if (status != LUA_YIELD || task->state == IDLE_TASK_RUNNING) /* a yield that is no wait */
    finish_without_outcome(task, status);
}

/* Not at once: outside of libuv's callbacks a task may even end the program,
 * which takes some turns of the loop. */
void idle_task_resume(lua_State *thread) {
  idle_task *task = idle_task_of(thread);
  if (task != NULL) idle_task_wake(task);
}

void idle_scheduler_turn(idle_scheduler *scheduler) {
  idle_world *world = scheduler->world;
  const idle_task *last = TAILQ_LAST(&world->ready, idle_task_list);
  for (idle_task *task = NULL; task != last && !scheduler->is_halted && !TAILQ_EMPTY(&world->ready);) {
    task = TAILQ_FIRST(&world->ready);
    idle_task_run(task); /* it may be gone now, and is only compared */
    if (scheduler->world != world) return;
  }
}

void idle_scheduler_end(idle_scheduler *scheduler, idle_ending ending, const idle_task *except) {
  scheduler->ending = ending;
  idle_task *task;
  TAILQ_FOREACH(task, &scheduler->tasks, place) {
    if (task != except) idle_task_end(task, ending);
  }
}

uint64_t idle_scheduler_birth(idle_scheduler *scheduler) {
  const idle_task *maker = scheduler->current;
  if (maker == NULL || maker == scheduler->keeper || !scheduler->keeps_books) return ++scheduler->births;
  return maker->origin;
}

/* What a module of ours spawns belongs to the code that called it, maybe in another task. */
static void note_spawner(lua_State *L, idle_task *task) {
  const idle_task *spawner = task->scheduler->current;
  if (!idle_stack_place(L, task->spawned_at) && spawner != NULL)
    memcpy(task->spawned_at, spawner->spawned_at, sizeof task->spawned_at);
}

idle_task *idle_task_spawn(lua_State *L, int arguments) {
  idle_scheduler *scheduler = idle_scheduler_of(L);
  int object = lua_gettop(L) - arguments;
  idle_task *task = lua_newuserdatauv(L, sizeof *task, IDLE_TASK_VALUES);
  *task = (idle_task){
      .scheduler = scheduler, .world = world_of(scheduler), .ending = scheduler->ending, .arguments = arguments + 1};
  TAILQ_INIT(&task->joiners);
  task->origin = idle_scheduler_birth(scheduler);
  note_spawner(L, task);
  luaL_setmetatable(L, IDLE_TASK);
  lua_insert(L, object);
  lua_State *thread = lua_newthread(L);
  lua_setiuservalue(L, object, IDLE_TASK_THREAD);
  if (!lua_checkstack(thread, arguments + 2)) luaL_error(L, "too many arguments");
  lua_pushcfunction(thread, idle_task_body);
  lua_xmove(L, thread, arguments + 1);
  lua_pushvalue(L, object);
  lua_rawsetp(L, LUA_REGISTRYINDEX, task);
  /* Nothing raises from here on. */
  task->thread = thread;
  set_context(thread, task);
  TAILQ_INSERT_TAIL(&scheduler->tasks, task, place);
  task->state = IDLE_TASK_WAITING;
  idle_task_wake(task);
  return task;
}

bool idle_task_is_done(const idle_task *task) { return task->state == IDLE_TASK_DONE; }

bool idle_task_is_running(const idle_task *task, lua_State *thread) { return task->thread == thread; }

idle_queue *idle_task_joiners(idle_task *task) { return &task->joiners; }

/* [-0, +0, e] */
static lua_CFunction global_function(lua_State *L, const char *name) {
  lua_getglobal(L, name);
  lua_CFunction function = lua_tocfunction(L, -1);
  lua_pop(L, 1);
  return function;
}

void idle_scheduler_open(idle_scheduler *scheduler, lua_State *L, uv_loop_t *loop, idle_clock *clock) {
  *scheduler = (idle_scheduler){.L = L, .loop = loop, .world = &scheduler->machine, .outside.scheduler = scheduler};
  idle_world_init(&scheduler->machine, clock);
  TAILQ_INIT(&scheduler->tasks);
  TAILQ_INIT(&scheduler->failed);
  scheduler->protected_calls[0] = (idle_protected_call){idle_task_body, 2};
  scheduler->protected_calls[1] = (idle_protected_call){global_function(L, "pcall"), 2};
  scheduler->protected_calls[2] = (idle_protected_call){global_function(L, "xpcall"), 4};
  set_context(L, &scheduler->outside);
  luaL_newmetatable(L, IDLE_TASK);
  lua_pop(L, 1);
}
