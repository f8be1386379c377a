/* Lines that somebody types, or that come from a file or a pipe: by GNU
 * readline, which is loaded with the first line; plainly where it is missing. */
#ifndef IDLE_LINES_H
#define IDLE_LINES_H

#include "runtime.h"

/* Reads a line, while the tasks go on. A plain file, or an input without
 * readline, is read without a pause for them.
 * Returns: the line without its end, valid until the next call; NULL at the end
 *          of the input, or when a signal ended the run. [-0, +0, -] */
const char *idle_lines_read(idle_runtime *rt, const char *prompt);

/* Puts a text into the history. */
void idle_lines_remember(const char *text);

#endif
