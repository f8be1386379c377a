/* idle.lines: how often each line of the script's files ran, for coverage.
 * Documented in lua/idle/meta/lines.lua. */
#include "hook.h"
#include "modules.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LINES "idle.lines"

/* Where the registry keeps the Lines, and a function of every source: that keeps
 * the string, by whose address the source is known, where it is. */
static const char instance, anchors;

typedef struct {
  const char *source; /* NULL: a free place in the table */
  bool is_file;       /* others are not counted */
  uint32_t *hits;     /* by line; owned */
  uint32_t *begun;    /* by line: those of functions that begin there; owned */
  int size;
} Source;

typedef struct {
  Source *sources; /* a hash table by address, never more than half full; owned */
  size_t capacity; /* a power of two, or 0 */
  size_t count;
  Source *last; /* the one that was counted last; NULL: none */
} Lines;

/* The place of a source, or the free one where it belongs. */
static Source *find(const Lines *lines, const char *source) {
  size_t mask = lines->capacity - 1, i = ((uintptr_t)source >> 4) & mask;
  while (lines->sources[i].source != NULL && lines->sources[i].source != source) i = (i + 1) & mask;
  return &lines->sources[i];
}

static void check_memory(lua_State *L, const void *memory) {
  if (memory == NULL) luaL_error(L, "not enough memory to count lines");
}

/* [-0, +0, e] */
static void grow(lua_State *L, Lines *lines) {
  Lines grown = {.capacity = lines->capacity == 0 ? 64 : lines->capacity * 2, .count = lines->count};
  grown.sources = calloc(grown.capacity, sizeof *grown.sources);
  check_memory(L, grown.sources);
  for (size_t i = 0; i < lines->capacity; i++)
    if (lines->sources[i].source != NULL) *find(&grown, lines->sources[i].source) = lines->sources[i];
  free(lines->sources);
  *lines = grown;
}

/* [-0, +0, e] */
static void anchor(lua_State *L, lua_Debug *frame) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &anchors);
  lua_getinfo(L, "f", frame);
  lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  lua_pop(L, 1);
}

/* [-0, +0, e] */
static Source *source_of(lua_State *L, Lines *lines, lua_Debug *frame) {
  if (lines->last != NULL && lines->last->source == frame->source) return lines->last;
  if (lines->count * 2 >= lines->capacity) grow(L, lines);
  Source *source = find(lines, frame->source);
  if (source->source == NULL) {
    anchor(L, frame);
    *source = (Source){.source = frame->source, .is_file = frame->source[0] == '@'};
    lines->count++;
  }
  lines->last = source;
  return source;
}

/* [-0, +0, e] */
static void enlarge(lua_State *L, uint32_t **counts, int from, int to) {
  uint32_t *larger = realloc(*counts, (size_t)to * sizeof *larger);
  check_memory(L, larger);
  memset(larger + from, 0, (size_t)(to - from) * sizeof *larger);
  *counts = larger;
}

/* [-0, +0, e] */
static void make_room(lua_State *L, Source *source, int line) {
  int size = line * 2 + 64;
  enlarge(L, &source->hits, source->size, size);
  enlarge(L, &source->begun, source->size, size);
  source->size = size;
}

static void count(uint32_t *number) {
  if (*number < UINT32_MAX) (*number)++;
}

static void on_line(lua_State *L, lua_Debug *frame, void *context) {
  lua_getinfo(L, "S", frame);
  Source *source = source_of(L, context, frame);
  int line = frame->currentline;
  if (!source->is_file || line < 0) return; /* a stripped function has no lines */
  if (line >= source->size) make_room(L, source, line);
  count(&source->hits[line]);
  if (frame->linedefined == line) count(&source->begun[line]);
}

static int lines_count(lua_State *L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &instance) != LUA_TNIL) return 0;
  Lines *lines = lua_newuserdatauv(L, sizeof *lines, 0);
  *lines = (Lines){0};
  luaL_setmetatable(L, LINES);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &instance);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &anchors);
  idle_hook_lines(L, on_line, lines);
  return 0;
}

/* Sets a field of the table on top. [-0, +0, m] */
static void set_counts(lua_State *L, const char *name, const uint32_t *counts, int size) {
  lua_newtable(L);
  for (int line = 0; line < size; line++) {
    if (counts[line] == 0) continue;
    lua_pushinteger(L, counts[line]);
    lua_rawseti(L, -2, line);
  }
  lua_setfield(L, -2, name);
}

static int lines_hits(lua_State *L) {
  lua_newtable(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &instance);
  const Lines *lines = lua_touserdata(L, -1);
  lua_pop(L, 1);
  for (size_t i = 0; lines != NULL && i < lines->capacity; i++) {
    const Source *source = &lines->sources[i];
    if (!source->is_file) continue;
    /* The same file may have been loaded more than once. */
    lua_createtable(L, 0, 3);
    lua_pushstring(L, source->source + 1);
    lua_setfield(L, -2, "path");
    set_counts(L, "hits", source->hits, source->size);
    set_counts(L, "begun", source->begun, source->size);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
  return 1;
}

/* Finalizers still run, and their lines, when the state is closed. */
static int lines_gc(lua_State *L) {
  Lines *lines = luaL_checkudata(L, 1, LINES);
  idle_hook_lines(L, NULL, NULL);
  for (size_t i = 0; i < lines->capacity; i++) {
    free(lines->sources[i].hits);
    free(lines->sources[i].begun);
  }
  free(lines->sources);
  *lines = (Lines){0};
  return 0;
}

static const luaL_Reg functions[] = {{"count", lines_count}, {"hits", lines_hits}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__gc", lines_gc}, {NULL, NULL}};

int luaopen_idle_lines(lua_State *L) {
  luaL_newmetatable(L, LINES);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, functions);
  return 1;
}
