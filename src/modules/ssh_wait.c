#include "ssh_wait.h"

#include "fail.h"
#include "virtual_world.h"

#include <lauxlib.h>
#include <string.h>

#define WAIT "idle.ssh.wait"
#define MAX_TIMEOUT_MS 1e12

double idle_ssh_check_timeout(lua_State *L, int argument) {
  double timeout_ms = luaL_checknumber(L, argument);
  luaL_argcheck(L, timeout_ms >= 0, argument, "milliseconds must not be negative");
  return timeout_ms < MAX_TIMEOUT_MS ? timeout_ms : MAX_TIMEOUT_MS;
}

static void on_timeout(void *context) {
  idle_ssh_waiting *wait = context;
  wait->is_due = true;
  if (wait->waiter.queue == NULL) return; /* was woken, and will run soon */
  idle_queue_leave(&wait->waiter);
  idle_task_resume(wait->waiter.task); /* may end the wait: touch nothing after */
}

/* __close and __gc: the call is over, or its task was cancelled. */
static int wait_close(lua_State *L) {
  idle_ssh_waiting *wait = luaL_checkudata(L, 1, WAIT);
  idle_queue_leave(&wait->waiter);
  idle_timer_stop(wait->clock, &wait->timer);
  if (wait->undo != NULL) wait->undo(wait->what);
  wait->undo = NULL;
  return 0;
}

void idle_ssh_wait_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__gc", wait_close}, {"__close", wait_close}, {NULL, NULL}};
  luaL_newmetatable(L, WAIT);
  luaL_setfuncs(L, meta, 0);
  lua_pop(L, 1);
}

idle_ssh_waiting *idle_ssh_wait_begin(lua_State *L, const char *what, double timeout_ms) {
  idle_virtual_world_refuse(L, lua_pushfstring(L, "SSH ('%s')", what));
  idle_task_check(L, what);
  lua_settop(L, IDLE_SSH_ARGUMENT_SLOTS);
  idle_ssh_waiting *wait = lua_newuserdatauv(L, sizeof *wait, 0);
  *wait = (idle_ssh_waiting){.clock = idle_clock_of(L), .timeout_ms = timeout_ms, .begun_ms = idle_ssh_now_ms()};
  luaL_setmetatable(L, WAIT);
  lua_toclose(L, -1);
  return wait;
}

idle_ssh_waiting *idle_ssh_wait_of(lua_State *L) { return lua_touserdata(L, IDLE_SSH_WAIT_SLOT); }

int64_t idle_ssh_wait_elapsed(lua_State *L) { return idle_ssh_now_ms() - idle_ssh_wait_of(L)->begun_ms; }

void idle_ssh_wait_done(lua_State *L) { idle_ssh_wait_of(L)->undo = NULL; }

int idle_ssh_wait_for(lua_State *L, idle_link *link, bool is_timed, lua_KContext ctx, lua_KFunction again) {
  idle_ssh_waiting *wait = idle_ssh_wait_of(L);
  if (is_timed && wait->timer == NULL) {
    wait->timer = wait->clock->start(wait->clock, (uint64_t)(wait->timeout_ms + 0.5), on_timeout, wait);
    if (wait->timer == NULL) return luaL_error(L, "not enough memory");
  }
  idle_queue_enter(&link->waiting, &wait->waiter, L);
  return idle_task_wait(L, ctx, again);
}

void idle_ssh_tell_trace(lua_State *L, int index, idle_link *link) {
  const char *line;
  size_t size;
  while (idle_buffer_line(&link->trace, (size_t)-1, &line, &size) == IDLE_LINE_FOUND) {
    lua_getiuservalue(L, index, IDLE_SSH_TRACE);
    lua_pushlstring(L, line, size);
    idle_buffer_drop(&link->trace, size + 1);
    lua_call(L, 1, 0);
  }
}

void idle_ssh_tell_password(lua_State *L, int index, const idle_link *link) {
  if (!idle_ssh_has_given_password(link->ssh)) return;
  if (lua_getiuservalue(L, index, IDLE_SSH_ON_PASSWORD) == LUA_TNIL) {
    lua_pop(L, 1);
    return;
  }
  lua_pushnil(L);
  lua_setiuservalue(L, index, IDLE_SSH_ON_PASSWORD);
  lua_call(L, 0, 0);
}

/* [-0, +0, m] */
static void set_boolean(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

int idle_ssh_push_error(lua_State *L, const idle_ssh_error *error) {
  idle_fail(L, error->kind, "%s", error->message);
  if (error->phase != NULL) {
    lua_pushstring(L, error->phase);
    lua_setfield(L, -2, "phase");
    set_boolean(L, "credential_sent", error->credential_sent);
  }
  if (error->ssh_would_help) set_boolean(L, "ssh_would_help", true);
  if (strcmp(error->kind, "ssh.timeout") != 0 && strcmp(error->kind, "ssh.lost") != 0) return 2;
  lua_pushstring(L, error->is_before_sending ? "none" : "unknown");
  lua_setfield(L, -2, "effect");
  set_boolean(L, "transient", error->is_before_sending);
  return 2;
}
