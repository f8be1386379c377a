/* A Lua value to CLIXML as PowerShell's PSSerializer.Deserialize reads it. */
#include "clixml.h"
#include "clixml_output.h"
#include "fail.h"
#include "named.h"
#include "secret.h"
#include "secret_object.h"
#include "utf8.h"

#include <inttypes.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OUTPUT "idle.clixml.output"
#define MAX_DEPTH 100
#define MAX_KEY_SHOWN 60 /* bytes of a key in a message */

/* Where a value stands: what leads to it from the root. */
typedef struct Place {
  const struct Place *up;
  const void *table; /* that it is an item of */
  const char *key;   /* NULL in a list */
  size_t key_size;
  lua_Integer index;
  int depth;
} Place;

typedef struct {
  idle_clixml_output xml;
  bool takes_secrets;    /* and writes their clear text */
  const char *root_name; /* begins every path; borrowed from the options */
} Output;

static bool write_value(lua_State *L, Output *output, int index, const char *name, const Place *place);

/* [-0, +0, m] on the buffer's terms */
static void add_key(luaL_Buffer *path, const Place *place, bool is_first) {
  bool is_plain = place->key_size > 0 && strspn(place->key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                            "0123456789_") == place->key_size;
  size_t shown = place->key_size < MAX_KEY_SHOWN ? place->key_size : MAX_KEY_SHOWN;
  luaL_addstring(path, !is_plain ? "[\"" : is_first ? "" : ".");
  luaL_addlstring(path, place->key, shown);
  luaL_addstring(path, is_plain ? "" : "\"]");
}

static void add_place(luaL_Buffer *path, const Place *place) {
  if (place->up == NULL) return;
  add_place(path, place->up);
  if (place->key != NULL) {
    add_key(path, place, luaL_bufflen(path) == 0);
    return;
  }
  char index[32];
  snprintf(index, sizeof index, "[%" PRId64 "]", (int64_t)place->index);
  luaL_addstring(path, index);
}

/* Pushes nil and an error that names the place; false lets every caller return. [-0, +2, m] */
static bool refuse(lua_State *L, const Output *output, const Place *place, const char *problem) {
  luaL_Buffer path;
  luaL_buffinit(L, &path);
  luaL_addstring(&path, output->root_name);
  add_place(&path, place);
  if (luaL_bufflen(&path) == 0) luaL_addstring(&path, "the value");
  luaL_pushresult(&path);
  idle_fail(L, "input.parameter", "%s: %s", lua_tostring(L, -1), problem);
  return false;
}

static bool write_string(lua_State *L, Output *output, int index, const char *name, const Place *place) {
  size_t size;
  const char *text = lua_tolstring(L, index, &size);
  size_t bad = idle_utf8_check(text, size);
  if (bad < size) {
    lua_pushfstring(L, "the string is not UTF-8 from byte %d on; wrap bytes in idle.bytes", (int)bad + 1);
    return refuse(L, output, place, lua_tostring(L, -1));
  }
  idle_clixml_put_text(&output->xml, name, text, size);
  return true;
}

static bool write_bytes(lua_State *L, Output *output, int index, const char *name, const Place *place) {
  if (lua_rawgeti(L, index, 1) != LUA_TSTRING) return refuse(L, output, place, "idle.bytes without a string");
  size_t size;
  const char *bytes = lua_tolstring(L, -1, &size);
  idle_clixml_put_bytes(&output->xml, name, bytes, size);
  lua_pop(L, 1);
  return true;
}

static bool write_secret(lua_State *L, Output *output, const idle_secret *secret, const char *name,
                         const Place *place) {
  const char *text = idle_secret_bytes(secret);
  size_t size = idle_secret_size(secret);
  if (!output->takes_secrets) return refuse(L, output, place, "a secret must not be sent here");
  if (idle_utf8_check(text, size) < size) return refuse(L, output, place, "the secret is not UTF-8");
  idle_clixml_put_text(&output->xml, name, text, size);
  return true;
}

typedef struct {
  size_t items;
  size_t positions; /* of them, those with a key from 1 to the number of items... */
  size_t texts;     /* ...and those with a string as key */
} Keys;

static Keys count_keys(lua_State *L, int index) {
  Keys keys = {0};
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
    keys.items++;
    if (lua_type(L, -2) == LUA_TSTRING) keys.texts++;
  }
  for (size_t i = 1; i <= keys.items - keys.texts; i++) {
    bool is_there = lua_rawgeti(L, index, (lua_Integer)i) != LUA_TNIL;
    lua_pop(L, 1);
    if (!is_there) break;
    keys.positions++;
  }
  return keys;
}

typedef struct {
  const char *text;
  size_t size;
} Key;

static int compare_keys(const void *a, const void *b) {
  const Key *left = a, *right = b;
  int order = memcmp(left->text, right->text, left->size < right->size ? left->size : right->size);
  return order != 0 ? order : (left->size > right->size) - (left->size < right->size);
}

/* Pushes an array of the string keys, sorted: the same value gives the same
 * document. The keys are the table's. [-0, +1, m] */
static Key *push_sorted_keys(lua_State *L, int index, size_t count) {
  Key *keys = lua_newuserdatauv(L, (count + 1) * sizeof *keys, 0);
  size_t i = 0;
  for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1), i++) keys[i].text = lua_tolstring(L, -2, &keys[i].size);
  qsort(keys, count, sizeof *keys, compare_keys);
  return keys;
}

static bool write_list(lua_State *L, Output *output, int index, const char *name, Place *place, size_t count) {
  idle_clixml_put_list_start(&output->xml, name);
  for (place->index = 1; place->index <= (lua_Integer)count; place->index++) {
    lua_rawgeti(L, index, place->index);
    if (!write_value(L, output, lua_gettop(L), NULL, place)) return false;
    lua_pop(L, 1);
  }
  idle_clixml_put_list_end(&output->xml);
  return true;
}

static bool write_entry(lua_State *L, Output *output, int map, const Place *place) {
  lua_pushlstring(L, place->key, place->key_size);
  int key = lua_gettop(L);
  idle_clixml_put_start(&output->xml, "En");
  if (!write_string(L, output, key, "Key", place)) return false;
  lua_rawget(L, map);
  if (!write_value(L, output, key, "Value", place)) return false;
  idle_clixml_put_end(&output->xml, "En");
  lua_pop(L, 1);
  return true;
}

static bool write_map(lua_State *L, Output *output, int index, const char *name, Place *place, size_t count) {
  idle_clixml_put_map_start(&output->xml, name);
  const Key *keys = push_sorted_keys(L, index, count);
  for (size_t i = 0; i < count; i++) {
    place->key = keys[i].text;
    place->key_size = keys[i].size;
    if (!write_entry(L, output, index, place)) return false;
  }
  lua_pop(L, 1);
  idle_clixml_put_map_end(&output->xml);
  return true;
}

static bool is_open(const Place *place, const void *table) {
  for (; place != NULL; place = place->up)
    if (place->table == table) return true;
  return false;
}

static bool write_table(lua_State *L, Output *output, int index, const char *name, const Place *up) {
  Place place = {.up = up, .table = lua_topointer(L, index), .depth = up->depth + 1};
  if (idle_is_named(L, index, IDLE_BYTES)) return write_bytes(L, output, index, name, up);
  if (is_open(up, place.table)) return refuse(L, output, up, "the table contains itself");
  if (place.depth > MAX_DEPTH) return refuse(L, output, up, "nested deeper than 100 tables");
  luaL_checkstack(L, 12, "CLIXML");
  bool is_marked = idle_is_named(L, index, IDLE_LIST);
  Keys keys = count_keys(L, index);
  if (keys.positions == keys.items && (is_marked || keys.items > 0))
    return write_list(L, output, index, name, &place, keys.items);
  if (is_marked) return refuse(L, output, up, "a list has only the keys 1 to n, without a gap; use idle.null");
  if (keys.texts == keys.items) return write_map(L, output, index, name, &place, keys.items);
  return refuse(L, output, up, "a table needs either strings as keys, or exactly the keys 1 to n");
}

/* Refuses what is no data: functions, threads, other userdata, closed secrets. */
static bool refuse_type(lua_State *L, Output *output, int index, const Place *place) {
  bool is_named = luaL_getmetafield(L, index, "__name") == LUA_TSTRING;
  lua_pushfstring(L, "a value of type %s can't be sent", is_named ? lua_tostring(L, -1) : luaL_typename(L, index));
  return refuse(L, output, place, lua_tostring(L, -1));
}

/* Writes the value at `index`, which is absolute.
 * name: attribute N; NULL in a list.
 * Returns: false if it can't be sent; nil and the error are then on top. */
static bool write_value(lua_State *L, Output *output, int index, const char *name, const Place *place) {
  const idle_secret *secret;
  switch (lua_type(L, index)) {
  case LUA_TNIL:
    idle_clixml_put_null(&output->xml, name);
    return true;
  case LUA_TBOOLEAN:
    idle_clixml_put_boolean(&output->xml, name, lua_toboolean(L, index));
    return true;
  case LUA_TNUMBER:
    if (lua_isinteger(L, index))
      idle_clixml_put_integer(&output->xml, name, lua_tointeger(L, index));
    else
      idle_clixml_put_float(&output->xml, name, lua_tonumber(L, index));
    return true;
  case LUA_TSTRING:
    return write_string(L, output, index, name, place);
  case LUA_TTABLE:
    return write_table(L, output, index, name, place);
  case LUA_TLIGHTUSERDATA:
    if (lua_touserdata(L, index) != NULL) return refuse_type(L, output, index, place);
    idle_clixml_put_null(&output->xml, name);
    return true;
  default:
    secret = idle_secret_test(L, index);
    return secret != NULL ? write_secret(L, output, secret, name, place) : refuse_type(L, output, index, place);
  }
}

/* __close and __gc. */
static int free_output(lua_State *L) {
  Output *output = luaL_checkudata(L, 1, OUTPUT);
  idle_buffer_free(&output->xml.bytes);
  return 0;
}

/* Reads the options at index 2. */
static void read_options(lua_State *L, Output *output) {
  lua_getfield(L, 2, "secrets");
  output->takes_secrets = lua_toboolean(L, -1);
  lua_getfield(L, 2, "name");
  output->root_name = luaL_optstring(L, -1, ""); /* the table at 2 keeps it */
  lua_pop(L, 2);
}

int idle_clixml_encode(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 2);
  Output *output = lua_newuserdatauv(L, sizeof *output, 0);
  *output = (Output){.root_name = ""};
  luaL_setmetatable(L, OUTPUT);
  lua_toclose(L, -1);
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    read_options(L, output);
  }
  Place root = {0};
  idle_clixml_put_header(&output->xml);
  if (!write_value(L, output, 1, NULL, &root)) return 2;
  idle_clixml_put_footer(&output->xml);
  if (output->xml.is_short) return luaL_error(L, "not enough memory");
  lua_pushlstring(L, idle_buffer_bytes(&output->xml.bytes), idle_buffer_size(&output->xml.bytes));
  return 1;
}

static const luaL_Reg meta[] = {{"__gc", free_output}, {"__close", free_output}, {NULL, NULL}};

void idle_clixml_open_encode(lua_State *L) {
  luaL_newmetatable(L, OUTPUT);
  luaL_setfuncs(L, meta, 0);
  lua_pop(L, 1);
}
