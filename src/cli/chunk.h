/* Runs a chunk as the main task, and tells what went wrong. */
#ifndef IDLE_CHUNK_H
#define IDLE_CHUNK_H

#include "runtime.h"

/* Calls the function below its `arguments`, or reports the error that
 * `load_status` left there instead. SIGINT and SIGTERM reach the chunk.
 * program: in front of messages; NULL: nothing.
 * Returns: 0, and leaves all results; or an exit status. [-(arguments+1), +n, e] */
int idle_chunk_run(idle_runtime *rt, const char *program, int load_status, int arguments);

/* Reports the errors of tasks that nobody joined.
 * Returns: their exit status, or 0. [-0, +0, e] */
int idle_chunk_report_tasks(idle_runtime *rt, const char *program);

/* Ends the runs that the script left open, if it made any.
 * Returns: the exit status that they ask for, or 0. [-0, +0, e] */
int idle_chunk_end_runs(idle_runtime *rt, const char *program);

/* Prints a message for people. */
void idle_chunk_message(const char *program, const char *text);

#endif
