#include "lines.h"

#include "task.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void (*OnLine)(char *line);

static struct {
  void (*install)(const char *prompt, OnLine on_line);
  void (*read_char)(void);
  void (*remove)(void);
  void (*add_history)(const char *line);
} readline; /* NULL: there is none */

/* POSIX lets a data pointer be a function pointer; ISO C does not. */
static void *find(void *library, const char *name) { return dlsym(library, name); }

static bool load_readline(void) {
  static bool is_tried;
  if (is_tried) return readline.install != NULL;
  is_tried = true;
  void *library = dlopen("libreadline.so.8", RTLD_NOW);
  if (library == NULL) return false;
  *(void **)&readline.add_history = find(library, "add_history");
  *(void **)&readline.remove = find(library, "rl_callback_handler_remove");
  *(void **)&readline.read_char = find(library, "rl_callback_read_char");
  *(void **)&readline.install = find(library, "rl_callback_handler_install");
  const char **name = find(library, "rl_readline_name");
  int *catches_signals = find(library, "rl_catch_signals");
  if (name != NULL) *name = "lua"; /* what ~/.inputrc asks for */
  if (catches_signals != NULL) *catches_signals = 0;
  return readline.install != NULL;
}

typedef struct {
  idle_runtime *rt;
  char *line;
  bool is_over;
} Reading;

static Reading *present; /* readline's callbacks have no argument */

static void on_line(char *line) {
  present->line = line;
  present->is_over = true;
  readline.remove(); /* the chunk gets the terminal as it was */
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)poll, (void)status, (void)events;
  if (!present->is_over) readline.read_char();
}

static bool is_over(void *context) {
  const Reading *reading = context;
  const char *reason;
  return reading->is_over || idle_runtime_ended_by(reading->rt, &reason) != 0;
}

static void on_closed(uv_handle_t *poll) { free(poll); }

/* Watches stdin; a plain file, which is always readable, is refused.
 * Returns: NULL if it is to be read without a loop. */
static uv_poll_t *watch_stdin(idle_runtime *rt) {
  int flags = fcntl(STDIN_FILENO, F_GETFL);
  uv_poll_t *poll = malloc(sizeof *poll);
  if (poll == NULL) return NULL;
  if (uv_poll_init(idle_loop(idle_runtime_lua(rt)), poll, STDIN_FILENO) != 0) {
    free(poll);
    return NULL;
  }
  /* libuv made it non-blocking, for everybody who shares the terminal. */
  fcntl(STDIN_FILENO, F_SETFL, flags);
  uv_poll_start(poll, UV_READABLE, on_readable);
  return poll;
}

static char *read_with_readline(idle_runtime *rt, const char *prompt) {
  Reading reading = {.rt = rt};
  present = &reading;
  readline.install(prompt, on_line);
  uv_poll_t *poll = watch_stdin(rt);
  if (poll != NULL) {
    idle_runtime_run_until(rt, is_over, &reading);
    uv_close((uv_handle_t *)poll, on_closed);
  } else {
    while (!is_over(&reading)) readline.read_char();
  }
  if (!reading.is_over) readline.remove(); /* a signal came first */
  present = NULL;
  return reading.line;
}

static char *read_plainly(const char *prompt) {
  char *line = NULL;
  size_t room = 0;
  fputs(prompt, stdout);
  fflush(stdout);
  if (getline(&line, &room, stdin) < 0) {
    free(line);
    return NULL;
  }
  line[strcspn(line, "\n")] = '\0';
  return line;
}

const char *idle_lines_read(idle_runtime *rt, const char *prompt) {
  static char *last; /* owned here: Lua's errors jump over a caller's free() */
  free(last);
  last = load_readline() ? read_with_readline(rt, prompt) : read_plainly(prompt);
  return last;
}

void idle_lines_remember(const char *text) {
  if (readline.add_history != NULL) readline.add_history(text);
}
