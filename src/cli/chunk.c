#include "chunk.h"

#include "escape.h"
#include "status.h"

#include <lauxlib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* Unlike lua: an error may quote anybody, and a terminal obeys what it prints. */
static void print_escaped(const char *text) {
  char shown[IDLE_ESCAPE_SIZE];
  for (size_t size = strlen(text), length; size > 0; text += length, size -= length) {
    length = idle_escape(text, size, "\n\t", shown);
    fputs(shown, stderr);
  }
}

void idle_chunk_message(const char *program, const char *text) {
  if (program != NULL) fprintf(stderr, "%s: ", program);
  print_escaped(text);
  fputc('\n', stderr);
  fflush(stderr);
}

/* Where the registry keeps the error that ended the last chunk. */
static const char last_error;

/* A member of `idle` that is not there: lua's own message does not say whose field it is. [-0, +0, m] */
static void print_hint(lua_State *L, const char *program, const char *text) {
  if (!idle_status_push_asker(L, "idle.host.missing", "hint")) return;
  lua_pushstring(L, text);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_isstring(L, -1)) idle_chunk_message(program, lua_tostring(L, -1));
  lua_pop(L, 1);
}

/* Reports the error object and its text on top. [-2, +0, m] */
static int report(lua_State *L, const char *program) {
  const char *text = lua_tostring(L, -1);
  idle_chunk_message(program, text != NULL ? text : "(error object has no text)");
  if (text != NULL) print_hint(L, program, text);
  int status = idle_status_of_error(L, -2);
  lua_pop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &last_error);
  return status;
}

int idle_chunk_run(idle_runtime *rt, const char *program, int load_status, int arguments) {
  lua_State *L = idle_runtime_lua(rt);
  if (load_status != LUA_OK) {
    idle_chunk_message(program, lua_tostring(L, -1));
    lua_pop(L, 1);
    return load_status == LUA_ERRFILE ? EX_NOINPUT : EXIT_FAILURE;
  }
  if (idle_runtime_call(rt, arguments) == LUA_OK) return 0;
  int status = report(L, program);
  return idle_runtime_was_interrupted(rt) ? 128 + SIGINT : status;
}

int idle_chunk_report_tasks(idle_runtime *rt, const char *program) {
  int status = 0;
  while (idle_runtime_take_failure(rt)) status = idle_status_worse(status, report(idle_runtime_lua(rt), program));
  return status;
}

int idle_chunk_end_runs(idle_runtime *rt, const char *program) {
  lua_State *L = idle_runtime_lua(rt);
  if (!idle_status_push_asker(L, "idle.host.run", "exit_status")) return 0;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &last_error);
  if (idle_runtime_call(rt, 1) != LUA_OK) return report(L, program); /* a task: it writes events */
  int status = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  return status;
}
