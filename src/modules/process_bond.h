/* Ends a process group when this program ends, in whatever way: killed, too,
 * when nobody is left here to do anything. To be called on the thread of the
 * loop only. */
#ifndef IDLE_PROCESS_BOND_H
#define IDLE_PROCESS_BOND_H

#include <sys/types.h>

typedef struct {
  int ends[2]; /* -1 = there is no bond */
} idle_bond;

#define IDLE_NO_BOND ((idle_bond){{-1, -1}})

/* Prepares a bond; it ties nobody yet.
 * Returns: 0 or an errno value. */
int idle_bond_make(idle_bond *bond);

/* From now on, what this thread forks leads a session and group of its own, and is tied from its first moment on.
 * bond: borrowed until it is NULL again: then no more. */
void idle_bond_expect_fork(const idle_bond *bond);

/* Ties a process group; one that is gone is as good as tied. A second call does no harm. */
void idle_bond_tie(const idle_bond *bond, pid_t group);

/* Unties it, and releases the bond. A second call does nothing. */
void idle_bond_undo(idle_bond *bond);

#endif
