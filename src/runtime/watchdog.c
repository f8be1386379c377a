#include "watchdog.h"

#include "interrupt.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

static const double REACTION_S = 0.5, CLEANUP_S = 2.25;

static struct {
  double seconds;
  const char *program;
  pthread_t main_thread;
  int signal_number;
  char text[64];
} watchdog;

static void sleep_for(double seconds) {
  struct timespec rest = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  nanosleep(&rest, NULL); /* this thread gets no signals */
}

/* Without waiting for a reader, or for the main thread inside a write. */
static void flush_stdout(void) {
  struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
  if (ftrylockfile(stdout) != 0) return;
  if (poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0) fflush_unlocked(stdout);
  funlockfile(stdout);
}

static void end_process(void) {
  char message[160];
  flush_stdout();
  int size =
      snprintf(message, sizeof message, "%s: %s, and the script did not stop\n", watchdog.program, watchdog.text);
  if (size > (int)sizeof message - 1) size = (int)sizeof message - 1;
  if (write(STDERR_FILENO, message, (size_t)size) < 0) { /* nobody to tell */
  }
  _exit(124);
}

static void watch(void *argument) {
  (void)argument;
  sleep_for(watchdog.seconds);
  pthread_kill(watchdog.main_thread, watchdog.signal_number);
  sleep_for(REACTION_S);
  if (!idle_interrupt_timeout_is_ignored()) sleep_for(CLEANUP_S - REACTION_S);
  end_process();
}

int idle_watchdog_start(double seconds, const char *program) {
  watchdog.seconds = seconds;
  watchdog.program = program;
  watchdog.main_thread = pthread_self();
  snprintf(watchdog.text, sizeof watchdog.text, "the timeout of %g s passed", seconds);
  watchdog.signal_number = idle_interrupt_timeout_signal(watchdog.text);

  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  uv_thread_t thread;
  int status = uv_thread_create(&thread, watch, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (status == 0) pthread_detach(thread);
  return status;
}
