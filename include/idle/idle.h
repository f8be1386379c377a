/* Runs workflow scripts inside another program.
 *
 * All calls on one runtime must come from the thread that opened it. Several
 * runtimes may live side by side. Strings are UTF-8 and NUL-terminated. A
 * script that calls os.exit ends the whole process, as in lua. */
#ifndef IDLE_IDLE_H
#define IDLE_IDLE_H

#include <stdint.h>

typedef struct idle_runtime idle_runtime; /* opaque */

typedef enum {
  IDLE_OK = 0,
  IDLE_NO_SCRIPT, /* the file cannot be read */
  IDLE_SYNTAX,    /* it is no Lua */
  IDLE_FAILED,    /* it, or one of its tasks, raised an error that nobody caught */
  IDLE_TIMEOUT    /* its time was over */
} idle_status;

/* Opens a runtime with its own Lua state and event loop.
 * Returns: the runtime, or NULL with errno set: ENOMEM when memory is short, EMFILE or ENFILE when
 *          too few files may be open.
 * Owner:   the caller; release it with idle_close(). */
idle_runtime *idle_open(void);

/* Runs the workflow script at `path` and waits until all its tasks are over.
 * path:       borrowed for the call.
 * timeout_ms: milliseconds until every wait of the script raises `timeout`; 0
 *             means no limit. A script that computes for ever is not stopped.
 * Returns:    IDLE_OK, or another status with the reason in idle_error(). */
idle_status idle_run(idle_runtime *rt, const char *path, uint64_t timeout_ms);

/* Why the last idle_run() failed, with a traceback if Lua has one.
 * Returns: text that lives until the next call on this runtime; "" if it did
 *          not fail. */
const char *idle_error(const idle_runtime *rt);

/* Closes the Lua state, with all that its scripts left open, and the loop.
 * rt: NULL does nothing. */
void idle_close(idle_runtime *rt);

#endif
