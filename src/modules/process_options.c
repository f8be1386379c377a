#include "process_options.h"

#include "fail.h"

#include <lauxlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPTIONS 1 /* stack slot of the table */
#define DEFAULT_STDERR_LIMIT ((size_t)1024 * 1024)

static const char *const known[] = {"command",      "cwd",        "env",         "stderr",
                                    "stderr_limit", "file_limit", "leads_group", NULL};

static bool is_known(const char *name) {
  for (const char *const *option = known; *option != NULL; option++)
    if (strcmp(*option, name) == 0) return true;
  return false;
}

/* A misspelt option must not be passed over. */
static void check_names(lua_State *L) {
  lua_pushnil(L);
  while (lua_next(L, OPTIONS) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING || !is_known(lua_tostring(L, -1)))
      luaL_error(L, "spawn has no option '%s'", luaL_tolstring(L, -1, NULL));
  }
}

/* The string on top of the stack, which its owner keeps alive; a zero byte
 * would end it early. [-0, +0, v] */
static char *to_text(lua_State *L, const char *option) {
  size_t size;
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : NULL;
  if (text == NULL || strlen(text) != size) luaL_error(L, "'%s' needs strings without zero bytes", option);
  return (char *)text; /* argv is not const for historical reasons; nobody writes to it */
}

/* Pushes an array of pointers with a NULL behind the last. [-0, +1, m] */
static char **push_array(lua_State *L, size_t size) {
  char **array = lua_newuserdatauv(L, (size + 1) * sizeof *array, 0);
  memset(array, 0, (size + 1) * sizeof *array);
  return array;
}

/* [-0, +2, v] */
static char **push_command(lua_State *L) {
  if (lua_getfield(L, OPTIONS, "command") != LUA_TTABLE || lua_rawlen(L, -1) == 0)
    luaL_error(L, "'command' must be a list: the program, then its arguments");
  lua_Unsigned size = lua_rawlen(L, -1);
  char **command = push_array(L, size);
  for (lua_Unsigned i = 0; i < size; i++) {
    lua_rawgeti(L, -2, (lua_Integer)i + 1);
    command[i] = to_text(L, "command");
    lua_pop(L, 1); /* the list keeps it */
  }
  return command;
}

static size_t count_inherited(void) {
  size_t count = 0;
  while (environ != NULL && environ[count] != NULL) count++;
  return count;
}

/* Checks the table of variables on top. Returns: their number. [-0, +0, v] */
static size_t check_variables(lua_State *L) {
  size_t count = 0;
  lua_pushnil(L);
  while (lua_next(L, -2) != 0) {
    bool is_removal = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    if (!is_removal) to_text(L, "env");
    lua_pop(L, 1);
    const char *name = to_text(L, "env");
    if (name[0] == '\0' || strchr(name, '=') != NULL) luaL_error(L, "'env' has no valid name '%s'", name);
    count++;
  }
  return count;
}

/* Adds what we have and the table at `table` does not speak of. [-0, +0, m] */
static size_t add_inherited(lua_State *L, int table, char **environment) {
  size_t count = 0;
  for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
    lua_pushlstring(L, *variable, strcspn(*variable, "="));
    if (lua_rawget(L, table) == LUA_TNIL) environment[count++] = *variable;
    lua_pop(L, 1);
  }
  return count;
}

/* Adds the variables of the table at `table`; the one at `texts` keeps their
 * texts. [-0, +0, m] */
static void add_own(lua_State *L, int table, int texts, char **environment) {
  lua_Integer count = 0;
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    if (lua_isstring(L, -1)) {
      lua_pushfstring(L, "%s=%s", lua_tostring(L, -2), lua_tostring(L, -1));
      environment[count++] = to_text(L, "env");
      lua_rawseti(L, texts, count);
    }
    lua_pop(L, 1);
  }
}

/* [-0, +3, v] */
static char **push_environment(lua_State *L) {
  int type = lua_getfield(L, OPTIONS, "env");
  if (type == LUA_TNIL) return NULL;
  if (type != LUA_TTABLE) luaL_error(L, "'env' must be a table of names and values");
  int table = lua_gettop(L);
  char **environment = push_array(L, count_inherited() + check_variables(L));
  lua_newtable(L);
  size_t inherited = add_inherited(L, table, environment);
  add_own(L, table, table + 2, environment + inherited);
  return environment;
}

static bool inherits_stderr(lua_State *L) {
  lua_getfield(L, OPTIONS, "stderr");
  const char *mode = lua_isnil(L, -1) ? "pipe" : to_text(L, "stderr");
  bool is_inherited = strcmp(mode, "inherit") == 0;
  if (!is_inherited && strcmp(mode, "pipe") != 0) luaL_error(L, "'stderr' must be 'pipe' or 'inherit'");
  return is_inherited;
}

/* [-0, +1, v] */
static size_t size_option(lua_State *L, const char *name, size_t otherwise) {
  if (lua_getfield(L, OPTIONS, name) == LUA_TNIL) return otherwise;
  int is_integer;
  lua_Integer size = lua_tointegerx(L, -1, &is_integer);
  if (!is_integer || size < 0) luaL_error(L, "'%s' must be a number of bytes", name);
  return (size_t)size;
}

void idle_process_options(lua_State *L, idle_child_options *options) {
  check_names(L);
  options->command = push_command(L);
  options->environment = push_environment(L);
  lua_getfield(L, OPTIONS, "cwd");
  options->folder = lua_isnil(L, -1) ? NULL : to_text(L, "cwd");
  options->inherits_stderr = inherits_stderr(L);
  options->stderr_limit = size_option(L, "stderr_limit", DEFAULT_STDERR_LIMIT);
  lua_getfield(L, OPTIONS, "leads_group");
  options->leads_group = lua_toboolean(L, -1);
  options->file_limit = size_option(L, "file_limit", 0);
}

static bool is_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int idle_process_fail_spawn(lua_State *L, const idle_child_options *options, int error) {
  const char *program = options->command[0];
  if (options->folder != NULL && !is_folder(options->folder))
    return idle_fail(L, "process.spawn", "cannot start '%s' in '%s': no such folder", program, options->folder);
  if (error == UV_ENOENT)
    return idle_fail(L, "process.spawn", "cannot start '%s': no such program; check its name and PATH", program);
  if (error == UV_EACCES)
    return idle_fail(L, "process.spawn", "cannot start '%s': it may not be executed; check its mode", program);
  if (error == UV_EMFILE || error == UV_ENFILE)
    return idle_fail(L, "process.spawn", "cannot start '%s': %s", program, idle_reason(EMFILE));
  return idle_fail(L, "process.spawn", "cannot start '%s': %s", program, uv_strerror(error));
}
