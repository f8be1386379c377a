/* SIGINT, SIGTERM and the end of --timeout stop a script wherever it is: in a
 * wait, or in Lua code. Only one runtime of a process can be armed. */
#ifndef IDLE_INTERRUPT_H
#define IDLE_INTERRUPT_H

#include "runtime.h"

/* From now on SIGINT and SIGTERM stop this runtime whenever it runs tasks.
 * Returns: 0, or an error of libuv. */
int idle_interrupt_arm(idle_runtime *rt);

/* Lets go of an armed runtime; does nothing to another one. */
void idle_interrupt_disarm(idle_runtime *rt);

/* Around the time in which an armed runtime runs tasks, as lua does it: the
 * first signal is delivered, also if it was ignored before; a second one, and
 * one outside of that time, ends the process. */
void idle_interrupt_listen(const idle_runtime *rt);
void idle_interrupt_pause(const idle_runtime *rt);

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
