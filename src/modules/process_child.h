/* A local program behind three pipes, on a libuv loop. No lua.h here.
 * To be called on the thread of the loop only. */
#ifndef IDLE_PROCESS_CHILD_H
#define IDLE_PROCESS_CHILD_H

#include "buffer.h"
#include "process_bond.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

typedef struct {
  char **command;     /* program, arguments, NULL; the program is looked up on PATH */
  char **environment; /* NAME=value, …, NULL; NULL = ours */
  const char *folder; /* where it starts; NULL = ours */
  bool inherits_stderr;
  size_t stderr_limit; /* bytes of stderr that are kept, the last ones */
  bool leads_group;    /* what it starts ends with it, if it is ended by us or by our own end */
  size_t file_limit;   /* bytes that a file may have where the program writes; 0: any */
} idle_child_options;

typedef struct idle_child idle_child;

/* To be read by the owner, changed only by the calls below. */
struct idle_child {
  uv_process_t process;
  uv_pipe_t input, output, errors; /* from the program's point of view */
  int open_handles;                /* of the four */
  bool is_disposed;

  void (*changed)(void *owner); /* something below is new; called from the loop */
  void *owner;

  bool is_exited;
  int64_t exit_code;
  int term_signal; /* 0 = it exited by itself */

  idle_buffer out;
  size_t out_mark; /* reading stops while this much waits in `out` */
  bool is_reading;
  bool is_out_ended;
  int out_error; /* libuv's: why it ended before its end; 0 = it did not */

  idle_buffer err;
  size_t err_limit;

  uint64_t writes_queued, writes_done; /* they are done in order */
  int write_error;                     /* libuv's; 0 = none */
  bool is_input_ended;
  bool leads_group;
  idle_bond bond; /* of a leader that runs */
};

/* Starts a program. Its stdin and stdout are pipes, its stderr a pipe or ours.
 * options: borrowed for the call.
 * error:   out, libuv's code of why it did not start.
 * Returns: the child, or NULL.
 * Owner:   the caller; release it with idle_child_dispose(). */
idle_child *idle_child_spawn(uv_loop_t *loop, const idle_child_options *options, void (*changed)(void *owner),
                             void *owner, int *error);

/* Kills the program if it still runs, without waiting for that, and releases
 * the child: touch it no more. `changed` is not called again. */
void idle_child_dispose(idle_child *child);

/* Queues a copy of the bytes for stdin; done when writes_done has reached the
 * value that writes_queued has now.
 * Returns: 0, or libuv's code; UV_EPIPE after the end of the input. */
int idle_child_write(idle_child *child, const char *bytes, size_t size);

/* Ends stdin when everything queued is written. */
void idle_child_end_input(idle_child *child);

/* Reads stdout on until `mark` bytes wait, and whenever fewer do. */
void idle_child_set_mark(idle_child *child, size_t mark);

#endif
