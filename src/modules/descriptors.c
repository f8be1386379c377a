#include "descriptors.h"

#include <dirent.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* More are not compared; a program that has so many leaks no single one. */
enum { MOST = 1024 };

typedef struct {
  int fd;
  dev_t device;
  ino_t inode; /* with these a number that was closed and given away again is another file */
} Descriptor;

typedef struct {
  size_t count;
  Descriptor open[];
} Snapshot;

/* Returns: how many were found; 0: /proc is missing. */
static size_t read_all(Descriptor *open) {
  DIR *folder = opendir("/proc/self/fd");
  if (folder == NULL) return 0;
  size_t count = 0;
  const struct dirent *entry;
  while (count < MOST && (entry = readdir(folder)) != NULL) {
    int fd = (int)strtol(entry->d_name, NULL, 10);
    struct stat status;
    if (entry->d_name[0] == '.' || fd == dirfd(folder) || fstat(fd, &status) != 0) continue;
    open[count++] = (Descriptor){fd, status.st_dev, status.st_ino};
  }
  closedir(folder);
  return count;
}

int idle_descriptors_take(lua_State *L) {
  Descriptor open[MOST];
  size_t count = read_all(open);
  if (count == 0) return 0;
  Snapshot *snapshot = lua_newuserdatauv(L, sizeof *snapshot + count * sizeof *open, 0);
  snapshot->count = count;
  for (size_t i = 0; i < count; i++) snapshot->open[i] = open[i];
  return 1;
}

static bool has(const Snapshot *snapshot, Descriptor wanted) {
  for (size_t i = 0; i < snapshot->count; i++) {
    Descriptor open = snapshot->open[i];
    if (open.fd == wanted.fd) return open.device == wanted.device && open.inode == wanted.inode;
  }
  return false;
}

/* [-0, +1, m] */
static void push_descriptor(lua_State *L, int fd) {
  char path[64], target[256];
  (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(path, target, sizeof target);
  lua_createtable(L, 0, 2);
  lua_pushinteger(L, fd);
  lua_setfield(L, -2, "fd");
  lua_pushlstring(L, target, size < 0 ? 0 : (size_t)size);
  lua_setfield(L, -2, "target");
}

int idle_descriptors_added(lua_State *L) {
  const Snapshot *before = lua_touserdata(L, 1);
  luaL_argexpected(L, before != NULL, 1, "snapshot");
  Descriptor open[MOST];
  size_t count = read_all(open);
  lua_newtable(L);
  lua_Integer found = 0;
  for (size_t i = 0; i < count; i++) {
    if (has(before, open[i])) continue;
    push_descriptor(L, open[i].fd);
    lua_rawseti(L, -2, ++found);
  }
  return 1;
}
