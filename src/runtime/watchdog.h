/* --timeout: ends the program at its time, whatever it does then. */
#ifndef IDLE_WATCHDOG_H
#define IDLE_WATCHDOG_H

#include "runtime.h"

/* After `seconds` every wait raises `timeout`, and so does Lua code that
 * computes. If the program does not react, or its cleanup takes longer than two
 * seconds, the process ends with status 124. Call it once, on an armed runtime.
 * program: prefix of the last message; must live as long as the process.
 * Returns: 0, or an error number of libuv. */
int idle_watchdog_start(double seconds, const char *program);

#endif
