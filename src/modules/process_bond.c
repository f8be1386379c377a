/* How it works: the kernel sends a signal to the owner of a socket when the
 * other end is closed (F_SETOWN), and it closes all that a program has open,
 * however the program ends. Both ends are here, and each tells of the other, as
 * it is not said which is closed first.
 *
 * PR_SET_PDEATHSIG would be more common. But it ends only the program itself, not
 * what that has started, ssh's way to a jump host for one; and it comes when a
 * thread ends, not when we do.
 *
 * If we end in the middle of a fork, the child has both ends, too, and closes them
 * when it becomes another program: so it must have tied itself by then. */
#include "process_bond.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static void tell_of_end(int fd, bool is_wanted) {
  int flags = fcntl(fd, F_GETFL);
  (void)fcntl(fd, F_SETFL, is_wanted ? flags | O_ASYNC : flags & ~O_ASYNC);
}

/* The kernel remembers the group itself, so a number that is used again is no danger. */
void idle_bond_tie(const idle_bond *bond, pid_t group) {
  for (int i = 0; i < 2; i++) {
    if (fcntl(bond->ends[i], F_SETOWN, -group) != 0 || fcntl(bond->ends[i], F_SETSIG, SIGKILL) != 0) continue;
    tell_of_end(bond->ends[i], true);
  }
}

static _Thread_local const idle_bond *expecting;

static void on_fork_in_child(void) {
  if (expecting == NULL) return;
  (void)setsid();
  idle_bond_tie(expecting, getpid());
}

static int fork_error;

static void watch_forks(void) { fork_error = pthread_atfork(NULL, NULL, on_fork_in_child); }

void idle_bond_expect_fork(const idle_bond *bond) { expecting = bond; }

int idle_bond_make(idle_bond *bond) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  *bond = IDLE_NO_BOND;
  (void)pthread_once(&once, watch_forks);
  if (fork_error != 0) return fork_error;
  return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, bond->ends) == 0 ? 0 : errno;
}

void idle_bond_undo(idle_bond *bond) {
  if (bond->ends[0] < 0) return;
  for (int i = 0; i < 2; i++) tell_of_end(bond->ends[i], false); /* both, before either is closed */
  for (int i = 0; i < 2; i++) close(bond->ends[i]);
  *bond = IDLE_NO_BOND;
}
