/* idle.file: the few things with files that Lua's io can't do, or does without
 * saying when it is durable. Documented in lua/idle/meta/file.lua. */
#include "fail.h"
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <lauxlib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_HANDLE "idle.file.handle"
#define DEFAULT_READ_LIMIT ((lua_Integer)64 * 1024 * 1024)
#define READ_SIZE 65536

typedef struct {
  int fd; /* -1 once closed */
} Handle;

/* A path with a NUL in it would name another file. */
static const char *check_path(lua_State *L, int argument) {
  size_t size;
  const char *path = luaL_checklstring(L, argument, &size);
  luaL_argcheck(L, strlen(path) == size, argument, "a path must not contain a zero byte");
  return path;
}

/* Pushes a handle that is still closed. [-0, +1, m] */
static Handle *push_handle(lua_State *L) {
  Handle *handle = lua_newuserdatauv(L, sizeof *handle, 0);
  handle->fd = -1;
  luaL_setmetatable(L, FILE_HANDLE);
  return handle;
}

/* unlock(), __close and __gc: a second call finds -1 and does nothing. */
static int handle_close(lua_State *L) {
  Handle *handle = luaL_checkudata(L, 1, FILE_HANDLE);
  if (handle->fd >= 0) close(handle->fd);
  handle->fd = -1;
  return 0;
}

static int fail_open(lua_State *L, const char *path) {
  return idle_fail(L, "file.open", "cannot open '%s': %s", path, idle_reason(errno));
}

static int fail_write(lua_State *L, const char *path) {
  return idle_fail(L, "file.write", "cannot write '%s': %s", path, idle_reason(errno));
}

static bool write_all(int fd, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t written = write(fd, bytes, size);
    if (written < 0 && errno != EINTR) return false;
    if (written < 0) continue;
    bytes += written;
    size -= (size_t)written;
  }
  return true;
}

static int push_done(lua_State *L, bool is_done, const char *path) {
  if (!is_done) return fail_write(L, path);
  lua_pushboolean(L, 1);
  return 1;
}

static int file_append_synced(lua_State *L) {
  const char *path = check_path(L, 1);
  size_t size;
  const char *text = luaL_checklstring(L, 2, &size);
  Handle *handle = push_handle(L);
  lua_toclose(L, -1);
  handle->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (handle->fd < 0) return fail_open(L, path);
  return push_done(L, write_all(handle->fd, text, size) && fsync(handle->fd) == 0, path);
}

static int file_read(lua_State *L) {
  const char *path = check_path(L, 1);
  lua_Integer limit = luaL_optinteger(L, 2, DEFAULT_READ_LIMIT);
  Handle *handle = push_handle(L);
  lua_toclose(L, -1);
  handle->fd = open(path, O_RDONLY | O_CLOEXEC);
  if (handle->fd < 0) return fail_open(L, path);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (;;) {
    ssize_t got = read(handle->fd, luaL_prepbuffsize(&text, READ_SIZE), READ_SIZE);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return idle_fail(L, "file.read", "cannot read '%s': %s", path, idle_reason(errno));
    luaL_addsize(&text, (size_t)got);
    if (luaL_bufflen(&text) > (size_t)limit)
      return idle_fail(L, "file.too_large", "'%s' is larger than %I bytes", path, limit);
    if (got == 0) break;
  }
  luaL_pushresult(&text);
  return 1;
}

/* Whether the bytes are in a file of this name for good; else it is not there. */
static bool write_new(Handle *handle, char *temporary, const char *bytes, size_t size) {
  handle->fd = mkostemp(temporary, O_CLOEXEC); /* of mode 0600 */
  if (handle->fd < 0) return false;
  if (write_all(handle->fd, bytes, size) && fsync(handle->fd) == 0) return true;
  int reason = errno;
  unlink(temporary);
  errno = reason;
  return false;
}

static int file_write_private(lua_State *L) {
  const char *path = check_path(L, 1);
  size_t size;
  const char *text = luaL_checklstring(L, 2, &size);
  Handle *handle = push_handle(L);
  lua_toclose(L, -1);
  /* In the same folder, because a rename is atomic only within a file system. */
  char temporary[PATH_MAX];
  if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary) {
    errno = ENAMETOOLONG;
    return fail_write(L, path);
  }
  if (!write_new(handle, temporary, text, size)) return fail_write(L, path);
  bool is_renamed = rename(temporary, path) == 0;
  int reason = errno;
  if (!is_renamed) unlink(temporary);
  errno = reason;
  return push_done(L, is_renamed, path);
}

static int lock_file(lua_State *L, int operation) {
  const char *path = check_path(L, 1);
  Handle *handle = push_handle(L);
  handle->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (handle->fd < 0) return fail_open(L, path);
  while (flock(handle->fd, operation) != 0) {
    if (errno == EWOULDBLOCK) return idle_fail(L, "file.busy", "'%s' is locked by somebody else", path);
    if (errno != EINTR) return idle_fail(L, "file.open", "cannot lock '%s': %s", path, strerror(errno));
  }
  return 1;
}

static int file_lock(lua_State *L) { return lock_file(L, LOCK_EX); }

static int file_try_lock(lua_State *L) { return lock_file(L, LOCK_EX | LOCK_NB); }

static int file_mkdir(lua_State *L) {
  const char *path = check_path(L, 1);
  struct stat status;
  bool is_there = mkdir(path, 0700) == 0;
  if (!is_there && errno == EEXIST) is_there = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
  return push_done(L, is_there, path);
}

static int file_exists(lua_State *L) {
  struct stat status;
  lua_pushboolean(L, stat(check_path(L, 1), &status) == 0);
  return 1;
}

static int file_remove(lua_State *L) {
  const char *path = check_path(L, 1);
  return push_done(L, remove(path) == 0, path);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place) {
  (void)status, (void)type, (void)place;
  return remove(path);
}

static int file_remove_all(lua_State *L) {
  const char *path = check_path(L, 1);
  /* Links are removed, not followed. */
  bool is_removed = nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT;
  return push_done(L, is_removed, path);
}

/* As a protected call: (path). */
static int push_path(lua_State *L) {
  lua_pushstring(L, lua_touserdata(L, 1));
  return 1;
}

static int file_temp_dir(lua_State *L) {
  const char *prefix = check_path(L, 1);
  const char *parent = getenv("TMPDIR");
  if (parent == NULL || parent[0] == '\0') parent = "/tmp";
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/%sXXXXXX", parent, prefix) >= (int)sizeof path) {
    errno = ENAMETOOLONG;
    return fail_write(L, parent);
  }
  if (mkdtemp(path) == NULL) return fail_write(L, path);
  lua_pushcfunction(L, push_path);
  lua_pushlightuserdata(L, path);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return 1;
  (void)rmdir(path); /* no memory for its name: nobody would ever remove it */
  return lua_error(L);
}

static int file_real_path(lua_State *L) {
  const char *path = check_path(L, 1);
  char real[PATH_MAX];
  if (realpath(path, real) == NULL) return fail_open(L, path);
  lua_pushstring(L, real);
  return 1;
}

static const luaL_Reg functions[] = {
    {"append_synced", file_append_synced},
    {"exists", file_exists},
    {"lock", file_lock},
    {"mkdir", file_mkdir},
    {"read", file_read},
    {"real_path", file_real_path},
    {"remove", file_remove},
    {"remove_all", file_remove_all},
    {"temp_dir", file_temp_dir},
    {"try_lock", file_try_lock},
    {"write_private", file_write_private},
    {NULL, NULL},
};
static const luaL_Reg methods[] = {{"unlock", handle_close}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", handle_close}, {"__close", handle_close}, {NULL, NULL}};

int luaopen_idle_file(lua_State *L) {
  luaL_newmetatable(L, FILE_HANDLE);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
