/* An SSH connection on the loop: polls its socket, moves what comes in into the
 * buffers of its pipes, and wakes the tasks that wait for it. One thread. */
#ifndef IDLE_SSH_LINK_H
#define IDLE_SSH_LINK_H

#include "buffer.h"
#include "channel.h"
#include "client.h"
#include "resolve.h"
#include "task.h"

#include <lua.h>

typedef struct idle_link idle_link;
typedef struct idle_link_pipe idle_link_pipe;
typedef TAILQ_HEAD(idle_link_pipes, idle_link_pipe) idle_link_pipes;

/* See ssh_tunnel.h. */
typedef struct idle_tunnel idle_tunnel;
typedef TAILQ_HEAD(idle_tunnels, idle_tunnel) idle_tunnels;

/* To be read by others, changed only by the calls below. */
struct idle_link {
  idle_ssh *ssh; /* owned; NULL once closed */
  bool is_open;  /* logged in */
  uv_loop_t *loop;
  idle_clock *clock;
  idle_queue waiting; /* of tasks, woken whenever something is new */
  idle_link_pipes pipes;
  idle_tunnels tunnels; /* of other links that run through this one */
  idle_link *hop;       /* held: the link that this one runs through; NULL = none */
  idle_tunnel *tunnel;  /* owned: the way through it */
  char *host;           /* owned: what the hop is to connect to */
  int port;
  int holders;     /* the client's object, each pipe, each handle of libuv, each link that runs through it */
  uv_poll_t *poll; /* NULL = nothing is polled; freed by its close callback */
  int polled_events;
  idle_timer *timer; /* while connecting */
  uv_timer_t keepalive;
  idle_resolve *resolve; /* while the name is looked up */
  idle_buffer trace;     /* lines that the script was not told yet */
};

/* A command on it. */
struct idle_link_pipe {
  TAILQ_ENTRY(idle_link_pipe) place;
  idle_link *link; /* NULL once closed */
  idle_ssh_channel *channel;
  idle_buffer out;
  size_t out_mark; /* no more is read while this much waits in `out` */
  bool is_out_ended;
  idle_buffer err;
  bool is_err_ended;
  bool is_lost;                         /* the connection ended before the streams did */
  bool is_short;                        /* for want of memory: of our own */
  bool is_started, is_written, is_over; /* as was seen last */
};

/* Begins to connect.
 * options: borrowed; its trace is replaced if `traces`.
 * hop:     an open link that the connection runs through, or NULL.
 * Returns: the link, or NULL with `error` filled in.
 * Owner:   the caller; release it with idle_link_release(). */
idle_link *idle_link_start(lua_State *L, idle_ssh_options *options, bool traces, idle_link *hop, idle_ssh_error *error);

/* Goes on connecting; what it waits for then wakes `waiting`. */
idle_ssh_status idle_link_connect(idle_link *link, idle_ssh_error *error);

/* Drops the connection and wakes everybody. */
void idle_link_close(idle_link *link);

/* The owner lets go of a link, which is closed. */
void idle_link_release(idle_link *link);

/* Sends and receives what can be, and wakes the tasks that may go on by it.
 * Returns: whether anything is new. */
bool idle_link_serve(idle_link *link);

/* Waits for what the connection waits for now, after something was asked of it without serving it. */
void idle_link_watch(idle_link *link);

/* Begins a command; NULL when memory is short.
 * Owner: the caller; release it with idle_link_pipe_close() and free(). */
idle_link_pipe *idle_link_exec(idle_link *link, const char *command, size_t size);

/* Drops the command without waiting, releases the buffers, wakes everybody. */
void idle_link_pipe_close(idle_link_pipe *pipe);

#endif
