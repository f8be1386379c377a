/* A tree of CLIXML elements to a Lua value. */
#include "base64.h"
#include "clixml.h"
#include "clixml_scalar.h"
#include "clixml_tree.h"
#include "fail.h"
#include "named.h"
#include "utf8.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT "idle.clixml.document"
#define DEFAULT_MAX_DEPTH 100
#define HIGHEST_MAX_DEPTH 300 /* three elements a level; the tree allows 1000 */
#define MAX_VALUES 4000000
#define TOO_MANY "too many values"
#define REDACTED "[REDACTED]"

/* Stack slots. */
enum { XML = 1, MAX_DEPTH, TREE, OBJECTS, WEIGHTS, ENUMS };

typedef idle_clixml_node Node;

typedef struct {
  int depth, max_depth;
  size_t values; /* read so far, those that a Ref repeats included */
} Reader;

/* Pushes the value of a node. Else pushes why there is none and returns false,
 * as does whoever called. */
static bool push_value(lua_State *L, Reader *reader, const Node *node);

/* Pushes what is wrong and where. [-0, +1, m] */
static bool refuse(lua_State *L, const Node *node, const char *problem) {
  lua_pushfstring(L, "line %d, column %d, <%s>: %s", (int)node->line, (int)node->column,
                  idle_clixml_element_name(node->element), problem);
  return false;
}

static void push_null(lua_State *L) { lua_pushlightuserdata(L, NULL); }

static bool push_text(lua_State *L, const Node *node) {
  lua_pushlstring(L, node->text, node->text_size);
  return true;
}

/* For types that can't hold a zero byte: nothing, if there is one. */
static const char *plain_text(const Node *node) { return strlen(node->text) == node->text_size ? node->text : ""; }

static bool push_integer(lua_State *L, const Node *node) {
  int64_t integer;
  if (!idle_clixml_integer(plain_text(node), &integer)) return refuse(L, node, "not an integer of 64 bits");
  lua_pushinteger(L, integer);
  return true;
}

static bool push_float(lua_State *L, const Node *node) {
  const char *text = plain_text(node);
  lua_Number number = strcmp(text, "INF") == 0 ? HUGE_VAL : strcmp(text, "-INF") == 0 ? -HUGE_VAL : (lua_Number)NAN;
  if (isnan(number) && strcmp(text, "NaN") != 0) {
    if (strpbrk(text, "xX") != NULL || lua_stringtonumber(L, text) == 0) return refuse(L, node, "not a number");
    /* The text of an integer, too, is a float; -0 as an integer loses its sign. */
    number = copysign(lua_tonumber(L, -1), text[0] == '-' ? -1.0 : 1.0);
    lua_pop(L, 1);
  }
  lua_pushnumber(L, number);
  return true;
}

static bool push_boolean(lua_State *L, const Node *node) {
  bool is_true = strcmp(plain_text(node), "true") == 0;
  if (!is_true && strcmp(plain_text(node), "false") != 0) return refuse(L, node, "neither true nor false");
  lua_pushboolean(L, is_true);
  return true;
}

static bool push_char(lua_State *L, const Node *node) {
  int64_t unit;
  char bytes[4];
  if (!idle_clixml_integer(plain_text(node), &unit) || unit < 0 || unit > 0xFFFF)
    return refuse(L, node, "not a character");
  lua_pushlstring(L, bytes, idle_utf8_encode((uint32_t)unit, bytes));
  return true;
}

static bool push_timespan(lua_State *L, const Node *node) {
  char timespan[IDLE_TIMESPAN_SIZE];
  if (!idle_clixml_timespan(plain_text(node), timespan)) return refuse(L, node, "not a time span");
  lua_pushstring(L, timespan);
  return true;
}

static bool push_bytes(lua_State *L, const Node *node) {
  luaL_Buffer bytes;
  size_t size;
  lua_createtable(L, 1, 0);
  luaL_setmetatable(L, IDLE_BYTES);
  char *room = luaL_buffinitsize(L, &bytes, node->text_size / 4 * 3 + 3);
  bool is_base64 = idle_base64_decode(node->text, node->text_size, room, &size);
  luaL_pushresultsize(&bytes, is_base64 ? size : 0);
  if (!is_base64) return refuse(L, node, "not base64");
  lua_rawseti(L, -2, 1);
  return true;
}

static bool push_redacted(lua_State *L, const Node *node) {
  (void)node;
  lua_pushliteral(L, REDACTED);
  return true;
}

static bool push_nothing(lua_State *L, const Node *node) {
  (void)node;
  push_null(L);
  return true;
}

typedef bool (*PushPrimitive)(lua_State *L, const Node *node);

static const PushPrimitive primitives[IDLE_CLIXML_UNKNOWN] = {
    [IDLE_CLIXML_B] = push_boolean,   [IDLE_CLIXML_BA] = push_bytes,    [IDLE_CLIXML_By] = push_integer,
    [IDLE_CLIXML_C] = push_char,      [IDLE_CLIXML_D] = push_text,      [IDLE_CLIXML_DT] = push_text,
    [IDLE_CLIXML_Db] = push_float,    [IDLE_CLIXML_G] = push_text,      [IDLE_CLIXML_I16] = push_integer,
    [IDLE_CLIXML_I32] = push_integer, [IDLE_CLIXML_I64] = push_integer, [IDLE_CLIXML_Nil] = push_nothing,
    [IDLE_CLIXML_PR] = push_nothing,  [IDLE_CLIXML_S] = push_text,      [IDLE_CLIXML_SB] = push_integer,
    [IDLE_CLIXML_SBK] = push_text,    [IDLE_CLIXML_SS] = push_redacted, [IDLE_CLIXML_Sg] = push_float,
    [IDLE_CLIXML_TS] = push_timespan, [IDLE_CLIXML_U16] = push_integer, [IDLE_CLIXML_U32] = push_integer,
    [IDLE_CLIXML_U64] = push_text,    [IDLE_CLIXML_URI] = push_text,    [IDLE_CLIXML_Version] = push_text,
    [IDLE_CLIXML_XD] = push_text,
};

/* What was found between <Obj> and </Obj>; NULL = not there. */
typedef struct {
  const Node *type, *to_string, *primitive, *list, *dictionary, *adapted, *extended;
} Parts;

/* Returns: where the part belongs, or NULL. */
static const Node **part_slot(Parts *parts, idle_clixml_element element) {
  switch (element) {
  case IDLE_CLIXML_TN:
  case IDLE_CLIXML_TNRef:
    return &parts->type;
  case IDLE_CLIXML_ToString:
    return &parts->to_string;
  case IDLE_CLIXML_LST:
  case IDLE_CLIXML_IE:
  case IDLE_CLIXML_QUE:
  case IDLE_CLIXML_STK:
    return &parts->list;
  case IDLE_CLIXML_DCT:
    return &parts->dictionary;
  case IDLE_CLIXML_Props:
    return &parts->adapted;
  case IDLE_CLIXML_MS:
    return &parts->extended;
  default:
    return primitives[element] != NULL || element == IDLE_CLIXML_Obj || element == IDLE_CLIXML_Ref ? &parts->primitive
                                                                                                   : NULL;
  }
}

static bool take_apart(lua_State *L, const Node *object, Parts *parts) {
  *parts = (Parts){0};
  for (const Node *child = object->first; child != NULL; child = child->next) {
    const Node **slot = part_slot(parts, child->element);
    if (slot == NULL) return refuse(L, child, "does not belong into an <Obj>");
    *slot = child;
  }
  return true;
}

/* Whether a list of type names is an enumeration's. Such a list is written out
 * once, and then referred to. [-0, +0, m] */
static bool is_enumeration(lua_State *L, const Node *type) {
  if (type->element == IDLE_CLIXML_TNRef) {
    bool is_one = lua_getfield(L, ENUMS, type->reference == NULL ? "" : type->reference) == LUA_TBOOLEAN;
    lua_pop(L, 1);
    return is_one;
  }
  for (const Node *name = type->first; name != NULL; name = name->next) {
    if (name->text == NULL) continue;
    /* What was read from CLIXML before carries the prefix. */
    if (strcmp(name->text, "System.Enum") != 0 && strcmp(name->text, "Deserialized.System.Enum") != 0) continue;
    if (type->reference != NULL) {
      lua_pushboolean(L, 1);
      lua_setfield(L, ENUMS, type->reference);
    }
    return true;
  }
  return false;
}

/* [-0, +1, m] */
static void push_name(lua_State *L, const Node *node) { lua_pushlstring(L, node->name, node->name_size); }

static bool add_properties(lua_State *L, Reader *reader, const Node *properties) {
  if (properties == NULL) return true;
  for (const Node *child = properties->first; child != NULL; child = child->next) {
    if (child->name == NULL) return refuse(L, child, "a property without a name");
    push_name(L, child);
    if (!push_value(L, reader, child)) return false;
    lua_rawset(L, -3);
  }
  return true;
}

static bool push_list(lua_State *L, Reader *reader, const Node *list) {
  lua_newtable(L);
  luaL_setmetatable(L, IDLE_LIST);
  lua_Integer index = 0;
  for (const Node *child = list->first; child != NULL; child = child->next) {
    if (!push_value(L, reader, child)) return false;
    lua_rawseti(L, -2, ++index);
  }
  return true;
}

/* Pushes a key as a string, whatever its type. */
static bool push_key(lua_State *L, Reader *reader, const Node *key) {
  if (!push_value(L, reader, key)) return false;
  if (lua_type(L, -1) == LUA_TSTRING) return true;
  const Node *text = key;
  for (const Node *child = key->first; child != NULL; child = child->next)
    if (child->element == IDLE_CLIXML_ToString) text = child;
  if (text->text == NULL || key->element == IDLE_CLIXML_Nil || key->element == IDLE_CLIXML_Ref)
    return refuse(L, key, "a key that is no text");
  lua_pop(L, 1);
  return push_text(L, text);
}

static const Node *find_named(const Node *entry, const char *name) {
  for (const Node *child = entry->first; child != NULL; child = child->next)
    if (child->name != NULL && strcmp(child->name, name) == 0) return child;
  return NULL;
}

static bool push_dictionary(lua_State *L, Reader *reader, const Node *dictionary) {
  lua_newtable(L);
  for (const Node *entry = dictionary->first; entry != NULL; entry = entry->next) {
    const Node *key = find_named(entry, "Key"), *value = find_named(entry, "Value");
    if (entry->element != IDLE_CLIXML_En || key == NULL || value == NULL)
      return refuse(L, entry, "no entry with Key and Value");
    if (!push_key(L, reader, key) || !push_value(L, reader, value)) return false;
    lua_rawset(L, -3);
  }
  return true;
}

static bool push_content(lua_State *L, Reader *reader, const Parts *parts) {
  bool is_name = parts->to_string != NULL && parts->to_string->text != NULL;
  if (parts->type != NULL && is_enumeration(L, parts->type) && is_name) return push_text(L, parts->to_string);
  if (parts->primitive != NULL) return push_value(L, reader, parts->primitive);
  if (parts->list != NULL) return push_list(L, reader, parts->list);
  if (parts->dictionary != NULL) return push_dictionary(L, reader, parts->dictionary);
  /* An object without properties is what it says of itself. */
  if (parts->adapted == NULL && parts->extended == NULL && is_name) return push_text(L, parts->to_string);
  lua_newtable(L);
  return add_properties(L, reader, parts->adapted) && add_properties(L, reader, parts->extended);
}

/* Keeps the object on top for those who refer to it. [-0, +0, m] */
static void remember(lua_State *L, const Node *object, size_t weight) {
  if (object->reference == NULL) return;
  lua_pushvalue(L, -1);
  lua_setfield(L, OBJECTS, object->reference);
  lua_pushinteger(L, (lua_Integer)weight);
  lua_setfield(L, WEIGHTS, object->reference);
}

static bool push_object(lua_State *L, Reader *reader, const Node *object) {
  Parts parts;
  if (reader->depth == reader->max_depth) return refuse(L, object, "nested too deeply");
  if (!take_apart(L, object, &parts)) return false;
  reader->depth++;
  size_t before = reader->values;
  push_null(L); /* what refers to us from within would make a circle */
  remember(L, object, 0);
  lua_pop(L, 1);
  if (!push_content(L, reader, &parts)) return false;
  remember(L, object, reader->values - before);
  reader->depth--;
  return true;
}

/* An object that came before. It is shared, but counts as if it were repeated:
 * whoever walks over the value meets it so often. */
static bool push_reference(lua_State *L, Reader *reader, const Node *node) {
  const char *reference = node->reference == NULL ? "" : node->reference;
  lua_getfield(L, WEIGHTS, reference);
  reader->values += (size_t)lua_tointeger(L, -1);
  lua_pop(L, 1);
  if (reader->values > MAX_VALUES) return refuse(L, node, TOO_MANY);
  return lua_getfield(L, OBJECTS, reference) != LUA_TNIL || refuse(L, node, "refers to nothing");
}

static bool push_value(lua_State *L, Reader *reader, const Node *node) {
  luaL_checkstack(L, 10, "CLIXML");
  if (++reader->values > MAX_VALUES) return refuse(L, node, TOO_MANY);
  if (node->element == IDLE_CLIXML_Obj) return push_object(L, reader, node);
  if (node->element == IDLE_CLIXML_Ref) return push_reference(L, reader, node);
  PushPrimitive push_primitive = primitives[node->element];
  if (push_primitive == NULL) return refuse(L, node, "is no value");
  if (node->text == NULL) return refuse(L, node, "holds elements, not a value");
  return push_primitive(L, node);
}

/* __close and __gc. */
static int free_document(lua_State *L) {
  idle_clixml_tree_free(luaL_checkudata(L, 1, DOCUMENT));
  return 0;
}

static int fail_decode(lua_State *L, const char *problem) {
  return idle_fail(L, "remote.protocol", "CLIXML cannot be read: %s", problem);
}

static int decode_tree(lua_State *L, const Node *root) {
  if (root->element != IDLE_CLIXML_Objs) return fail_decode(L, "the root is no <Objs>");
  if (root->first == NULL) return 0;
  lua_newtable(L); /* OBJECTS */
  lua_newtable(L); /* WEIGHTS */
  lua_newtable(L); /* ENUMS */
  Reader reader = {.max_depth = (int)lua_tointeger(L, MAX_DEPTH)};
  if (!push_value(L, &reader, root->first)) return fail_decode(L, lua_tostring(L, -1));
  if (lua_islightuserdata(L, -1)) lua_pushnil(L);
  return 1;
}

int idle_clixml_decode(lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, XML, &size);
  lua_Integer max_depth = luaL_optinteger(L, MAX_DEPTH, DEFAULT_MAX_DEPTH);
  luaL_argcheck(L, max_depth >= 1 && max_depth <= HIGHEST_MAX_DEPTH, MAX_DEPTH, "must be 1 to 300");
  lua_settop(L, XML);
  lua_pushinteger(L, max_depth);
  idle_clixml_tree *tree = lua_newuserdatauv(L, sizeof *tree, 0);
  memset(tree, 0, sizeof *tree);
  luaL_setmetatable(L, DOCUMENT);
  lua_toclose(L, TREE);
  if (!idle_clixml_parse(tree, bytes, size)) return fail_decode(L, tree->error);
  return decode_tree(L, tree->root);
}

static const luaL_Reg meta[] = {{"__gc", free_document}, {"__close", free_document}, {NULL, NULL}};

void idle_clixml_open_decode(lua_State *L) {
  luaL_newmetatable(L, DOCUMENT);
  luaL_setfuncs(L, meta, 0);
  lua_pop(L, 1);
}
