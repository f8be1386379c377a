#include "prompt.h"

#include "chunk.h"
#include "lines.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The prompt that the script wants. [-0, +1, e] */
static const char *push_prompt(lua_State *L, bool is_first) {
  if (lua_getglobal(L, is_first ? "_PROMPT" : "_PROMPT2") == LUA_TNIL) return is_first ? "> " : ">> ";
  luaL_tolstring(L, -1, NULL);
  lua_remove(L, -2);
  return lua_tostring(L, -1);
}

/* Pushes a line; nothing at the end of the input. [-0, +(0|1), e] */
static bool push_line(idle_runtime *rt, bool is_first) {
  lua_State *L = idle_runtime_lua(rt);
  const char *line = idle_lines_read(rt, push_prompt(L, is_first));
  lua_pop(L, 1);
  if (line == NULL) return false;
  bool is_old_style = is_first && line[0] == '='; /* as Lua 5.2 wanted it */
  lua_pushfstring(L, is_old_style ? "return %s" : "%s", line + is_old_style);
  return true;
}

/* Whether the syntax error on top only says that the text goes on. [-0, +0, -] */
static bool is_incomplete(lua_State *L, int status) {
  static const char mark[] = "<eof>";
  size_t size;
  if (status != LUA_ERRSYNTAX) return false;
  const char *message = lua_tolstring(L, -1, &size);
  return size >= sizeof mark - 1 && strcmp(message + size - (sizeof mark - 1), mark) == 0;
}

/* Compiles the line on top as an expression. [-0, +(0|1), m] */
static bool load_expression(lua_State *L) {
  const char *line = lua_tostring(L, -1);
  const char *text = lua_pushfstring(L, "return %s;", line);
  int status = luaL_loadbuffer(L, text, strlen(text), "=stdin");
  lua_remove(L, -2);
  if (status != LUA_OK)
    lua_pop(L, 1);
  else if (line[0] != '\0')
    idle_lines_remember(line);
  return status == LUA_OK;
}

/* Compiles the line on top as a statement, with more lines as long as it is
 * incomplete. [-1, +1, e] */
static int load_statement(idle_runtime *rt) {
  lua_State *L = idle_runtime_lua(rt);
  for (;;) {
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    int status = luaL_loadbuffer(L, text, size, "=stdin");
    if (!is_incomplete(L, status) || !push_line(rt, false)) {
      idle_lines_remember(text);
      lua_remove(L, -2);
      return status;
    }
    lua_remove(L, -2); /* the message */
    lua_pushliteral(L, "\n");
    lua_insert(L, -2);
    lua_concat(L, 3);
  }
}

/* Prints the values above `base` as the script's `print` does. [-n, +0, e] */
static void print_results(idle_runtime *rt, int base) {
  lua_State *L = idle_runtime_lua(rt);
  int count = lua_gettop(L) - base;
  if (count == 0) return;
  luaL_checkstack(L, LUA_MINSTACK, "too many results to print");
  lua_getglobal(L, "print");
  lua_insert(L, base + 1);
  if (idle_runtime_call(rt, count) == LUA_OK) return;
  const char *error = luaL_tolstring(L, -2, NULL);
  idle_chunk_message(NULL, lua_pushfstring(L, "error calling 'print' (%s)", error));
}

void idle_prompt(idle_runtime *rt) {
  lua_State *L = idle_runtime_lua(rt);
  int base = lua_gettop(L);
  while (push_line(rt, true)) {
    int status = LUA_OK;
    if (load_expression(L))
      lua_remove(L, base + 1);
    else
      status = load_statement(rt);
    if (idle_chunk_run(rt, NULL, status, 0) == 0) print_results(rt, base);
    lua_settop(L, base);
  }
  putchar('\n');
  fflush(stdout);
}
