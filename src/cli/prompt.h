/* The interactive prompt of -i. */
#ifndef IDLE_PROMPT_H
#define IDLE_PROMPT_H

#include "runtime.h"

/* Reads lines until the input ends, and runs each as a chunk; prints results
 * and errors. [-0, +0, e] */
void idle_prompt(idle_runtime *rt);

#endif
