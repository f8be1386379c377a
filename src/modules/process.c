/* idle.process: local programs behind pipes, without blocking the other tasks.
 * Documented in lua/idle/meta/process.lua. */
#include "census.h"
#include "fail.h"
#include "modules.h"
#include "process_child.h"
#include "process_options.h"
#include "task.h"
#include "virtual_world.h"

#include <lauxlib.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PROCESS "idle.process"
#define WAIT "idle.process.wait"

/* Stack slots of a method that waits: itself and two arguments come first. */
#define ARGUMENT_SLOTS 3
#define WAIT_SLOT 4

#define MEBIBYTE ((size_t)1024 * 1024)
#define UNREAD_MARK MEBIBYTE /* a program that writes more has to wait until somebody reads */
#define DEFAULT_LINE_LIMIT MEBIBYTE
#define DEFAULT_OUTPUT_LIMIT (64 * MEBIBYTE)
#define STDERR_TAIL 65536

/* While we write, a program may have to get rid of its output before it reads
 * on: then this much may wait. */
#define WRITING_MARK (64 * MEBIBYTE)

#define MAX_TIMEOUT_MS 1e12

typedef struct {
  idle_child *child;  /* NULL once closed */
  idle_queue waiting; /* of Wait: woken whenever the child has changed */
} Process;

/* One call that waits. Lives on the stack of its task, to be closed. */
typedef struct {
  idle_waiter waiter; /* first: the queue knows us by it */
  idle_clock *clock;
  idle_timer *timer; /* NULL before the first wait */
  double timeout_ms;
  bool is_due;
  size_t mark; /* how much unread output it lets in */
} Wait;

static Process *check_process(lua_State *L) {
  Process *process = luaL_checkudata(L, 1, PROCESS);
  if (process->child == NULL) luaL_error(L, "the program is closed; spawn it again to use it");
  return process;
}

/* The name of the program, for messages; borrowed from its userdata. [-0, +1, -] */
static const char *push_name(lua_State *L) {
  lua_getiuservalue(L, 1, 1);
  return lua_tostring(L, -1);
}

static void refuse_in_virtual_time(lua_State *L, const char *program) {
  idle_virtual_world_refuse(L, lua_pushfstring(L, "the program '%s'", program));
  lua_pop(L, 1);
}

static void on_change(void *owner) {
  Process *process = owner;
  idle_queue_wake(&process->waiting);
}

/* Lets in as much output as the most generous of those who wait. */
static void regulate(Process *process) {
  size_t mark = UNREAD_MARK;
  idle_waiter *waiter;
  TAILQ_FOREACH(waiter, &process->waiting, place) {
    const Wait *wait = (const Wait *)waiter;
    if (wait->mark > mark) mark = wait->mark;
  }
  idle_child_set_mark(process->child, mark);
}

static void on_timeout(void *context) {
  Wait *wait = context;
  wait->is_due = true;
  idle_queue_leave(&wait->waiter);
  idle_task_resume(wait->waiter.task);
}

/* __close and __gc: the call is over, or its task was cancelled. */
static int wait_close(lua_State *L) {
  Wait *wait = luaL_checkudata(L, 1, WAIT);
  idle_queue_leave(&wait->waiter);
  idle_timer_stop(wait->clock, &wait->timer);
  return 0;
}

/* Begins a method that waits: checks that it may, and pushes its Wait to WAIT_SLOT. */
static void begin(lua_State *L, const char *what, int timeout_argument) {
  double timeout_ms = luaL_checknumber(L, timeout_argument);
  luaL_argcheck(L, timeout_ms >= 0, timeout_argument, "milliseconds must not be negative");
  refuse_in_virtual_time(L, push_name(L));
  idle_task_check(L, what);
  lua_settop(L, ARGUMENT_SLOTS);
  Wait *wait = lua_newuserdatauv(L, sizeof *wait, 0);
  *wait = (Wait){.clock = idle_clock_of(L), .timeout_ms = timeout_ms < MAX_TIMEOUT_MS ? timeout_ms : MAX_TIMEOUT_MS};
  luaL_setmetatable(L, WAIT);
  lua_toclose(L, -1);
}

/* Suspends the task until the child changes or the time is over; `again` then
 * looks whether what it waits for has come.
 * mark: bytes of output that may come in meanwhile.
 * lack: what did not come in time, for the message. */
static int wait_for(lua_State *L, const char *lack, size_t mark, lua_KContext ctx, lua_KFunction again) {
  Process *process = lua_touserdata(L, 1);
  Wait *wait = lua_touserdata(L, WAIT_SLOT);
  if (wait->is_due) return idle_fail(L, "timeout", "'%s': %s within %f s", push_name(L), lack, wait->timeout_ms / 1000);
  if (wait->timer == NULL)
    wait->timer = wait->clock->start(wait->clock, (uint64_t)(wait->timeout_ms + 0.5), on_timeout, wait);
  if (wait->timer == NULL) return luaL_error(L, "not enough memory");
  wait->mark = mark;
  idle_queue_enter(&process->waiting, &wait->waiter, L);
  regulate(process);
  return idle_task_wait(L, ctx, again);
}

static int fail_closed(lua_State *L) {
  return idle_fail(L, "pipe.eof", "'%s' was closed by another task", push_name(L));
}

static size_t opt_limit(lua_State *L, int argument, size_t otherwise) {
  lua_Integer limit = luaL_optinteger(L, argument, (lua_Integer)otherwise);
  luaL_argcheck(L, limit >= 0 && limit < LLONG_MAX / 2, argument, "bytes must not be negative");
  return (size_t)limit;
}

static int fail_ended(lua_State *L, const Process *process) {
  int error = process->child->out_error;
  if (error == UV_ENOMEM) return luaL_error(L, "not enough memory"); /* which is not the end of the program */
  if (error != 0)
    return idle_fail(L, "pipe.eof", "cannot read the output of '%s': %s", push_name(L), uv_strerror(error));
  return idle_fail(L, "pipe.eof", "'%s' has ended its output", push_name(L));
}

/* The output has ended without a line feed: what is left counts as a line. */
static int last_line(lua_State *L, Process *process) {
  idle_buffer *out = &process->child->out;
  size_t size = out->skipping ? 0 : idle_buffer_size(out);
  if (size == 0 || process->child->out_error != 0) return fail_ended(L, process);
  lua_pushlstring(L, idle_buffer_bytes(out), size);
  idle_buffer_drop(out, size);
  return 1;
}

static int read_line(lua_State *L, int status, lua_KContext limit) {
  (void)status;
  Process *process = lua_touserdata(L, 1);
  if (process->child == NULL) return fail_closed(L);
  const char *line;
  size_t size;
  switch (idle_buffer_line(&process->child->out, (size_t)limit, &line, &size)) {
  case IDLE_LINE_FOUND:
    lua_pushlstring(L, line, size);
    idle_buffer_drop(&process->child->out, size + 1);
    regulate(process);
    return 1;
  case IDLE_LINE_TOO_LONG:
    regulate(process);
    return idle_fail(L, "pipe.too_large", "'%s' wrote a line of more than %I bytes", push_name(L), (lua_Integer)limit);
  case IDLE_LINE_NONE:
    break;
  }
  if (process->child->is_out_ended) return last_line(L, process);
  return wait_for(L, "no line", (size_t)limit + 2, limit, read_line);
}

static int process_read_line(lua_State *L) {
  check_process(L);
  size_t limit = opt_limit(L, 3, DEFAULT_LINE_LIMIT);
  begin(L, "read_line", 2);
  return read_line(L, LUA_OK, (lua_KContext)limit);
}

static int read_all(lua_State *L, int status, lua_KContext limit) {
  (void)status;
  Process *process = lua_touserdata(L, 1);
  if (process->child == NULL) return fail_closed(L);
  idle_buffer *out = &process->child->out;
  size_t size = idle_buffer_size(out);
  if (size > (size_t)limit) {
    idle_buffer_drop(out, size);
    regulate(process);
    return idle_fail(L, "pipe.too_large", "'%s' wrote more than %I bytes", push_name(L), (lua_Integer)limit);
  }
  if (!process->child->is_out_ended) return wait_for(L, "output did not end", (size_t)limit + 1, limit, read_all);
  if (process->child->out_error != 0) return fail_ended(L, process);
  lua_pushlstring(L, size == 0 ? "" : idle_buffer_bytes(out), size);
  idle_buffer_drop(out, size);
  return 1;
}

static int process_read_all(lua_State *L) {
  check_process(L);
  size_t limit = opt_limit(L, 3, DEFAULT_OUTPUT_LIMIT);
  begin(L, "read_all", 2);
  return read_all(L, LUA_OK, (lua_KContext)limit);
}

static int fail_write(lua_State *L, int error) {
  if (error != UV_EPIPE) return idle_fail(L, "pipe.eof", "cannot write to '%s': %s", push_name(L), uv_strerror(error));
  return idle_fail(L, "pipe.eof", "'%s' does not read its input any more", push_name(L));
}

static int write_done(lua_State *L, int status, lua_KContext number) {
  (void)status;
  Process *process = lua_touserdata(L, 1);
  if (process->child == NULL) return fail_closed(L);
  if (process->child->write_error != 0) return fail_write(L, process->child->write_error);
  if (process->child->writes_done < (uint64_t)number)
    return wait_for(L, "input was not read", WRITING_MARK, number, write_done);
  regulate(process);
  lua_pushboolean(L, 1);
  return 1;
}

static int process_write(lua_State *L) {
  Process *process = check_process(L);
  size_t size;
  const char *bytes = luaL_checklstring(L, 2, &size);
  luaL_argcheck(L, !process->child->is_input_ended, 1, "finish() was called before");
  if (lua_isnoneornil(L, 3)) {
    lua_settop(L, 2);
    lua_pushnumber(L, MAX_TIMEOUT_MS);
  }
  begin(L, "write", 3);
  int error = idle_child_write(process->child, bytes, size);
  if (error == UV_ENOMEM) return luaL_error(L, "not enough memory");
  if (error != 0) return fail_write(L, error);
  return write_done(L, LUA_OK, (lua_KContext)process->child->writes_queued);
}

static int process_finish(lua_State *L) {
  idle_child_end_input(check_process(L)->child);
  lua_pushboolean(L, 1);
  return 1;
}

static int wait_exit(lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  Process *process = lua_touserdata(L, 1);
  if (process->child == NULL) return fail_closed(L);
  const idle_child *child = process->child;
  if (!child->is_exited) return wait_for(L, "did not exit", UNREAD_MARK, ctx, wait_exit);
  lua_createtable(L, 0, 1);
  if (child->term_signal == 0) {
    lua_pushinteger(L, child->exit_code);
    lua_setfield(L, -2, "exit_code");
  } else {
    lua_pushstring(L, sigabbrev_np(child->term_signal));
    lua_setfield(L, -2, "signal");
  }
  return 1;
}

static int process_wait_exit(lua_State *L) {
  check_process(L);
  begin(L, "wait_exit", 2);
  return wait_exit(L, LUA_OK, 0);
}

static int process_stderr(lua_State *L) {
  const idle_buffer *err = &check_process(L)->child->err;
  size_t size = idle_buffer_size(err);
  size_t wanted = lua_toboolean(L, 2) || size < STDERR_TAIL ? size : STDERR_TAIL;
  lua_pushlstring(L, size == 0 ? "" : idle_buffer_bytes(err) + (size - wanted), wanted);
  return 1;
}

static int signal_number(const char *name) {
  for (int number = 1; number < NSIG; number++) {
    const char *known = sigabbrev_np(number);
    if (known != NULL && strcmp(known, name) == 0) return number;
  }
  return 0;
}

static int process_signal(lua_State *L) {
  Process *process = check_process(L);
  int number = signal_number(luaL_checkstring(L, 2));
  luaL_argcheck(L, number != 0, 2, "no such signal; its name is one like 'TERM'");
  /* Once it is reaped, the number may belong to somebody else. */
  lua_pushboolean(L, !process->child->is_exited && uv_process_kill(&process->child->process, number) == 0);
  return 1;
}

static int process_pid(lua_State *L) {
  lua_pushinteger(L, check_process(L)->child->process.pid);
  return 1;
}

/* close(), __close and __gc: the program is killed, and whoever waits for it is told. */
static int process_close(lua_State *L) {
  Process *process = luaL_checkudata(L, 1, PROCESS);
  if (process->child == NULL) return 0;
  idle_child_dispose(process->child);
  process->child = NULL;
  idle_queue_wake(&process->waiting);
  return 0;
}

static int process_is_open(lua_State *L) {
  const Process *process = luaL_checkudata(L, 1, PROCESS);
  if (process->child == NULL) return 0;
  lua_pushboolean(L, 1);
  return 1;
}

static int process_spawn(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  idle_child_options options;
  idle_process_options(L, &options);
  refuse_in_virtual_time(L, options.command[0]);
  Process *process = lua_newuserdatauv(L, sizeof *process, 1);
  process->child = NULL;
  TAILQ_INIT(&process->waiting);
  luaL_setmetatable(L, PROCESS);
  lua_pushstring(L, options.command[0]);
  lua_setiuservalue(L, -2, 1);
  int error;
  process->child = idle_child_spawn(idle_loop(L), &options, on_change, process, &error);
  if (process->child == NULL) return idle_process_fail_spawn(L, &options, error);
  regulate(process);
  idle_census_enter(L, lua_gettop(L), process_is_open, "process '%s'", options.command[0]);
  return 1;
}

static int process_own_pid(lua_State *L) {
  lua_pushinteger(L, getpid());
  return 1;
}

static int process_executable(lua_State *L) {
  char path[PATH_MAX];
  ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  if (size < 0) return idle_fail(L, "file.read", "cannot read '/proc/self/exe': is /proc mounted?");
  lua_pushlstring(L, path, (size_t)size);
  return 1;
}

static const luaL_Reg functions[] = {
    {"executable", process_executable}, {"pid", process_own_pid}, {"spawn", process_spawn}, {NULL, NULL}};
static const luaL_Reg methods[] = {
    {"close", process_close},
    {"finish", process_finish},
    {"pid", process_pid},
    {"read_all", process_read_all},
    {"read_line", process_read_line},
    {"signal", process_signal},
    {"stderr", process_stderr},
    {"wait_exit", process_wait_exit},
    {"write", process_write},
    {NULL, NULL},
};
static const luaL_Reg meta[] = {{"__gc", process_close}, {"__close", process_close}, {NULL, NULL}};
static const luaL_Reg wait_meta[] = {{"__gc", wait_close}, {"__close", wait_close}, {NULL, NULL}};

int luaopen_idle_process(lua_State *L) {
  luaL_newmetatable(L, WAIT);
  luaL_setfuncs(L, wait_meta, 0);
  luaL_newmetatable(L, PROCESS);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
