#include "ssh_pipe.h"

#include "fail.h"
#include "ssh_wait.h"

#include <lauxlib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define PIPE "idle.ssh.pipe"

/* The user value of a pipe: its client, which so lives as long as it. */
#define CLIENT 1

#define MEBIBYTE (1024 * 1024)
#define UNREAD_MARK MEBIBYTE /* a command that writes more has to wait until somebody reads */
#define DEFAULT_LINE_LIMIT MEBIBYTE
#define DEFAULT_OUTPUT_LIMIT (64 * MEBIBYTE)
#define STDERR_TAIL 65536

/* While we write, a command may have to get rid of its output before it reads
 * on: then this much may wait. */
#define WRITING_MARK (64 * MEBIBYTE)

#define NO_TIMEOUT_MS 1e12

#define NOT_YET (-1)

typedef struct {
  idle_link_pipe *pipe; /* owned; NULL while it is made */
} Box;

/* A method that waits. Its number, in the wait, is a limit or what was done so far. */
typedef struct {
  const char *name;
  /* Returns: the number of results it has pushed, or NOT_YET. */
  int (*take)(lua_State *L, idle_link_pipe *pipe, idle_ssh_waiting *wait);
  const char *lack; /* what did not come in time */
} Method;

static idle_link_pipe *check_pipe(lua_State *L) {
  Box *box = luaL_checkudata(L, 1, PIPE);
  if (box->pipe == NULL || box->pipe->link == NULL) luaL_error(L, "the command is closed; run it again");
  return box->pipe;
}

/* Tells the script what was noted for it, of the pipe at `index`. [-0, +0, e] */
static void tell_trace(lua_State *L, int index, const idle_link_pipe *pipe) {
  if (pipe->link == NULL || idle_buffer_size(&pipe->link->trace) == 0) return;
  lua_getiuservalue(L, index, CLIENT);
  idle_ssh_tell_trace(L, lua_gettop(L), pipe->link);
  lua_pop(L, 1);
}

static int fail_lost(lua_State *L, const idle_link_pipe *pipe) {
  idle_ssh_error error;
  if (pipe->link == NULL) return idle_fail(L, "pipe.eof", "the command was closed by another task");
  if (pipe->is_short) return luaL_error(L, "not enough memory");
  if (pipe->link->ssh == NULL) return idle_fail(L, "ssh.lost", "the connection was closed by this program");
  idle_ssh_explain_lost(pipe->link->ssh, "while a command ran", idle_ssh_wait_elapsed(L), &error);
  return idle_ssh_push_error(L, &error);
}

/* Whether nothing more will come. */
static bool is_cut(const idle_link_pipe *pipe) { return pipe->link->ssh == NULL || pipe->is_lost; }

static int look(lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  const Method *method = (const Method *)ctx;
  idle_link_pipe *pipe = ((Box *)lua_touserdata(L, 1))->pipe;
  idle_ssh_waiting *wait = idle_ssh_wait_of(L);
  if (pipe->link == NULL) return fail_lost(L, pipe);
  int results = method->take(L, pipe, wait);
  if (results == NOT_YET) {
    pipe->out_mark = wait->mark > UNREAD_MARK ? wait->mark : UNREAD_MARK;
    (void)idle_link_serve(pipe->link); /* to the new mark, and what was written */
    results = method->take(L, pipe, wait);
  }
  if (results == NOT_YET && !wait->is_due) return idle_ssh_wait_for(L, pipe->link, true, ctx, look);
  pipe->out_mark = UNREAD_MARK;
  tell_trace(L, 1, pipe);
  if (results != NOT_YET) return results;
  return idle_fail(L, "timeout", "'%s': %s within %f s", idle_ssh_url(pipe->link->ssh), method->lack,
                   wait->timeout_ms / 1000);
}

/* number: of the method. mark: bytes of unread output that it lets in while it waits. */
static int call(lua_State *L, const Method *method, double timeout_ms, size_t number, size_t mark) {
  idle_ssh_waiting *wait = idle_ssh_wait_begin(L, method->name, timeout_ms);
  wait->number = number;
  wait->mark = mark;
  return look(L, LUA_OK, (lua_KContext)method);
}

static size_t opt_limit(lua_State *L, int argument, lua_Integer otherwise) {
  lua_Integer limit = luaL_optinteger(L, argument, otherwise);
  luaL_argcheck(L, limit >= 0 && limit < LLONG_MAX / 2, argument, "bytes must not be negative");
  return (size_t)limit;
}

static int push_output(lua_State *L, idle_buffer *out, size_t size, size_t dropped) {
  lua_pushlstring(L, size == 0 ? "" : idle_buffer_bytes(out), size);
  idle_buffer_drop(out, dropped);
  return 1;
}

/* The output has ended without a line feed: what is left counts as a line. */
static int take_last_line(lua_State *L, idle_buffer *out) {
  size_t size = out->skipping ? 0 : idle_buffer_size(out);
  if (size == 0) return idle_fail(L, "pipe.eof", "the command has ended its output");
  return push_output(L, out, size, size);
}

static int take_line(lua_State *L, idle_link_pipe *pipe, idle_ssh_waiting *wait) {
  const char *line;
  size_t size;
  switch (idle_buffer_line(&pipe->out, wait->number, &line, &size)) {
  case IDLE_LINE_FOUND:
    return push_output(L, &pipe->out, size, size + 1);
  case IDLE_LINE_TOO_LONG:
    return idle_fail(L, "pipe.too_large", "the command wrote a line of more than %I bytes", (lua_Integer)wait->number);
  case IDLE_LINE_NONE:
    break;
  }
  if (pipe->is_out_ended) return take_last_line(L, &pipe->out);
  return is_cut(pipe) ? fail_lost(L, pipe) : NOT_YET;
}

static int pipe_read_line(lua_State *L) {
  static const Method method = {"read_line", take_line, "no line"};
  check_pipe(L);
  size_t limit = opt_limit(L, 3, DEFAULT_LINE_LIMIT);
  return call(L, &method, idle_ssh_check_timeout(L, 2), limit, limit + 2);
}

static int take_all(lua_State *L, idle_link_pipe *pipe, idle_ssh_waiting *wait) {
  size_t size = idle_buffer_size(&pipe->out);
  if (size > wait->number) {
    idle_buffer_drop(&pipe->out, size);
    return idle_fail(L, "pipe.too_large", "the command wrote more than %I bytes", (lua_Integer)wait->number);
  }
  if (pipe->is_out_ended) return push_output(L, &pipe->out, size, size);
  return is_cut(pipe) ? fail_lost(L, pipe) : NOT_YET;
}

static int pipe_read_all(lua_State *L) {
  static const Method method = {"read_all", take_all, "output did not end"};
  check_pipe(L);
  size_t limit = opt_limit(L, 3, DEFAULT_OUTPUT_LIMIT);
  return call(L, &method, idle_ssh_check_timeout(L, 2), limit, limit + 1);
}

static int pipe_stderr(lua_State *L) {
  const idle_link_pipe *pipe = check_pipe(L);
  (void)idle_link_serve(pipe->link);
  size_t size = idle_buffer_size(&pipe->err);
  size_t wanted = lua_toboolean(L, 2) || size < STDERR_TAIL ? size : STDERR_TAIL;
  lua_pushlstring(L, size == 0 ? "" : idle_buffer_bytes(&pipe->err) + (size - wanted), wanted);
  return 1;
}

static int give_input(lua_State *L, idle_link_pipe *pipe, idle_ssh_waiting *wait) {
  size_t size, count;
  const char *bytes = lua_tolstring(L, 2, &size);
  idle_ssh_status status = IDLE_SSH_OK;
  while (wait->number < size && status == IDLE_SSH_OK) {
    status = idle_ssh_write(pipe->channel, bytes + wait->number, size - wait->number, &count);
    wait->number += count;
  }
  pipe->is_written = idle_ssh_is_written(pipe->channel);
  if (pipe->link->ssh == NULL || idle_ssh_is_lost(pipe->link->ssh)) return fail_lost(L, pipe);
  if (status == IDLE_SSH_FAILED) return idle_fail(L, "pipe.eof", "the command does not read its input any more");
  if (wait->number < size || !pipe->is_written) return NOT_YET;
  lua_pushboolean(L, 1);
  return 1;
}

static int pipe_write(lua_State *L) {
  static const Method method = {"write", give_input, "input was not read"};
  check_pipe(L);
  luaL_checkstring(L, 2);
  double timeout_ms = lua_isnoneornil(L, 3) ? NO_TIMEOUT_MS : idle_ssh_check_timeout(L, 3);
  return call(L, &method, timeout_ms, 0, WRITING_MARK);
}

static int pipe_finish(lua_State *L) {
  idle_link_pipe *pipe = check_pipe(L);
  idle_ssh_finish(pipe->channel);
  (void)idle_link_serve(pipe->link);
  lua_pushboolean(L, 1);
  return 1;
}

static int take_exit(lua_State *L, idle_link_pipe *pipe, idle_ssh_waiting *wait) {
  (void)wait;
  idle_ssh_exit exit;
  idle_ssh_status status = idle_ssh_exit_of(pipe->channel, &exit);
  if (status == IDLE_SSH_AGAIN) return NOT_YET;
  if (status == IDLE_SSH_FAILED) return fail_lost(L, pipe);
  lua_createtable(L, 0, 1);
  if (exit.has_status) {
    lua_pushinteger(L, exit.status);
    lua_setfield(L, -2, "exit_code");
  }
  if (*exit.signal != '\0') {
    lua_pushstring(L, exit.signal);
    lua_setfield(L, -2, "signal");
  }
  return 1;
}

static int pipe_wait_exit(lua_State *L) {
  static const Method method = {"wait_exit", take_exit, "the command did not end"};
  check_pipe(L);
  return call(L, &method, idle_ssh_check_timeout(L, 2), 0, UNREAD_MARK);
}

static void close_box(void *box) {
  idle_link_pipe *pipe = ((Box *)box)->pipe;
  if (pipe != NULL) idle_link_pipe_close(pipe);
}

/* close(), __close: the command is dropped, and whoever waits for it is told. */
static int pipe_close(lua_State *L) {
  close_box(luaL_checkudata(L, 1, PIPE));
  return 0;
}

static int pipe_gc(lua_State *L) {
  pipe_close(L);
  Box *box = lua_touserdata(L, 1);
  free(box->pipe);
  box->pipe = NULL;
  return 0;
}

static int fail_start(lua_State *L, const idle_link_pipe *pipe) {
  idle_ssh_error error = {.kind = "ssh.timeout"};
  bool is_opened = idle_ssh_is_opened(pipe->channel);
  error.is_before_sending = !is_opened;
  (void)snprintf(error.message, sizeof error.message, "'%s' did not %s within %.1f s", idle_ssh_url(pipe->link->ssh),
                 is_opened ? "start the command" : "open a channel", (double)idle_ssh_wait_elapsed(L) / 1000);
  return idle_ssh_push_error(L, &error);
}

static int start(lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  Box *box = lua_touserdata(L, IDLE_SSH_RESULT_SLOT);
  idle_link_pipe *pipe = box->pipe;
  idle_ssh_error error;
  if (pipe->link->ssh == NULL) return fail_lost(L, pipe);
  (void)idle_link_serve(pipe->link);
  switch (idle_ssh_started(pipe->channel, &error)) {
  case IDLE_SSH_OK:
    break;
  case IDLE_SSH_FAILED:
    return idle_ssh_push_error(L, &error);
  case IDLE_SSH_AGAIN:
    if (idle_ssh_wait_of(L)->is_due) return fail_start(L, pipe);
    return idle_ssh_wait_for(L, pipe->link, true, ctx, start);
  }
  idle_ssh_wait_done(L);
  lua_pushvalue(L, IDLE_SSH_RESULT_SLOT);
  return 1;
}

int idle_ssh_pipe_exec(lua_State *L, idle_link *link) {
  size_t size;
  const char *command = luaL_checklstring(L, 2, &size);
  idle_ssh_waiting *wait = idle_ssh_wait_begin(L, "exec", idle_ssh_check_timeout(L, 3));
  Box *box = lua_newuserdatauv(L, sizeof *box, 1);
  box->pipe = NULL;
  luaL_setmetatable(L, PIPE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, CLIENT);
  box->pipe = idle_link_exec(link, command, size);
  if (box->pipe == NULL) return luaL_error(L, "not enough memory");
  box->pipe->out_mark = UNREAD_MARK;
  wait->undo = close_box;
  wait->what = box;
  return start(L, LUA_OK, 0);
}

static const luaL_Reg methods[] = {
    {"close", pipe_close},   {"finish", pipe_finish},       {"read_all", pipe_read_all}, {"read_line", pipe_read_line},
    {"stderr", pipe_stderr}, {"wait_exit", pipe_wait_exit}, {"write", pipe_write},       {NULL, NULL},
};
static const luaL_Reg meta[] = {{"__gc", pipe_gc}, {"__close", pipe_close}, {NULL, NULL}};

void idle_ssh_pipe_open(lua_State *L) {
  luaL_newmetatable(L, PIPE);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}
