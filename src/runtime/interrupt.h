/* SIGINT, SIGTERM and the end of --timeout stop a script wherever it is: in a
 * wait, or in Lua code. Only one runtime of a process can be armed. */
#ifndef IDLE_INTERRUPT_H
#define IDLE_INTERRUPT_H

#include "runtime.h"

/* Handles SIGINT and SIGTERM from now on, also if they were ignored, and again
 * after one of them came: the first is delivered, the next one kills. */
void idle_interrupt_arm(idle_runtime *rt);

/* Gives the signals back to the system. */
void idle_interrupt_disarm(idle_runtime *rt);

/* Hands signals that came while no Lua code ran to the tasks. [-0, +0, -]
 * Returns: whether there was one. */
bool idle_interrupt_deliver(idle_runtime *rt);

/* A signal that came while another thread ran stops L (NULL: none). [-0, +0, -] */
void idle_interrupt_pass_on(lua_State *L);

/* Handles the signal by which the watchdog says that the time is over.
 * text: of the error that the tasks get; must live as long as the process.
 * Returns: its number. */
int idle_interrupt_timeout_signal(const char *text);

/* Whether that signal came, and the script did not react yet. Any thread. */
bool idle_interrupt_timeout_is_ignored(void);

#endif
