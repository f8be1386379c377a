/* A command, or a connection to elsewhere, on an open connection. See client.h for the rules of calling. */
#ifndef IDLE_SSH_CHANNEL_H
#define IDLE_SSH_CHANNEL_H

#include "client.h"

#include <sys/types.h>

typedef struct idle_ssh_channel idle_ssh_channel; /* opaque */

typedef enum { IDLE_SSH_STDOUT, IDLE_SSH_STDERR } idle_ssh_stream;

/* All reads ask for this much (libssh2 1.10 miscounts its window otherwise). */
#define IDLE_SSH_READ_BYTES 32768

/* How a command ended. */
typedef struct {
  bool has_status; /* the server sent one */
  unsigned status; /* 32 bits, as it was sent */
  char signal[32]; /* "TERM" …; "" = none */
} idle_ssh_exit;

/* Begins to run a command line: a channel without a terminal. It is opened by
 * idle_ssh_pump(), one after the other.
 * Returns: the channel, or NULL when memory is short.
 * Owner:   the caller; release it with idle_ssh_channel_free(). */
idle_ssh_channel *idle_ssh_exec(idle_ssh *ssh, const char *command, size_t size);

/* Begins to connect to a port as the server sees it. Reading, writing and
 * ending are as with a command, which has no stderr and no exit.
 * Owner: as of idle_ssh_exec(). NULL when memory is short. */
idle_ssh_channel *idle_ssh_forward(idle_ssh *ssh, const char *host, int port);

/* Whether the command was started, or the port connected to; of that, the
 * error's message is only the reason.
 * Returns: IDLE_SSH_AGAIN while it is not known; IDLE_SSH_FAILED with `error` filled in. */
idle_ssh_status idle_ssh_started(idle_ssh_channel *channel, idle_ssh_error *error);

/* Whether the server has opened the channel: from here on the command may run. */
bool idle_ssh_is_opened(const idle_ssh_channel *channel);

/* Reads what the last idle_ssh_pump() brought for one stream.
 * bytes:   room for IDLE_SSH_READ_BYTES.
 * count:   out: bytes read; 0 with IDLE_SSH_OK = the stream has ended.
 * Returns: IDLE_SSH_FAILED if the connection is lost. */
idle_ssh_status idle_ssh_read(idle_ssh_channel *channel, idle_ssh_stream stream, char *bytes, size_t *count);

/* Hands over bytes for the command's stdin, as many as there is room for.
 * count:   out: bytes taken; they are copied.
 * Returns: IDLE_SSH_AGAIN if there is no room. IDLE_SSH_FAILED if the command
 *          no longer reads, or the connection is lost. */
idle_ssh_status idle_ssh_write(idle_ssh_channel *channel, const char *bytes, size_t size, size_t *count);

/* Whether all that was taken is with the kernel. */
bool idle_ssh_is_written(const idle_ssh_channel *channel);

/* Ends the command's stdin, behind all that was taken. */
void idle_ssh_finish(idle_ssh_channel *channel);

/* How the command ended.
 * Returns: IDLE_SSH_AGAIN while it runs; IDLE_SSH_FAILED if the connection was lost before that was known. */
idle_ssh_status idle_ssh_exit_of(idle_ssh_channel *channel, idle_ssh_exit *exit);

/* Drops the command without waiting, and releases the channel. NULL is
 * allowed, and the client may be gone already. */
void idle_ssh_channel_free(idle_ssh_channel *channel);

#endif
