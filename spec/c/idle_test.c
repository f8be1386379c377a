/* The public C API: scripts inside another program. */
#include "check.h"

#include <idle/idle.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/idle-test-XXXXXX";

static void write_script(const char *text) {
  FILE *file = fopen(path, "w");
  CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static idle_status run(idle_runtime *rt, const char *text, uint64_t timeout_ms) {
  write_script(text);
  return idle_run(rt, path, timeout_ms);
}

static bool says(const idle_runtime *rt, const char *text) { return strstr(idle_error(rt), text) != NULL; }

static void runs_scripts_and_their_tasks(idle_runtime *rt) {
  CHECK(strcmp(idle_error(rt), "") == 0);
  CHECK(run(rt, "x = 1 require('idle.loop').spawn(function() require('idle.loop').sleep(1) x = 2 end)", 0) == IDLE_OK);
  CHECK(run(rt, "assert(x == 2)", 0) == IDLE_OK);
}

static void says_what_is_wrong(idle_runtime *rt) {
  CHECK(run(rt, "error('no luck')", 0) == IDLE_FAILED);
  CHECK(says(rt, ":1: no luck\nstack traceback:"));
  CHECK(run(rt, "require('idle.loop').spawn(error, 'lost', 0)", 0) == IDLE_FAILED);
  CHECK(says(rt, "lost"));
  CHECK(run(rt, "x = = 1", 0) == IDLE_SYNTAX);
  CHECK(says(rt, ":1: unexpected symbol near '='"));
  CHECK(idle_run(rt, "/nowhere/none.lua", 0) == IDLE_NO_SCRIPT);
  CHECK(says(rt, "cannot open /nowhere/none.lua"));
}

static void ends_a_script_at_its_time(idle_runtime *rt) {
  CHECK(run(rt, "require('idle.loop').sleep(60000)", 10) == IDLE_TIMEOUT);
  CHECK(says(rt, "the time of the run is over during 'sleep'"));
  CHECK(run(rt, "require('idle.loop').sleep(20)", 0) == IDLE_OK);
  CHECK(strcmp(idle_error(rt), "") == 0);
}

int main(void) {
  int fd = mkstemp(path);
  CHECK(fd >= 0 && close(fd) == 0);
  idle_runtime *rt = idle_open(), *other = idle_open();
  CHECK(rt != NULL && other != NULL);
  runs_scripts_and_their_tasks(rt);
  says_what_is_wrong(rt);
  ends_a_script_at_its_time(rt);
  CHECK(run(other, "assert(x == nil)", 0) == IDLE_OK);
  idle_close(other);
  idle_close(rt);
  idle_close(NULL);
  CHECK(unlink(path) == 0);
  return 0;
}
