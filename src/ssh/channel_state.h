/* The inside of a channel; for opening.c and channel.c only. */
#ifndef IDLE_CHANNEL_STATE_H
#define IDLE_CHANNEL_STATE_H

#include "state.h"

typedef enum {
  IDLE_CHANNEL_QUEUED,
  IDLE_CHANNEL_OPENING,  /* in libssh2_channel_open */
  IDLE_CHANNEL_STARTING, /* the command */
  IDLE_CHANNEL_RUNNING,
  IDLE_CHANNEL_REFUSED
} idle_channel_state;

struct idle_ssh_channel {
  idle_ssh *ssh; /* NULL once the client is gone */
  idle_ssh_channel *next;
  LIBSSH2_CHANNEL *handle;
  unsigned id; /* libssh2's number */
  idle_channel_state state;
  bool is_dropped; /* the owner is gone */
  char *command;   /* owned; NULL once it was started, and of a connection */
  size_t command_size;
  char *host; /* owned: what to connect to; NULL = it is a command */
  int port;
  const char *error_kind; /* static; why it was refused */
  char *error_text;       /* owned; NULL = short of memory */
  char said[80];          /* the server's words for that, escaped; "" = none */
  char *pending;          /* owned: taken from the writer, not yet by libssh2; NULL = none */
  size_t pending_size;
  bool is_finished; /* stdin is to be ended */
  bool is_eof_sent;
  bool is_closed; /* by the server: the command is over */
  idle_ssh_exit exit;
  int64_t asked_ms;
};

/* Goes on with opening it, if it is its turn. */
void idle_channel_open(idle_ssh_channel *channel);

/* Goes on with starting its command. */
void idle_channel_start(idle_ssh_channel *channel);

/* Nobody wants it any more. Returns: whether it is in libssh2_channel_open still. */
bool idle_channel_is_stuck(idle_ssh_channel *channel);

#endif
