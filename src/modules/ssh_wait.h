/* How the methods of idle.ssh wait. */
#ifndef IDLE_SSH_WAIT_H
#define IDLE_SSH_WAIT_H

#include "ssh_link.h"

/* Stack slots of a method that waits: itself and two arguments come first. */
enum { IDLE_SSH_ARGUMENT_SLOTS = 3, IDLE_SSH_WAIT_SLOT = 4, IDLE_SSH_RESULT_SLOT = 5 };

/* The user values of a client: the function that is told of each phase, or nil; the client it runs through; and the
 * function that is told of the password, or nil. */
enum { IDLE_SSH_TRACE = 1, IDLE_SSH_VIA = 2, IDLE_SSH_ON_PASSWORD = 3, IDLE_SSH_VALUES = 3 };

/* One call that waits. Lives on the stack of its task, to be closed. */
typedef struct {
  idle_waiter waiter;
  idle_clock *clock;
  idle_timer *timer;
  double timeout_ms;
  int64_t begun_ms;
  bool is_due;
  size_t number; /* the method's own */
  size_t mark;   /* the method's own */
  /* Called if the method ends otherwise than by idle_ssh_wait_done(): by an
   * error, or because its task was cancelled. */
  void (*undo)(void *what);
  void *what;
} idle_ssh_waiting;

/* The metatables. [-0, +0, m] */
void idle_ssh_wait_open(lua_State *L);

/* Begins a method: checks that it may wait, and pushes its wait to IDLE_SSH_WAIT_SLOT.
 * timeout_ms: not negative. */
idle_ssh_waiting *idle_ssh_wait_begin(lua_State *L, const char *what, double timeout_ms);

/* The wait of the method that runs. [-0, +0, -] */
idle_ssh_waiting *idle_ssh_wait_of(lua_State *L);

/* Suspends the task until something is new on the link, or the time is over.
 * `is_timed`: false if the link itself keeps the time. Ends in lua_yieldk. */
int idle_ssh_wait_for(lua_State *L, idle_link *link, bool is_timed, lua_KContext ctx, lua_KFunction again);

/* The method has reached its end: nothing is to be undone. */
void idle_ssh_wait_done(lua_State *L);

/* Milliseconds since the method began. */
int64_t idle_ssh_wait_elapsed(lua_State *L);

/* The argument, checked, as milliseconds. [-0, +0, v] */
double idle_ssh_check_timeout(lua_State *L, int argument);

/* Tells the script of a client, at `index`, what was noted for it. [-0, +0, e] */
void idle_ssh_tell_trace(lua_State *L, int index, idle_link *link);

/* Tells the script of a client, at `index`, that the password was given, once. [-0, +0, e] */
void idle_ssh_tell_password(lua_State *L, int index, const idle_link *link);

/* Pushes nil and the error. Returns: 2. [-0, +2, m] */
int idle_ssh_push_error(lua_State *L, const idle_ssh_error *error);

#endif
