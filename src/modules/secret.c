/* idle.secret: passwords that scripts hand on without seeing them. Documented in lua/idle/meta/secret.lua. */
#include "fail.h"
#include "modules.h"
#include "secret_object.h"

#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SIZE 65536 /* the longest that is read from a file */

typedef struct {
  idle_secret *secret; /* NULL once closed */
} Box;

const idle_secret *idle_secret_test(lua_State *L, int index) {
  Box *box = luaL_testudata(L, index, IDLE_SECRET);
  return box != NULL ? box->secret : NULL;
}

/* Pushes a box that is still closed. [-0, +1, m] */
static Box *push_box(lua_State *L) {
  Box *box = lua_newuserdatauv(L, sizeof *box, 0);
  box->secret = NULL;
  luaL_setmetatable(L, IDLE_SECRET);
  return box;
}

static int fill_box(lua_State *L, Box *box, const char *bytes, size_t size) {
  box->secret = idle_secret_new(bytes, size);
  return box->secret != NULL ? 1 : luaL_error(L, "not enough memory");
}

static int secret_new(lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  return fill_box(L, push_box(L), bytes, size);
}

/* The environment block is readable in /proc for the life of the process, also
 * after unsetenv: hence the wiping. */
static int secret_from_env(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  Box *box = push_box(L);
  char *text = getenv(name);
  if (text == NULL)
    return idle_fail(L, "secret.missing", "environment variable '%s' is not set; it should hold a secret", name);
  size_t size = strlen(text);
  if (size == 0)
    return idle_fail(L, "secret.missing", "environment variable '%s' is empty; it should hold a secret", name);
  box->secret = idle_secret_new(text, size);
  if (box->secret == NULL) return luaL_error(L, "not enough memory");
  idle_wipe(text, size);
  unsetenv(name);
  return 1;
}

/* Reads up to `room` bytes. Returns: how many, or -1 with errno. */
static ssize_t read_all(int fd, char *bytes, size_t room) {
  size_t size = 0;
  while (size < room) {
    ssize_t got = read(fd, bytes + size, room - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    size += (size_t)got;
  }
  return (ssize_t)size;
}

/* Editors and echo end a file with a line feed that belongs to no password. */
static size_t without_line_end(const char *bytes, size_t size) {
  if (size > 0 && bytes[size - 1] == '\n') size--;
  if (size > 0 && bytes[size - 1] == '\r') size--;
  return size;
}

/* others: the mode bits that show a file to others than its reader.
 * Returns: NULL: the file may be used; else why not. */
static const char *objection_to(int fd, mode_t others) {
  struct stat file;
  if (fstat(fd, &file) != 0) return strerror(errno);
  if (!S_ISREG(file.st_mode)) return "it is not a regular file";
  if ((file.st_mode & others) != 0) return "others can read it; use chmod 600";
  return file.st_size > MAX_SIZE ? "it is longer than 64 KiB" : NULL;
}

static int read_secret(lua_State *L, const char *path, mode_t others) {
  Box *box = push_box(L);
  char bytes[MAX_SIZE];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return idle_fail(L, "secret.read", "cannot open secret file '%s': %s", path, strerror(errno));
  const char *objection = objection_to(fd, others);
  ssize_t size = objection == NULL ? read_all(fd, bytes, sizeof bytes) : 0;
  int error = errno;
  close(fd);
  if (objection != NULL) return idle_fail(L, "secret.unsafe", "secret file '%s' is not used: %s", path, objection);
  if (size < 0) return idle_fail(L, "secret.read", "cannot read secret file '%s': %s", path, strerror(error));
  size_t length = without_line_end(bytes, (size_t)size);
  if (length == 0) return idle_fail(L, "secret.missing", "secret file '%s' is empty; it should hold a secret", path);
  box->secret = idle_secret_new(bytes, length);
  idle_wipe(bytes, (size_t)size);
  return box->secret != NULL ? 1 : luaL_error(L, "not enough memory");
}

static int secret_from_file(lua_State *L) { return read_secret(L, luaL_checkstring(L, 1), S_IRWXG | S_IRWXO); }

static int secret_from_credential(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  luaL_argcheck(L, *name != '\0' && strchr(name, '/') == NULL, 1, "a credential's name has no slash");
  const char *folder = getenv("CREDENTIALS_DIRECTORY");
  if (folder == NULL)
    return idle_fail(L, "secret.missing",
                     "no credential '%s': $CREDENTIALS_DIRECTORY is not set; is this a systemd service with "
                     "LoadCredential?",
                     name);
  /* systemd lets the account of the service read root's file by an access list,
   * the mask of which looks like the bits of a group. */
  return read_secret(L, lua_pushfstring(L, "%s/%s", folder, name), S_IRWXO);
}

static int secret_tostring(lua_State *L) {
  luaL_checkudata(L, 1, IDLE_SECRET);
  lua_pushliteral(L, "[REDACTED]");
  return 1;
}

/* close(), __close and __gc: a second call finds NULL and does nothing. */
static int secret_close(lua_State *L) {
  Box *box = luaL_checkudata(L, 1, IDLE_SECRET);
  idle_secret_free(box->secret);
  box->secret = NULL;
  return 0;
}

static const luaL_Reg functions[] = {{"new", secret_new},
                                     {"from_env", secret_from_env},
                                     {"from_file", secret_from_file},
                                     {"from_credential", secret_from_credential},
                                     {NULL, NULL}};
static const luaL_Reg methods[] = {{"close", secret_close}, {NULL, NULL}};
static const luaL_Reg meta[] = {
    {"__gc", secret_close}, {"__close", secret_close}, {"__tostring", secret_tostring}, {NULL, NULL}};

int luaopen_idle_secret(lua_State *L) {
  luaL_newmetatable(L, IDLE_SECRET);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
