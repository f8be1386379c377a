#include "process_child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define READ_SIZE 65536

/* A pipe of Linux holds at most this much. */
#define PIPE_SIZE_MAX ((size_t)1024 * 1024)

typedef struct {
  uv_write_t request;
  idle_child *child;
  char bytes[];
} Write;

static void tell(idle_child *child) {
  if (!child->is_disposed) child->changed(child->owner);
}

/* When nobody has it any more, and libuv none of its handles. */
static void free_if_unused(idle_child *child) {
  if (!child->is_disposed || child->open_handles > 0) return;
  idle_buffer_free(&child->out);
  idle_buffer_free(&child->err);
  free(child);
}

static void on_closed(uv_handle_t *handle) {
  idle_child *child = handle->data;
  child->open_handles--;
  free_if_unused(child);
}

static void close_once(void *handle) {
  if (!uv_is_closing(handle)) uv_close(handle, on_closed);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room) {
  idle_child *child = handle->data;
  (void)suggested;
  room->base = idle_buffer_room(handle == (uv_handle_t *)&child->output ? &child->out : &child->err, READ_SIZE);
  room->len = room->base == NULL ? 0 : READ_SIZE; /* 0: libuv reports UV_ENOBUFS */
}

static void regulate(idle_child *child);

static void on_output(uv_stream_t *stream, ssize_t size, const uv_buf_t *room) {
  idle_child *child = stream->data;
  (void)room;
  if (size > 0) idle_buffer_added(&child->out, (size_t)size);
  if (size < 0) {
    child->is_out_ended = true;
    if (size != UV_EOF) child->out_error = size == UV_ENOBUFS ? UV_ENOMEM : (int)size;
    close_once(stream);
  }
  regulate(child);
  if (size != 0) tell(child);
}

static void on_errors(uv_stream_t *stream, ssize_t size, const uv_buf_t *room) {
  idle_child *child = stream->data;
  (void)room;
  if (size > 0) idle_buffer_added(&child->err, (size_t)size);
  idle_buffer_keep_last(&child->err, child->err_limit);
  if (size < 0) close_once(stream);
}

static void regulate(idle_child *child) {
  bool is_wanted = !child->is_disposed && !child->is_out_ended && idle_buffer_size(&child->out) < child->out_mark;
  if (is_wanted == child->is_reading) return;
  child->is_reading = is_wanted;
  if (is_wanted)
    uv_read_start((uv_stream_t *)&child->output, on_room, on_output);
  else if (!child->is_out_ended)
    uv_read_stop((uv_stream_t *)&child->output);
}

void idle_child_set_mark(idle_child *child, size_t mark) {
  child->out_mark = mark;
  regulate(child);
}

/* What the program wrote before its end is in the pipe by now, but the loop
 * may learn of the end first. Bounded: its own children may still write. */
static void drain_errors(idle_child *child) {
  uv_os_fd_t fd;
  if (uv_is_closing((uv_handle_t *)&child->errors) || uv_fileno((uv_handle_t *)&child->errors, &fd) != 0) return;
  for (size_t total = 0; total < PIPE_SIZE_MAX;) {
    char *room = idle_buffer_room(&child->err, READ_SIZE);
    ssize_t size = room == NULL ? 0 : read(fd, room, READ_SIZE);
    if (size <= 0) return;
    idle_buffer_added(&child->err, (size_t)size);
    idle_buffer_keep_last(&child->err, child->err_limit);
    total += (size_t)size;
  }
}

static void on_exit_of_child(uv_process_t *process, int64_t exit_code, int term_signal) {
  idle_child *child = process->data;
  child->is_exited = true;
  idle_bond_undo(&child->bond);
  child->exit_code = exit_code;
  child->term_signal = term_signal;
  drain_errors(child);
  close_once(process);
  tell(child);
}

/* Our end of a pipe into `ours`, the program's end into `theirs`. */
static int open_pipe(uv_pipe_t *ours, int *theirs, bool is_input) {
  uv_file ends[2];
  int error = is_input ? uv_pipe(ends, 0, UV_NONBLOCK_PIPE) : uv_pipe(ends, UV_NONBLOCK_PIPE, 0);
  if (error != 0) return error;
  *theirs = ends[is_input ? 0 : 1];
  error = uv_pipe_open(ours, ends[is_input ? 1 : 0]);
  if (error != 0) close(ends[is_input ? 1 : 0]);
  return error;
}

/* Real pipes instead of libuv's socket pairs: programs can open /dev/stdin
 * again, and bash does not take us for rsh. */
static int open_pipes(idle_child *child, const idle_child_options *options, int theirs[3]) {
  int error = open_pipe(&child->input, &theirs[0], true);
  if (error == 0) error = open_pipe(&child->output, &theirs[1], false);
  if (error == 0 && !options->inherits_stderr) error = open_pipe(&child->errors, &theirs[2], false);
  return error;
}

/* Whoever writes more is ended by SIGXFSZ; that must not leave a core file, which could hold a secret. */
static int limit_files(pid_t pid, size_t size) {
  const struct rlimit no_core = {0, 0};
  struct rlimit files;
  if (prlimit(pid, RLIMIT_CORE, &no_core, NULL) != 0 || prlimit(pid, RLIMIT_FSIZE, NULL, &files) != 0)
    return uv_translate_sys_error(errno);
  if (files.rlim_max > size) files.rlim_max = size;
  if (files.rlim_cur > files.rlim_max) files.rlim_cur = files.rlim_max;
  return prlimit(pid, RLIMIT_FSIZE, &files, NULL) == 0 ? 0 : uv_translate_sys_error(errno);
}

/* What a leader has started goes with it, or it would stay for ever: it can tell nobody once it is killed. */
static void kill_hard(idle_child *child) {
  if (!child->leads_group || kill(-child->process.pid, SIGKILL) != 0) uv_process_kill(&child->process, SIGKILL);
  idle_bond_undo(&child->bond);
}

static int spawn(uv_loop_t *loop, idle_child *child, const idle_child_options *options, const int theirs[3]) {
  uv_stdio_container_t stdio[3];
  for (int i = 0; i < 3; i++) {
    stdio[i].flags = UV_INHERIT_FD;
    stdio[i].data.fd = theirs[i] >= 0 ? theirs[i] : STDERR_FILENO;
  }
  uv_process_options_t process = {
      .exit_cb = on_exit_of_child,
      .file = options->command[0],
      .args = options->command,
      .env = options->environment,
      .cwd = options->folder,
      .stdio = stdio,
      .stdio_count = 3,
      .flags = options->leads_group ? UV_PROCESS_DETACHED : 0,
  };
  if (options->leads_group) idle_bond_expect_fork(&child->bond);
  int error = uv_spawn(loop, &child->process, &process);
  idle_bond_expect_fork(NULL);
  child->leads_group = options->leads_group;
  if (error == 0 && options->leads_group) idle_bond_tie(&child->bond, child->process.pid); /* were it by vfork */
  if (error != 0) idle_bond_undo(&child->bond);
  /* A program that has ended already is none that writes; without a limit, it does not go on. */
  if (error == 0 && options->file_limit > 0 && limit_files(child->process.pid, options->file_limit) != 0)
    kill_hard(child);
  return error;
}

/* All four handles are valid from here on, so that each can be closed. */
static idle_child *new_child(uv_loop_t *loop) {
  idle_child *child = calloc(1, sizeof *child);
  if (child == NULL) return NULL;
  uv_pipe_init(loop, &child->input, 0);
  uv_pipe_init(loop, &child->output, 0);
  uv_pipe_init(loop, &child->errors, 0);
  child->input.data = child->output.data = child->errors.data = child->process.data = child;
  child->open_handles = 3;
  child->bond = IDLE_NO_BOND;
  return child;
}

/* If it is our own stdout that nobody reads any more, we end as any filter does. */
static void on_broken_pipe(int number) {
  int error = errno;
  struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
  if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0) {
    signal(number, SIG_DFL);
    raise(number);
  }
  errno = error;
}

/* libuv writes to a pipe with write(2): a program that stopped reading would
 * end us, too. Not SIG_IGN, which what os.execute starts would inherit. */
static void survive_broken_pipes(void) {
  struct sigaction action;
  if (sigaction(SIGPIPE, NULL, &action) != 0 || action.sa_handler != SIG_DFL) return;
  action.sa_handler = on_broken_pipe;
  sigaction(SIGPIPE, &action, NULL);
}

idle_child *idle_child_spawn(uv_loop_t *loop, const idle_child_options *options, void (*changed)(void *owner),
                             void *owner, int *error) {
  idle_child *child = new_child(loop);
  if (child == NULL) {
    *error = UV_ENOMEM;
    return NULL;
  }
  int theirs[3] = {-1, -1, -1};
  *error = open_pipes(child, options, theirs);
  if (*error == 0 && options->leads_group) *error = uv_translate_sys_error(idle_bond_make(&child->bond));
  if (*error == 0) {
    survive_broken_pipes();
    *error = spawn(loop, child, options, theirs);
    child->open_handles++; /* uv_spawn makes the handle also when it fails */
  }
  for (int i = 0; i < 3; i++)
    if (theirs[i] >= 0) close(theirs[i]);
  if (*error != 0) {
    if (child->open_handles == 4) close_once(&child->process);
    child->is_exited = true;
    idle_child_dispose(child);
    return NULL;
  }
  child->changed = changed;
  child->owner = owner;
  child->err_limit = options->stderr_limit;
  if (!options->inherits_stderr) uv_read_start((uv_stream_t *)&child->errors, on_room, on_errors);
  return child;
}

void idle_child_dispose(idle_child *child) {
  child->is_disposed = true;
  regulate(child);
  close_once(&child->input);
  close_once(&child->output);
  close_once(&child->errors);
  if (!child->is_exited) {
    /* Its end is still awaited, or it would stay a zombie; but nobody need stay for that. */
    kill_hard(child);
    uv_unref((uv_handle_t *)&child->process);
  }
  free_if_unused(child);
}

static void on_written(uv_write_t *request, int status) {
  Write *write = (Write *)request;
  idle_child *child = write->child;
  free(write);
  child->writes_done++;
  if (status < 0 && child->write_error == 0) child->write_error = status;
  if (child->is_input_ended && child->writes_done == child->writes_queued) close_once(&child->input);
  tell(child);
}

int idle_child_write(idle_child *child, const char *bytes, size_t size) {
  if (child->write_error != 0) return child->write_error;
  if (child->is_input_ended) return UV_EPIPE;
  Write *write = malloc(sizeof *write + size);
  if (write == NULL) return UV_ENOMEM;
  write->child = child;
  memcpy(write->bytes, bytes, size);
  uv_buf_t buffer = {.base = write->bytes, .len = size};
  int error = uv_write(&write->request, (uv_stream_t *)&child->input, &buffer, 1, on_written);
  if (error != 0) {
    free(write);
    return error;
  }
  child->writes_queued++;
  return 0;
}

void idle_child_end_input(idle_child *child) {
  child->is_input_ended = true;
  if (child->writes_done == child->writes_queued) close_once(&child->input);
}
