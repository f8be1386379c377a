/* idle.json: JSON to Lua values and back. Documented in lua/idle/meta/json.lua. */
#include "base64.h"
#include "buffer.h"
#include "escape.h"
#include "fail.h"
#include "modules.h"
#include "named.h"
#include "utf8.h"

#include <jansson.h>
#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 100
#define WRITER "idle.json.writer"
#define DOCUMENT "idle.json.document"

typedef struct {
  idle_buffer out;
  int indent; /* blanks a level; 0: all on one line */
  int depth;
  const void *open[MAX_DEPTH]; /* the tables on the path to the value in hand */
  char path[256];              /* that path, for messages */
} Writer;

static bool write_value(lua_State *L, Writer *writer, int index);

static int writer_gc(lua_State *L) {
  Writer *writer = luaL_checkudata(L, 1, WRITER);
  idle_buffer_free(&writer->out);
  return 0;
}

/* Pushes why the value can't be written; false lets every caller return. [-0, +1, m] */
static bool refuse(lua_State *L, const Writer *writer, const char *what) {
  lua_pushfstring(L, "%s %s", writer->path[0] != '\0' ? writer->path : "the value", what);
  return false;
}

/* [-0, +(0|1), m] */
static bool put(lua_State *L, Writer *writer, const char *bytes, size_t size) {
  return idle_buffer_append(&writer->out, bytes, size) || refuse(L, writer, "needs more memory than there is");
}

/* Appends `.key` or `[index]` to the path. Returns: its former length. */
static size_t enter_path(lua_State *L, Writer *writer, int key) {
  size_t length = strlen(writer->path);
  char *end = writer->path + length;
  size_t room = sizeof writer->path - length;
  if (lua_type(L, key) == LUA_TNUMBER)
    snprintf(end, room, "[%lld]", (long long)lua_tointeger(L, key));
  else
    snprintf(end, room, "%s%s", length > 0 ? "." : "", lua_tostring(L, key));
  return length;
}

static bool put_escape(idle_buffer *out, uint32_t code) {
  char escape[16];
  int size = code < 0x10000 ? snprintf(escape, sizeof escape, "\\u%04x", (unsigned)code)
                            : snprintf(escape, sizeof escape, "\\u%04x\\u%04x", 0xD7C0 + (unsigned)(code >> 10),
                                       0xDC00 + (unsigned)(code & 0x3FF));
  return idle_buffer_append(out, escape, (size_t)size);
}

/* Takes what jansson writes. A document may end on a terminal, so what that would
 * obey or not show is written as an escape: it reads back as it was. */
static int append(const char *bytes, size_t size, void *out) {
  size_t kept = 0; /* before it all is written */
  for (size_t at = 0, length; at < size; at += length) {
    uint32_t code = 0;
    length = idle_utf8_decode(bytes + at, size - at, &code);
    if (length == 0) length = 1;
    if (code < 0x7F || !idle_is_unprintable(code)) continue;
    if (!idle_buffer_append(out, bytes + kept, at - kept) || !put_escape(out, code)) return -1;
    kept = at + length;
  }
  return idle_buffer_append(out, bytes + kept, size - kept) ? 0 : -1;
}

/* jansson writes what is below a table. */
static bool put_scalar(lua_State *L, Writer *writer, json_t *scalar, size_t flags) {
  int status = json_dump_callback(scalar, append, &writer->out, JSON_ENCODE_ANY | flags);
  json_decref(scalar);
  return status == 0 || refuse(L, writer, "needs more memory than there is");
}

/* jansson 2.14 always writes 17 digits, and 0.1 as 0.10000000000000001. */
static bool put_real(lua_State *L, Writer *writer, double number) {
  if (!isfinite(number)) return refuse(L, writer, "is not a finite number");
  size_t digits = 15;
  char text[40];
  for (; digits < 17; digits++) {
    snprintf(text, sizeof text, "%.*g", (int)digits, number);
    if (strtod(text, NULL) == number) break;
  }
  return put_scalar(L, writer, json_real(number), JSON_REAL_PRECISION(digits));
}

static bool put_string(lua_State *L, Writer *writer, int index) {
  size_t size;
  const char *bytes = lua_tolstring(L, index, &size);
  json_t *string = json_stringn(bytes, size);
  if (string == NULL) return refuse(L, writer, "is a string that is not UTF-8");
  return put_scalar(L, writer, string, 0);
}

static bool put_break(lua_State *L, Writer *writer) {
  if (writer->indent == 0) return true;
  char line[1 + MAX_DEPTH * 8] = "\n";
  size_t blanks = (size_t)(writer->indent * writer->depth);
  memset(line + 1, ' ', blanks);
  return put(L, writer, line, 1 + blanks);
}

/* JSON has no bytes; base64 is what everybody takes for them. */
static bool put_bytes(lua_State *L, Writer *writer, int index) {
  size_t size = 0;
  const char *bytes = lua_rawgeti(L, index, 1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : "";
  size_t length = idle_base64_length(size);
  char *text = idle_buffer_room(&writer->out, length + 2);
  if (text == NULL) return refuse(L, writer, "needs more memory than there is");
  text[0] = '"';
  idle_base64_encode(bytes, size, text + 1);
  text[length + 1] = '"';
  idle_buffer_added(&writer->out, length + 2);
  lua_pop(L, 1);
  return true;
}

/* Marked, or not empty and with exactly the keys 1 to n: as in engine/value.lua. */
static bool is_list(lua_State *L, int index) {
  if (idle_is_named(L, index, IDLE_LIST)) return true;
  lua_Unsigned length = lua_rawlen(L, index), count = 0;
  if (length == 0) return false;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1), count++) {
    if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 && (lua_Unsigned)lua_tointeger(L, -2) <= length) continue;
    lua_pop(L, 2);
    return false;
  }
  return count == length;
}

static bool put_list(lua_State *L, Writer *writer, int index) {
  lua_Integer length = (lua_Integer)lua_rawlen(L, index);
  if (!put(L, writer, "[", 1)) return false;
  for (lua_Integer i = 1; i <= length; i++) {
    if (i > 1 && !put(L, writer, ",", 1)) return false;
    if (!put_break(L, writer)) return false;
    lua_pushinteger(L, i);
    size_t former = enter_path(L, writer, -1);
    lua_rawgeti(L, index, i);
    if (!write_value(L, writer, lua_gettop(L))) return false;
    lua_pop(L, 2);
    writer->path[former] = '\0';
  }
  writer->depth--;
  bool is_done = (length == 0 || put_break(L, writer)) && put(L, writer, "]", 1);
  writer->depth++;
  return is_done;
}

static int compare_keys(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Pushes an array of the map's keys in order; they are borrowed from the map.
 * NULL: a key is no string, and the refusal was pushed. [-0, +1, m] */
static const char **push_sorted_keys(lua_State *L, const Writer *writer, int index, size_t *count) {
  *count = 0;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || strlen(lua_tostring(L, -2)) != lua_rawlen(L, -2)) {
      refuse(L, writer, "has a key that is not a text");
      return NULL;
    }
    ++*count;
  }
  const char **keys = lua_newuserdatauv(L, (*count + 1) * sizeof *keys, 0);
  size_t i = 0;
  for (lua_pushnil(L); i < *count && lua_next(L, index) != 0; lua_pop(L, 1)) keys[i++] = lua_tostring(L, -2);
  if (i == *count && *count > 0) lua_pop(L, 1); /* the key that the loop left for lua_next */
  qsort(keys, *count, sizeof *keys, compare_keys);
  return keys;
}

static bool put_entry(lua_State *L, Writer *writer, int map, const char *key) {
  lua_pushstring(L, key);
  size_t former = enter_path(L, writer, -1);
  if (!put_string(L, writer, lua_gettop(L))) return false;
  if (!put(L, writer, writer->indent > 0 ? ": " : ":", writer->indent > 0 ? 2 : 1)) return false;
  lua_rawget(L, map);
  if (!write_value(L, writer, lua_gettop(L))) return false;
  lua_pop(L, 1);
  writer->path[former] = '\0';
  return true;
}

static bool put_map(lua_State *L, Writer *writer, int index) {
  size_t count;
  const char **keys = push_sorted_keys(L, writer, index, &count);
  if (keys == NULL || !put(L, writer, "{", 1)) return false;
  for (size_t i = 0; i < count; i++) {
    if (i > 0 && !put(L, writer, ",", 1)) return false;
    if (!put_break(L, writer) || !put_entry(L, writer, index, keys[i])) return false;
  }
  lua_pop(L, 1);
  writer->depth--;
  bool is_done = (count == 0 || put_break(L, writer)) && put(L, writer, "}", 1);
  writer->depth++;
  return is_done;
}

static bool put_table(lua_State *L, Writer *writer, int index) {
  if (idle_is_named(L, index, IDLE_BYTES)) return put_bytes(L, writer, index);
  if (writer->depth == MAX_DEPTH) return refuse(L, writer, "is nested too deeply");
  const void *table = lua_topointer(L, index);
  for (int i = 0; i < writer->depth; i++)
    if (writer->open[i] == table) return refuse(L, writer, "contains itself");
  luaL_checkstack(L, 12, "JSON");
  writer->open[writer->depth++] = table;
  bool is_done = is_list(L, index) ? put_list(L, writer, index) : put_map(L, writer, index);
  writer->depth--;
  return is_done;
}

/* Appends the value at `index`, which is absolute. On false the reason is on
 * top of the stack. [-0, +(0|1), m] */
static bool write_value(lua_State *L, Writer *writer, int index) {
  switch (lua_type(L, index)) {
  case LUA_TBOOLEAN:
    return put_scalar(L, writer, json_boolean(lua_toboolean(L, index)), 0);
  case LUA_TNUMBER:
    if (lua_isinteger(L, index)) return put_scalar(L, writer, json_integer(lua_tointeger(L, index)), 0);
    return put_real(L, writer, lua_tonumber(L, index));
  case LUA_TSTRING:
    return put_string(L, writer, index);
  case LUA_TTABLE:
    return put_table(L, writer, index);
  case LUA_TNIL:
    return put_scalar(L, writer, json_null(), 0);
  case LUA_TLIGHTUSERDATA:
    if (lua_touserdata(L, index) == NULL) return put_scalar(L, writer, json_null(), 0);
    break;
  default:
    break;
  }
  bool is_named = luaL_getmetafield(L, index, "__name") == LUA_TSTRING;
  const char *name = is_named ? lua_tostring(L, -1) : luaL_typename(L, index);
  lua_pushfstring(L, "is a %s, which JSON can't hold", name);
  return refuse(L, writer, lua_tostring(L, -1));
}

static int indent_option(lua_State *L) {
  if (lua_isnoneornil(L, 2)) return 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_getfield(L, 2, "indent");
  lua_Integer indent = luaL_optinteger(L, -1, 0);
  luaL_argcheck(L, indent >= 0 && indent <= 8, 2, "indent must be 0 to 8");
  return (int)indent;
}

static int json_encode(lua_State *L) {
  luaL_checkany(L, 1);
  int indent = indent_option(L);
  Writer *writer = lua_newuserdatauv(L, sizeof *writer, 0);
  memset(writer, 0, sizeof *writer);
  luaL_setmetatable(L, WRITER);
  writer->indent = indent;
  if (!write_value(L, writer, 1)) return idle_fail(L, "input.parameter", "%s", lua_tostring(L, -1));
  lua_pushlstring(L, idle_buffer_bytes(&writer->out), idle_buffer_size(&writer->out));
  idle_buffer_free(&writer->out);
  return 1;
}

static int document_gc(lua_State *L) {
  json_t **document = luaL_checkudata(L, 1, DOCUMENT);
  json_decref(*document);
  *document = NULL;
  return 0;
}

static void push_value(lua_State *L, json_t *value);

static void push_array(lua_State *L, const json_t *array) {
  size_t size = json_array_size(array);
  lua_createtable(L, (int)size, 0);
  luaL_setmetatable(L, IDLE_LIST);
  for (size_t i = 0; i < size; i++) {
    push_value(L, json_array_get(array, i));
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void push_object(lua_State *L, json_t *object) {
  lua_createtable(L, 0, (int)json_object_size(object));
  for (void *member = json_object_iter(object); member != NULL; member = json_object_iter_next(object, member)) {
    push_value(L, json_object_iter_value(member));
    lua_setfield(L, -2, json_object_iter_key(member));
  }
}

/* jansson's own parser limits the depth. [-0, +1, e] */
static void push_value(lua_State *L, json_t *value) {
  luaL_checkstack(L, 8, "JSON");
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    push_object(L, value);
    break;
  case JSON_ARRAY:
    push_array(L, value);
    break;
  case JSON_STRING:
    lua_pushlstring(L, json_string_value(value), json_string_length(value));
    break;
  case JSON_INTEGER:
    lua_pushinteger(L, json_integer_value(value));
    break;
  case JSON_REAL:
    lua_pushnumber(L, json_real_value(value));
    break;
  case JSON_TRUE:
  case JSON_FALSE:
    lua_pushboolean(L, json_is_true(value));
    break;
  case JSON_NULL:
    lua_pushlightuserdata(L, NULL);
    break;
  }
}

static int json_decode(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  const char *source = luaL_optstring(L, 2, "JSON");
  json_t **document = lua_newuserdatauv(L, sizeof *document, 0);
  *document = NULL;
  luaL_setmetatable(L, DOCUMENT);
  json_error_t error;
  *document = json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
  if (*document == NULL)
    return idle_fail(L, "input.json", "%s, line %d, column %d: %s", source, error.line, error.column, error.text);
  push_value(L, *document);
  return 1;
}

static const luaL_Reg functions[] = {{"encode", json_encode}, {"decode", json_decode}, {NULL, NULL}};

/* A metatable that only frees. [-0, +0, m] */
static void make_metatable(lua_State *L, const char *name, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}

int luaopen_idle_json(lua_State *L) {
  make_metatable(L, WRITER, writer_gc);
  make_metatable(L, DOCUMENT, document_gc);
  luaL_newmetatable(L, IDLE_LIST);
  luaL_newlib(L, functions);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  return 1;
}
