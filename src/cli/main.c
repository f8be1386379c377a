/* idle-lua: stands in for lua5.4, and runs the commands of idle. */
#include "chunk.h"
#include "interrupt.h"
#include "options.h"
#include "prompt.h"
#include "status.h"
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <libssh2.h>
#include <lualib.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <uv.h>

typedef struct {
  int argc;
  char **argv;
  const char *name; /* in front of messages */
  idle_options options;
  idle_runtime *rt;
  int status; /* to exit with, so far */
} Program;

static void print_usage(const Program *program) {
  const char *bad = program->options.bad;
  bool lacks_argument = bad[1] == 'e' || bad[1] == 'l';
  char message[256];
  (void)snprintf(message, sizeof message, lacks_argument ? "'%s' needs argument" : "unrecognized option '%s'", bad);
  idle_chunk_message(program->name, message);
  fprintf(stderr,
          "usage: %s [options] [script [args]]\n"
          "       %s [options] command [args]\n"
          "Available options are:\n"
          "  -e stat   execute string 'stat'\n"
          "  -i        enter interactive mode after executing 'script'\n"
          "  -l mod    require library 'mod' into global 'mod'\n"
          "  -l g=mod  require library 'mod' into global 'g'\n"
          "  -v        show version information\n"
          "  -E        ignore environment variables\n"
          "  -W        turn warnings on\n"
          "  --        stop handling options\n"
          "  -         stop handling options and execute stdin\n"
          "  --events F, --timeout S, --trace, --json, --version, --help: see --help\n",
          program->name, program->name);
  fflush(stderr);
}

static void print_lua_version(void) {
  puts(LUA_COPYRIGHT);
  fflush(stdout);
}

static void print_versions(void) {
  printf("idle-lua %s\n%s\nlibssh2 %s\nlibuv %s\nSQLite %s\n", IDLE_VERSION, LUA_RELEASE, libssh2_version(0),
         uv_version_string(), sqlite3_libversion());
}

/* Chunks; each returns whether all is well */

/* Runs the function below its `arguments`. [-(arguments+1), +n, e] */
static bool run(Program *program, int load_status, int arguments) {
  program->status = idle_chunk_run(program->rt, program->name, load_status, arguments);
  return program->status == 0;
}

static bool run_string(Program *program, const char *text, const char *name) {
  lua_State *L = idle_runtime_lua(program->rt);
  return run(program, luaL_loadbuffer(L, text, strlen(text), name), 0);
}

/* path: NULL is stdin. */
static bool run_file(Program *program, const char *path) {
  return run(program, luaL_loadfile(idle_runtime_lua(program->rt), path), 0);
}

/* LUA_INIT_5_4, or LUA_INIT: a text, or the name of a file behind `@`. */
static bool run_init(Program *program) {
  const char *name = "=LUA_INIT" LUA_VERSUFFIX;
  const char *init = getenv(name + 1);
  if (init == NULL) {
    name = "=LUA_INIT";
    init = getenv(name + 1);
  }
  if (init == NULL) return true;
  return init[0] == '@' ? run_file(program, init + 1) : run_string(program, init, name);
}

/* -l name, or -l global=name. */
static bool require_library(Program *program, const char *argument) {
  lua_State *L = idle_runtime_lua(program->rt);
  const char *equals = strchr(argument, '=');
  const char *name = equals != NULL ? equals + 1 : argument;
  size_t global_size = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
  lua_pushlstring(L, argument, global_size);
  lua_getglobal(L, "require");
  lua_pushstring(L, name);
  int base = lua_gettop(L) - 2;
  if (!run(program, LUA_OK, 1)) return false;
  lua_settop(L, base + 1);
  lua_pushglobaltable(L);
  lua_rotate(L, -3, 1); /* to table, name, value */
  lua_settable(L, -3);
  lua_pop(L, 1);
  return true;
}

static bool run_actions(Program *program) {
  lua_State *L = idle_runtime_lua(program->rt);
  for (size_t i = 0; i < program->options.action_count; i++) {
    idle_action action = program->options.actions[i];
    if (action.option == 'W') lua_warning(L, "@on", 0);
    if (action.option == 'e' && !run_string(program, action.argument, "=(command line)")) return false;
    if (action.option == 'l' && !require_library(program, action.argument)) return false;
  }
  return true;
}

/* Pushes arg[1] to arg[#arg], as the script may have changed them. [-0, +n, e] */
static int push_arguments(lua_State *L) {
  if (lua_getglobal(L, "arg") != LUA_TTABLE) luaL_error(L, "'arg' is not a table");
  int count = (int)luaL_len(L, -1);
  luaL_checkstack(L, count + 3, "too many arguments to script");
  for (int i = 1; i <= count; i++) lua_rawgeti(L, -i, i);
  lua_remove(L, -count - 1);
  return count;
}

/* Below lua's own message. A word with a dot or a slash is the name of a file. */
static void hint_at_command(const Program *program, const char *word) {
  const char *command = idle_options_near_command(word);
  if (command == NULL || strpbrk(word, "./") != NULL || access(word, F_OK) == 0) return;
  char message[128];
  (void)snprintf(message, sizeof message, "'%s' is no script and no command; did you mean the command '%s'?", word,
                 command);
  idle_chunk_message(program->name, message);
}

static bool run_script(Program *program) {
  lua_State *L = idle_runtime_lua(program->rt);
  const char *path = program->argv[program->options.script];
  bool is_stdin = strcmp(path, "-") == 0 && strcmp(program->argv[program->options.script - 1], "--") != 0;
  int status = luaL_loadfile(L, is_stdin ? NULL : path);
  bool is_well = run(program, status, status == LUA_OK ? push_arguments(L) : 0);
  if (status == LUA_ERRFILE && !is_stdin) hint_at_command(program, path);
  return is_well;
}

/* The table `arg`: the script is 0, what stands before it has negative indices. [-0, +0, m] */
static void create_arg(lua_State *L, const Program *program) {
  int script = program->options.script < program->argc ? program->options.script : 0;
  lua_createtable(L, program->argc - script, script + 1);
  for (int i = 0; i < program->argc; i++) {
    lua_pushstring(L, program->argv[i]);
    lua_rawseti(L, -2, i - script);
  }
  lua_setglobal(L, "arg");
}

/* require("idle.host.options"): what idle's own modules want to know. Documented in lua/idle/host/terminal.lua.
 * [-0, +0, m] */
static void publish_options(lua_State *L, const idle_options *options) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_createtable(L, 0, 5);
  lua_pushstring(L, options->events);
  lua_setfield(L, -2, "events");
  lua_pushboolean(L, options->is_traced);
  lua_setfield(L, -2, "trace");
  lua_pushboolean(L, options->is_json);
  lua_setfield(L, -2, "json");
  lua_pushboolean(L, isatty(STDERR_FILENO));
  lua_setfield(L, -2, "progress");
  if (options->timeout_s > 0) {
    lua_pushnumber(L, options->timeout_s);
    lua_setfield(L, -2, "timeout");
  }
  lua_setfield(L, -2, "idle.host.options");
  lua_pop(L, 1);
}

static int command_done(lua_State *L, int status, lua_KContext ctx) {
  (void)L, (void)status, (void)ctx;
  return 1;
}

/* require("idle.host.command").main(arguments), which waits, and returns the exit status. */
static int call_command(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "idle.host.command");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "main");
  lua_pushvalue(L, 1);
  lua_callk(L, 1, 1, 0, command_done);
  return command_done(L, LUA_OK, 0);
}

/* A command is there for its answer. (What a script prints may get lost in silence, as with lua.) */
static void check_output(Program *program) {
  char message[128];
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return;
  (void)snprintf(message, sizeof message, "cannot write to stdout: %s; the command itself has run",
                 errno == 0 ? "some of the output is lost" : strerror(errno));
  idle_chunk_message("idle-lua", message);
  if (program->status == EXIT_SUCCESS) program->status = EX_IOERR;
}

static void run_command(Program *program) {
  lua_State *L = idle_runtime_lua(program->rt);
  lua_pushcfunction(L, call_command);
  lua_createtable(L, program->argc, 0);
  for (int i = 1; i < program->argc; i++) {
    lua_pushstring(L, program->argv[i]);
    lua_rawseti(L, -2, i);
  }
  if (run(program, LUA_OK, 1)) program->status = (int)lua_tointeger(L, -1);
  check_output(program);
}

static void run_lua(Program *program) {
  const idle_options *options = &program->options;
  bool has_script = options->script < program->argc;
  if (options->shows_version) print_lua_version();
  create_arg(idle_runtime_lua(program->rt), program);
  if (!options->ignores_environment && !run_init(program)) return;
  if (!run_actions(program)) return;
  if (has_script && !run_script(program)) return;
  if (options->is_interactive) {
    idle_prompt(program->rt);
  } else if (!has_script && !options->executes && !options->shows_version) {
    if (isatty(STDIN_FILENO)) {
      print_lua_version();
      idle_prompt(program->rt);
    } else {
      run_file(program, NULL);
    }
  }
}

/* As a protected call: (program). */
static int run_program(lua_State *L) {
  Program *program = lua_touserdata(L, 1);
  publish_options(L, &program->options);
  if (program->options.command != NULL || program->options.wants_help)
    run_command(program);
  else
    run_lua(program);
  return 0;
}

static void report_what_is_left(Program *program) {
  program->status = idle_status_worse(program->status, idle_chunk_report_tasks(program->rt, program->name));
  program->status = idle_status_worse(program->status, idle_chunk_end_runs(program->rt, program->name));
}

/* As a protected call: (program). Tasks and runs that the chunks left behind. */
static int finish_program(lua_State *L) {
  Program *program = lua_touserdata(L, 1);
  idle_runtime_finish(program->rt, program->status != 0);
  report_what_is_left(program);
  return 0;
}

/* As a protected call: (program). At os.exit, which says itself how to end. */
static int leave_program(lua_State *L) {
  report_what_is_left(lua_touserdata(L, 1));
  return 0;
}

static void call_protected(Program *program, lua_CFunction function) {
  lua_State *L = idle_runtime_lua(program->rt);
  lua_settop(L, 0);
  lua_pushcfunction(L, function);
  lua_pushlightuserdata(L, program);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return;
  idle_chunk_message(program->name, lua_tostring(L, -1));
  program->status = EXIT_FAILURE;
}

static void on_leave(void *program) { call_protected(program, leave_program); }

/* A signal or the timeout decides on the status, whatever the script made of it. */
static int final_status(const Program *program) {
  const char *reason;
  int ended_by = idle_runtime_ended_by(program->rt, &reason);
  if (ended_by == 0) return program->status;
  if (program->status == 0) idle_chunk_message(program->name, reason); /* no error said so */
  return ended_by;
}

/* Returns: the exit status. Without memory it is lua's. */
static int report_no_runtime(const Program *program) {
  bool lacks_files = errno == EMFILE || errno == ENFILE;
  idle_chunk_message(program->name, lacks_files
                                        ? "cannot create state: too many open files; raise the limit (ulimit -n)"
                                        : "cannot create state: not enough memory");
  return lacks_files ? EX_SOFTWARE : EXIT_FAILURE;
}

static int run_with_runtime(Program *program) {
  const idle_options *options = &program->options;
  program->rt = idle_runtime_open(options->ignores_environment);
  if (program->rt == NULL) return report_no_runtime(program);
  idle_runtime_on_leave(program->rt, on_leave, program);
  idle_interrupt_arm(program->rt);
  if (options->timeout_s > 0) idle_watchdog_start(options->timeout_s, program->name);
  call_protected(program, run_program);
  call_protected(program, finish_program);
  return final_status(program);
}

static int run_command_line(Program *program) {
  switch (idle_options_read(&program->options, program->argc, program->argv)) {
  case IDLE_OPTIONS_BAD_SHORT:
    print_usage(program);
    return EXIT_FAILURE;
  case IDLE_OPTIONS_BAD_LONG:
    idle_chunk_message(program->name, program->options.message);
    return EX_USAGE;
  case IDLE_OPTIONS_NO_MEMORY:
    idle_chunk_message(program->name, "not enough memory");
    return EXIT_FAILURE;
  case IDLE_OPTIONS_OK:
    break;
  }
  if (!program->options.wants_version) return run_with_runtime(program);
  print_versions();
  return EXIT_SUCCESS;
}

/* The loop would open files of its own in their place. These fail in the same
 * way as closed ones, because they are open in the wrong direction. */
static void replace_closed_files(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) abort();
}

int main(int argc, char **argv) {
  replace_closed_files();
  Program program = {.argc = argc, .argv = argv, .name = "idle-lua"};
  if (argc > 0 && argv[0][0] != '\0') program.name = argv[0];
  int status = run_command_line(&program);
  idle_options_release(&program.options);
  idle_runtime_exit(program.rt, status);
}
