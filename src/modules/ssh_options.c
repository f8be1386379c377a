#include "ssh_options.h"

#include "fail.h"
#include "secret_object.h"
#include "ssh_wait.h"

#include <lauxlib.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define TABLE 1
#define DEFAULT_PORT 22
#define DEFAULT_KNOWN_HOSTS "~/.ssh/known_hosts"

#define MAX_PATHS 64

static const char *const known[] = {
    "host",       "port",        "user",       "identity_file",     "identity_files",  "identities_only",
    "passphrase", "password",    "agent",      "agent_socket",      "known_hosts",     "host_key_alias",
    "host_key",   "accept_new",  "timeout_ms", "alive_interval_ms", "alive_count_max", "trace",
    "via",        "on_password", NULL};

static void check_names(lua_State *L) {
  for (lua_pushnil(L); lua_next(L, TABLE) != 0; lua_pop(L, 1)) {
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : luaL_tolstring(L, -2, NULL);
    const char *const *option = known;
    while (*option != NULL && strcmp(*option, name) != 0) option++;
    if (*option == NULL) luaL_error(L, "unknown option '%s' of ssh.connect", name);
  }
}

/* The value stays on the stack. [-0, +1, v] */
static const char *string_field(lua_State *L, const char *name, const char *otherwise) {
  if (lua_getfield(L, TABLE, name) == LUA_TNIL) return otherwise;
  size_t size = 0;
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : NULL;
  if (text == NULL) luaL_error(L, "option '%s' of ssh.connect must be a string", name);
  if (text != NULL && strlen(text) != size) luaL_error(L, "option '%s' of ssh.connect holds a zero byte", name);
  return text;
}

static const char *check_path(lua_State *L, const char *name) {
  size_t size = 0;
  const char *path = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : NULL;
  if (path == NULL || *path == '\0' || strlen(path) != size)
    luaL_error(L, "option '%s' of ssh.connect must list paths, each a string that is not empty", name);
  return path;
}

/* A list of paths; it stays on the stack, and so do their addresses. [-0, +2, v] */
static idle_ssh_paths paths_field(lua_State *L, const char *name) {
  idle_ssh_paths paths = {0};
  int kind = lua_getfield(L, TABLE, name);
  if (kind != LUA_TNIL && kind != LUA_TTABLE) luaL_error(L, "option '%s' of ssh.connect must be a list of paths", name);
  lua_Unsigned count = kind == LUA_TNIL ? 0 : lua_rawlen(L, -1);
  if (count > MAX_PATHS) luaL_error(L, "option '%s' of ssh.connect lists more than %d paths", name, MAX_PATHS);
  const char **list = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *list, 0);
  for (; paths.count < count; paths.count++) {
    lua_rawgeti(L, -2, (lua_Integer)paths.count + 1);
    list[paths.count] = check_path(L, name);
    lua_pop(L, 1); /* the list holds it */
  }
  paths.paths = list;
  return paths;
}

/* A path, or a list of them, of which the first counts as the file; they stay on the stack. [-0, +n, v] */
static void known_hosts_field(lua_State *L, idle_ssh_options *options) {
  bool is_list = lua_getfield(L, TABLE, "known_hosts") == LUA_TTABLE;
  lua_pop(L, 1);
  options->known_hosts = DEFAULT_KNOWN_HOSTS;
  if (!is_list) {
    options->known_hosts = string_field(L, "known_hosts", DEFAULT_KNOWN_HOSTS);
    return;
  }
  idle_ssh_paths all = paths_field(L, "known_hosts");
  if (all.count == 0) luaL_error(L, "option 'known_hosts' of ssh.connect lists no path");
  options->known_hosts = all.paths[0];
  options->more_known_hosts = (idle_ssh_paths){all.paths + 1, all.count - 1};
}

static bool boolean_field(lua_State *L, const char *name, bool otherwise) {
  bool value = lua_getfield(L, TABLE, name) == LUA_TNIL ? otherwise : lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

/* A secret or a string; the value stays on the stack. [-0, +1, v]
 * Returns: false if it is a secret that was closed. */
static bool secret_field(lua_State *L, const char *name, const char **text) {
  lua_getfield(L, TABLE, name);
  if (luaL_testudata(L, -1, IDLE_SECRET) == NULL) {
    lua_pop(L, 1);
    *text = string_field(L, name, NULL);
    return true;
  }
  const idle_secret *secret = idle_secret_test(L, -1);
  if (secret == NULL) return false;
  *text = idle_secret_bytes(secret);
  if (strlen(*text) != idle_secret_size(secret)) luaL_error(L, "option '%s' of ssh.connect holds a zero byte", name);
  return true;
}

static const char *default_user(lua_State *L) {
  const struct passwd *account = getpwuid(getuid());
  return lua_pushstring(L, account == NULL ? "root" : account->pw_name);
}

static lua_Integer integer_field(lua_State *L, const char *name, lua_Integer otherwise) {
  int is_integer = 1;
  lua_Integer value = lua_getfield(L, TABLE, name) == LUA_TNIL ? otherwise : lua_tointegerx(L, -1, &is_integer);
  lua_pop(L, 1);
  if (!is_integer) luaL_error(L, "option '%s' of ssh.connect must be an integer", name);
  return value;
}

/* Of a number that is never 0; one that fits no int is too large for anything. */
static int number_field(lua_State *L, const char *name) {
  lua_Integer value = integer_field(L, name, 0);
  bool is_given = lua_getfield(L, TABLE, name) != LUA_TNIL;
  lua_pop(L, 1);
  if (is_given && value == 0) luaL_error(L, "option '%s' of ssh.connect must not be 0", name);
  return value < -1 ? -1 : value > INT32_MAX ? INT32_MAX : (int)value;
}

static int64_t timeout_field(lua_State *L) {
  lua_getfield(L, TABLE, "timeout_ms");
  if (!lua_isnumber(L, -1)) luaL_error(L, "option 'timeout_ms' of ssh.connect must be a number");
  double timeout_ms = idle_ssh_check_timeout(L, -1);
  lua_pop(L, 1);
  return (int64_t)timeout_ms;
}

int idle_ssh_options_read(lua_State *L, idle_ssh_options *options) {
  luaL_checktype(L, TABLE, LUA_TTABLE);
  luaL_checkstack(L, 24, "not enough memory");
  check_names(L);
  *options = (idle_ssh_options){.timeout_ms = timeout_field(L)};
  lua_Integer port = integer_field(L, "port", DEFAULT_PORT);
  options->port = port >= 0 && port <= 65536 ? (int)port : 0;
  options->host = string_field(L, "host", NULL);
  if (options->host == NULL) return luaL_error(L, "option 'host' of ssh.connect is missing");
  options->user = string_field(L, "user", NULL);
  if (options->user == NULL) options->user = default_user(L);
  options->identity_file = string_field(L, "identity_file", NULL);
  options->identity_files = paths_field(L, "identity_files");
  options->identities_only = boolean_field(L, "identities_only", false);
  options->use_agent = boolean_field(L, "agent", true);
  options->agent_socket = string_field(L, "agent_socket", NULL);
  known_hosts_field(L, options);
  options->host_key_alias = string_field(L, "host_key_alias", NULL);
  options->host_key = string_field(L, "host_key", NULL);
  options->accept_new = boolean_field(L, "accept_new", false);
  options->alive_interval_ms = number_field(L, "alive_interval_ms");
  options->alive_count_max = number_field(L, "alive_count_max");
  if (secret_field(L, "passphrase", &options->passphrase) && secret_field(L, "password", &options->password)) return 0;
  return idle_fail(L, "secret.closed", "the passphrase or password was closed before '%s' was connected to",
                   options->host);
}
