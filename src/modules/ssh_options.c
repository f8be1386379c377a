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

static const char *const known[] = {"host",  "port",        "user",     "identity_file", "passphrase", "password",
                                    "agent", "known_hosts", "host_key", "timeout_ms",    "trace",      NULL};

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

static int64_t timeout_field(lua_State *L) {
  lua_getfield(L, TABLE, "timeout_ms");
  if (!lua_isnumber(L, -1)) luaL_error(L, "option 'timeout_ms' of ssh.connect must be a number");
  double timeout_ms = idle_ssh_check_timeout(L, -1);
  lua_pop(L, 1);
  return (int64_t)timeout_ms;
}

int idle_ssh_options_read(lua_State *L, idle_ssh_options *options) {
  luaL_checktype(L, TABLE, LUA_TTABLE);
  luaL_checkstack(L, 16, NULL);
  check_names(L);
  *options = (idle_ssh_options){.timeout_ms = timeout_field(L)};
  lua_Integer port = integer_field(L, "port", DEFAULT_PORT);
  options->port = port >= 0 && port <= 65536 ? (int)port : 0;
  options->host = string_field(L, "host", NULL);
  if (options->host == NULL) return luaL_error(L, "option 'host' of ssh.connect is missing");
  options->user = string_field(L, "user", NULL);
  if (options->user == NULL) options->user = default_user(L);
  options->identity_file = string_field(L, "identity_file", NULL);
  options->known_hosts = string_field(L, "known_hosts", DEFAULT_KNOWN_HOSTS);
  options->host_key = string_field(L, "host_key", NULL);
  options->use_agent = lua_getfield(L, TABLE, "agent") == LUA_TNIL || lua_toboolean(L, -1);
  if (secret_field(L, "passphrase", &options->passphrase) && secret_field(L, "password", &options->password)) return 0;
  return idle_fail(L, "secret.closed", "the passphrase or password was closed before '%s' was connected to",
                   options->host);
}
