/* idle.loop: time, tasks and random numbers. Documented in lua/idle/meta/loop.lua. */
#include "modules.h"
#include "task.h"
#include "virtual_world.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#define WAIT "idle.loop.wait"
#define CONDITION "idle.loop.condition"

typedef struct {
  idle_waiter waiter;
  idle_clock *clock;
  idle_timer *timer;
  bool is_late; /* the timer ended it */
} Wait;

static void on_timeout(void *context) {
  Wait *wait = context;
  wait->is_late = wait->waiter.queue != NULL; /* else it was woken just before */
  idle_task_resume(wait->waiter.task);        /* closes the wait: touch nothing after */
}

/* __close and __gc: the wait is over, or its task was cancelled. */
static int wait_close(lua_State *L) {
  Wait *wait = luaL_checkudata(L, 1, WAIT);
  idle_queue_leave(&wait->waiter);
  idle_timer_stop(wait->clock, &wait->timer);
  return 0;
}

/* Pushes a wait of the running task, over when its function returns. [-0, +1, e] */
static Wait *push_wait(lua_State *L) {
  Wait *wait = lua_newuserdatauv(L, sizeof *wait, 0);
  *wait = (Wait){.clock = idle_clock_of(L), .waiter.task = L};
  luaL_setmetatable(L, WAIT);
  lua_toclose(L, -1);
  return wait;
}

/* [-0, +0, e] */
static void start_timer(lua_State *L, Wait *wait, uint64_t delay_ms) {
  wait->timer = wait->clock->start(wait->clock, delay_ms, on_timeout, wait);
  if (wait->timer == NULL) luaL_error(L, "not enough memory");
}

/* A delay in whole milliseconds, rounded up; one too long for a timer never ends. [-0, +0, e] */
static uint64_t check_delay_ms(lua_State *L, int argument) {
  lua_Number delay_ms = ceil(luaL_checknumber(L, argument));
  luaL_argcheck(L, delay_ms >= 0, argument, "milliseconds must not be negative");
  return delay_ms < (lua_Number)IDLE_FOREVER_MS ? (uint64_t)delay_ms : IDLE_FOREVER_MS;
}

static int loop_sleep(lua_State *L) {
  uint64_t delay_ms = check_delay_ms(L, 1);
  idle_task_check(L, "sleep");
  start_timer(L, push_wait(L), delay_ms);
  return idle_task_wait(L, 0, NULL);
}

/* Pushes whether the wait at this index ended otherwise than by its timer. */
static int wait_over(lua_State *L, int status, lua_KContext index) {
  (void)status;
  const Wait *wait = lua_touserdata(L, (int)index);
  lua_pushboolean(L, !wait->is_late);
  return 1;
}

static int loop_condition(lua_State *L) {
  idle_queue *queue = lua_newuserdatauv(L, sizeof *queue, 0);
  TAILQ_INIT(queue);
  luaL_setmetatable(L, CONDITION);
  return 1;
}

static int condition_wait(lua_State *L) {
  idle_queue *queue = luaL_checkudata(L, 1, CONDITION);
  bool has_limit = !lua_isnoneornil(L, 2);
  uint64_t limit_ms = has_limit ? check_delay_ms(L, 2) : 0;
  idle_task_check(L, "condition:wait");
  Wait *wait = push_wait(L);
  if (has_limit) start_timer(L, wait, limit_ms);
  idle_queue_enter(queue, &wait->waiter, L);
  return idle_task_wait(L, lua_gettop(L), wait_over);
}

static int condition_notify(lua_State *L) {
  idle_queue_wake(luaL_checkudata(L, 1, CONDITION));
  return 0;
}

static idle_task *check_task(lua_State *L) { return luaL_checkudata(L, 1, IDLE_TASK); }

static int loop_spawn(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  idle_task_spawn(L, lua_gettop(L) - 1);
  return 1;
}

static int join_over(lua_State *L, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  return idle_task_deliver(L, 1);
}

/* Raises unless the running task may wait for the end of another one. [-0, +0, e] */
static void check_joinable(lua_State *L, const idle_task *task, const char *what) {
  luaL_argcheck(L, !idle_task_is_running(task, L), 1, "a task cannot join itself");
  if (!idle_task_is_near(task)) idle_virtual_world_refuse(L, "a task that was spawned outside");
  idle_task_check(L, what);
}

static int task_join(lua_State *L) {
  idle_task *task = check_task(L);
  if (idle_task_is_done(task)) return idle_task_deliver(L, 1);
  check_joinable(L, task, "task:join");
  idle_queue_enter(idle_task_joiners(task), &push_wait(L)->waiter, L);
  return idle_task_wait(L, 0, join_over);
}

static int task_wait(lua_State *L) {
  idle_task *task = check_task(L);
  uint64_t limit_ms = check_delay_ms(L, 2);
  if (idle_task_is_done(task)) {
    lua_pushboolean(L, 1);
    return 1;
  }
  check_joinable(L, task, "task:wait");
  Wait *wait = push_wait(L);
  start_timer(L, wait, limit_ms);
  idle_queue_enter(idle_task_joiners(task), &wait->waiter, L);
  return idle_task_wait(L, lua_gettop(L), wait_over);
}

static int task_cancel(lua_State *L) {
  idle_task_cancel(check_task(L));
  return 0;
}

static int task_is_done(lua_State *L) {
  lua_pushboolean(L, idle_task_is_done(check_task(L)));
  return 1;
}

static int loop_now_ms(lua_State *L) {
  idle_virtual_world_look(L);
  idle_clock *clock = idle_clock_of(L);
  lua_pushinteger(L, clock->now_ms(clock));
  return 1;
}

static int loop_monotonic(lua_State *L) {
  idle_virtual_world_look(L);
  idle_clock *clock = idle_clock_of(L);
  lua_pushnumber(L, (lua_Number)clock->monotonic_ns(clock) / 1e9);
  return 1;
}

/* [-0, +0, v] */
static void fill_random(lua_State *L, void *bytes, size_t size) {
  int status = idle_random_fill(idle_random_of(L), bytes, size);
  if (status != 0) luaL_error(L, "the system has no random bytes: %s", uv_strerror(status));
}

static int loop_random(lua_State *L) {
  uint64_t bits = 0;
  fill_random(L, &bits, sizeof bits);
  lua_pushnumber(L, ldexp((double)(bits >> 11), -53)); /* a double holds 53 bits exactly */
  return 1;
}

static int loop_random_bytes(lua_State *L) {
  lua_Integer size = luaL_checkinteger(L, 1);
  luaL_argcheck(L, size >= 0 && size <= 1 << 20, 1, "must be between 0 and 1048576");
  luaL_Buffer buffer;
  fill_random(L, luaL_buffinitsize(L, &buffer, (size_t)size), (size_t)size);
  luaL_pushresultsize(&buffer, (size_t)size);
  return 1;
}

static int loop_seed(lua_State *L) {
  bool is_seeded = !lua_isnoneornil(L, 1);
  *idle_random_of(L) = (idle_random){is_seeded, is_seeded ? (uint64_t)luaL_checkinteger(L, 1) : 0};
  return 0;
}

static const luaL_Reg functions[] = {{"now_ms", loop_now_ms},
                                     {"monotonic", loop_monotonic},
                                     {"sleep", loop_sleep},
                                     {"spawn", loop_spawn},
                                     {"condition", loop_condition},
                                     {"random", loop_random},
                                     {"random_bytes", loop_random_bytes},
                                     {"seed", loop_seed},
                                     {NULL, NULL}};
static const luaL_Reg task_methods[] = {
    {"join", task_join}, {"wait", task_wait}, {"cancel", task_cancel}, {"is_done", task_is_done}, {NULL, NULL}};
static const luaL_Reg condition_methods[] = {{"wait", condition_wait}, {"notify", condition_notify}, {NULL, NULL}};
static const luaL_Reg wait_meta[] = {{"__gc", wait_close}, {"__close", wait_close}, {NULL, NULL}};

/* [-0, +0, m] */
static void add_methods(lua_State *L, const char *type, const luaL_Reg *methods) {
  luaL_newmetatable(L, type);
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

int luaopen_idle_loop(lua_State *L) {
  add_methods(L, IDLE_TASK, task_methods);
  add_methods(L, CONDITION, condition_methods);
  luaL_newmetatable(L, WAIT);
  luaL_setfuncs(L, wait_meta, 0);
  luaL_newlib(L, functions);
  return 1;
}
