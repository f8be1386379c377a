#include "channel.h"

#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WRITE_BYTES 32768

typedef enum { QUEUED, OPENING, STARTING, RUNNING, REFUSED } State;

struct idle_ssh_channel {
  idle_ssh *ssh; /* NULL once the client is gone */
  idle_ssh_channel *next;
  LIBSSH2_CHANNEL *handle;
  unsigned id; /* libssh2's number */
  State state;
  bool is_dropped; /* the owner is gone */
  char *command;   /* owned; NULL once it was started */
  size_t command_size;
  const char *error_kind; /* static; why it was refused */
  char *error_text;       /* owned; NULL = short of memory */
  char *pending;          /* owned: taken from the writer, not yet by libssh2; NULL = none */
  size_t pending_size;
  bool is_finished; /* stdin is to be ended */
  bool is_eof_sent;
  bool is_closed; /* by the server: the command is over */
  idle_ssh_exit exit;
  int64_t asked_ms;
};

/* ---- What libssh2 does not tell ---- */

enum { MSG_CHANNEL_OPEN = 90, MSG_CHANNEL_REQUEST = 98 };

static unsigned read_u32(const unsigned char *b) {
  return (unsigned)b[0] << 24 | (unsigned)b[1] << 16 | (unsigned)b[2] << 8 | b[3];
}

static void note_status(idle_ssh *ssh, unsigned id, unsigned status) {
  if (ssh->is_broken) return;
  for (idle_ssh_channel *channel = ssh->channels; channel != NULL; channel = channel->next) {
    if (channel->handle == NULL || channel->id != id) continue;
    channel->exit.has_status = true;
    channel->exit.status = status;
  }
}

/* libssh2_channel_get_exit_status says 0 for "none came", too. But the packet
 * that brings one is released here like all memory, and so is the one that
 * opened the channel, from which its number is learnt. */
void idle_channel_observe(void *context, const unsigned char *bytes, size_t size) {
  static const unsigned char opening[] = "\0\0\0\7session";
  static const unsigned char status[] = "\0\0\0\13exit-status";
  idle_ssh *ssh = context;
  if (size >= 16 && bytes[0] == MSG_CHANNEL_OPEN && memcmp(bytes + 1, opening, 11) == 0)
    ssh->next_id = read_u32(bytes + 12);
  if (size >= 25 && bytes[0] == MSG_CHANNEL_REQUEST && memcmp(bytes + 5, status, 15) == 0)
    note_status(ssh, read_u32(bytes + 1), read_u32(bytes + 21));
}

/* ---- Opening ---- */

static void add_last(idle_ssh_channel *channel) {
  idle_ssh_channel **place = &channel->ssh->channels;
  while (*place != NULL) place = &(*place)->next;
  *place = channel;
}

idle_ssh_channel *idle_ssh_exec(idle_ssh *ssh, const char *command, size_t size) {
  idle_ssh_channel *channel = calloc(1, sizeof *channel);
  if (channel == NULL) return NULL;
  channel->command = malloc(size + 1);
  if (channel->command == NULL) {
    free(channel);
    return NULL;
  }
  memcpy(channel->command, command, size);
  channel->command_size = size;
  channel->ssh = ssh;
  channel->asked_ms = idle_now_ms();
  add_last(channel);
  return channel;
}

/* what: continues "'URL' …"; advice: is put behind libssh2's reason. */
static void refuse(idle_ssh_channel *channel, const char *kind, const char *what, const char *advice) {
  idle_ssh *ssh = channel->ssh;
  const char *reason = idle_ssh_last_error(ssh);
  channel->state = REFUSED;
  channel->error_kind = kind;
  if (asprintf(&channel->error_text, "'%s' %s (%s)%s", ssh->url, what, reason, advice) < 0) channel->error_text = NULL;
  idle_ssh_trace(ssh, "exec refused: %s", reason);
}

/* libssh2 gives up after a minute of its own. */
static const char *kind_of(int result) { return result == LIBSSH2_ERROR_TIMEOUT ? "ssh.timeout" : "ssh.lost"; }

/* Only one channel at a time may be in libssh2_channel_open. */
static void open_channel(idle_ssh_channel *channel) {
  idle_ssh *ssh = channel->ssh;
  if (ssh->opening != NULL && ssh->opening != channel) return;
  ssh->opening = channel;
  channel->state = OPENING;
  channel->handle = libssh2_channel_open_session(ssh->session);
  int result = channel->handle == NULL ? libssh2_session_last_errno(ssh->session) : 0;
  if (idle_ssh_is_again(ssh, result)) return;
  ssh->opening = NULL;
  if (channel->handle != NULL) {
    channel->id = ssh->next_id;
    channel->state = STARTING;
  } else if (result == LIBSSH2_ERROR_CHANNEL_FAILURE) {
    refuse(channel, "ssh.busy", "opened no further channel",
           ": all that its MaxSessions allows are in use; try again later");
  } else {
    refuse(channel, kind_of(result), "did not open a channel", "");
  }
}

static void start_command(idle_ssh_channel *channel) {
  idle_ssh *ssh = channel->ssh;
  int result =
      libssh2_channel_process_startup(channel->handle, "exec", 4, channel->command, (unsigned)channel->command_size);
  if (idle_ssh_is_again(ssh, result)) return;
  if (result == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED)
    refuse(channel, "remote.setup", "did not run the command", "; does its sshd_config let the account run commands?");
  else if (result != 0)
    refuse(channel, kind_of(result), "did not start the command", "");
  else
    channel->state = RUNNING;
  free(channel->command);
  channel->command = NULL;
  if (channel->state == RUNNING) idle_ssh_trace(ssh, "exec started, channel %u", channel->id);
}

idle_ssh_status idle_ssh_started(idle_ssh_channel *channel, idle_ssh_error *error) {
  if (channel->state == RUNNING) return IDLE_SSH_OK;
  if (channel->state == REFUSED && strcmp(channel->error_kind, "ssh.lost") != 0) {
    idle_ssh_fail(error, channel->error_kind, "%s", channel->error_text == NULL ? "refused" : channel->error_text);
    error->is_before_sending = channel->handle == NULL;
    return IDLE_SSH_FAILED;
  }
  if (channel->state != REFUSED && !idle_ssh_is_lost(channel->ssh)) return IDLE_SSH_AGAIN;
  idle_ssh_explain_lost(channel->ssh, "while a command was being started", idle_now_ms() - channel->asked_ms, error);
  error->is_before_sending = channel->handle == NULL;
  return IDLE_SSH_FAILED;
}

bool idle_ssh_is_opened(const idle_ssh_channel *channel) { return channel->handle != NULL; }

/* ---- Running ---- */

/* Hands the pending bytes to libssh2, which must see the same ones again until
 * it has taken them. */
static void write_pending(idle_ssh_channel *channel) {
  size_t done = 0;
  while (done < channel->pending_size) {
    ssize_t count = libssh2_channel_write(channel->handle, channel->pending + done, channel->pending_size - done);
    if (count <= 0) {
      (void)idle_ssh_is_again(channel->ssh, count);
      break;
    }
    done += (size_t)count;
  }
  channel->pending_size -= done;
  if (channel->pending_size > 0) {
    memmove(channel->pending, channel->pending + done, channel->pending_size);
    return;
  }
  free(channel->pending);
  channel->pending = NULL;
}

static void end_input(idle_ssh_channel *channel) {
  int result = libssh2_channel_send_eof(channel->handle);
  if (!idle_ssh_is_again(channel->ssh, result)) channel->is_eof_sent = true;
}

static void note_signal(idle_ssh_channel *channel) {
  char *name = NULL;
  size_t size = 0;
  (void)libssh2_channel_get_exit_signal(channel->handle, &name, &size, NULL, NULL, NULL, NULL);
  if (name == NULL) return;
  size_t kept = size < sizeof channel->exit.signal - 1 ? size : sizeof channel->exit.signal - 1;
  for (size_t i = 0; i < kept; i++) /* the server's words: letters only */
    channel->exit.signal[i] = (char)(name[i] >= '0' && name[i] <= 'z' ? name[i] : '?');
  libssh2_free(channel->ssh->session, name);
}

static void note_close(idle_ssh_channel *channel) {
  int result = libssh2_channel_wait_closed(channel->handle);
  if (result == LIBSSH2_ERROR_INVAL) return; /* its output has not ended yet */
  if (idle_ssh_is_again(channel->ssh, result) || result != 0) return;
  channel->is_closed = true;
  note_signal(channel);
  if (channel->exit.has_status)
    idle_ssh_trace(channel->ssh, "exit %u, channel %u", channel->exit.status, channel->id);
  else
    idle_ssh_trace(channel->ssh, "exit without status, signal '%s', channel %u", channel->exit.signal, channel->id);
}

static void step(idle_ssh_channel *channel) {
  if (channel->state == QUEUED || channel->state == OPENING) open_channel(channel);
  if (channel->state == STARTING) start_command(channel);
  if (channel->state != RUNNING || channel->is_closed) return;
  if (channel->pending != NULL && !idle_wire_is_clogged(&channel->ssh->wire)) write_pending(channel);
  if (channel->is_finished && !channel->is_eof_sent && channel->pending == NULL) end_input(channel);
  note_close(channel);
}

/* Returns: whether libssh2 and the owner have let go of it. */
static bool release(idle_ssh_channel *channel) {
  idle_ssh *ssh = channel->ssh;
  if (channel->state == OPENING) open_channel(channel);
  if (channel->state == OPENING) return false;
  if (channel->handle != NULL && libssh2_channel_free(channel->handle) == LIBSSH2_ERROR_EAGAIN) return false;
  for (idle_ssh_channel **place = &ssh->channels; *place != NULL; place = &(*place)->next)
    if (*place == channel) {
      *place = channel->next;
      break;
    }
  return true;
}

static void destroy(idle_ssh_channel *channel) {
  free(channel->command);
  free(channel->error_text);
  free(channel->pending);
  free(channel);
}

/* Lets libssh2 take in all that has come, for whatever channel: none of its
 * other calls does so in every state, and a socket that stays readable keeps
 * the loop busy. There is no stream of this number, so nothing is taken out.
 * The rest of the turn finds nothing more to read: what came in behind the back
 * of a stream already looked at would wait there, and no event would tell. */
static void drain(idle_ssh *ssh) {
  enum { NO_STREAM = 99 };
  char nothing[IDLE_SSH_READ_BYTES];
  const idle_ssh_channel *channel = ssh->channels;
  while (channel != NULL && channel->handle == NULL) channel = channel->next;
  if (channel == NULL) return;
  (void)idle_ssh_is_again(ssh, libssh2_channel_read_ex(channel->handle, NO_STREAM, nothing, sizeof nothing));
  idle_wire_end_turn(&ssh->wire);
}

void idle_channels_step(idle_ssh *ssh) {
  drain(ssh);
  if (ssh->is_broken) return;
  idle_ssh_channel *next;
  for (idle_ssh_channel *channel = ssh->channels; channel != NULL; channel = next) {
    next = channel->next;
    if (!channel->is_dropped)
      step(channel);
    else if (release(channel))
      destroy(channel);
  }
}

bool idle_channels_are_open(const idle_ssh *ssh) {
  for (const idle_ssh_channel *channel = ssh->channels; channel != NULL; channel = channel->next)
    if (channel->handle != NULL || channel->state == OPENING) return true;
  return false;
}

idle_ssh_status idle_ssh_read(idle_ssh_channel *channel, idle_ssh_stream stream, char *bytes, size_t *count) {
  idle_ssh *ssh = channel->ssh;
  *count = 0;
  if (ssh == NULL || channel->handle == NULL || ssh->is_broken) return IDLE_SSH_FAILED;
  int number = stream == IDLE_SSH_STDERR ? SSH_EXTENDED_DATA_STDERR : 0;
  ssize_t result = libssh2_channel_read_ex(channel->handle, number, bytes, IDLE_SSH_READ_BYTES);
  if (result >= 0) {
    *count = (size_t)result;
    return IDLE_SSH_OK;
  }
  if (idle_ssh_is_again(ssh, result) && !idle_ssh_is_lost(ssh)) return IDLE_SSH_AGAIN;
  return IDLE_SSH_FAILED;
}

idle_ssh_status idle_ssh_write(idle_ssh_channel *channel, const char *bytes, size_t size, size_t *count) {
  *count = 0;
  if (channel->ssh == NULL || channel->handle == NULL || channel->is_closed || idle_ssh_is_lost(channel->ssh))
    return IDLE_SSH_FAILED;
  if (channel->pending != NULL || idle_wire_is_clogged(&channel->ssh->wire)) return IDLE_SSH_AGAIN;
  channel->pending_size = size < MAX_WRITE_BYTES ? size : MAX_WRITE_BYTES;
  channel->pending = malloc(channel->pending_size + 1);
  if (channel->pending == NULL) return IDLE_SSH_FAILED;
  memcpy(channel->pending, bytes, channel->pending_size);
  *count = channel->pending_size;
  write_pending(channel);
  return IDLE_SSH_OK;
}

bool idle_ssh_is_written(const idle_ssh_channel *channel) {
  return channel->pending == NULL && (channel->ssh == NULL || !idle_wire_is_clogged(&channel->ssh->wire));
}

void idle_ssh_finish(idle_ssh_channel *channel) { channel->is_finished = true; }

idle_ssh_status idle_ssh_exit_of(idle_ssh_channel *channel, idle_ssh_exit *result) {
  *result = channel->exit;
  if (channel->is_closed || channel->exit.has_status) return IDLE_SSH_OK;
  return channel->ssh == NULL || idle_ssh_is_lost(channel->ssh) ? IDLE_SSH_FAILED : IDLE_SSH_AGAIN;
}

/* ---- The end ---- */

void idle_ssh_channel_free(idle_ssh_channel *channel) {
  if (channel == NULL) return;
  channel->is_dropped = true;
  if (channel->ssh == NULL || release(channel)) destroy(channel);
}

void idle_channels_end(idle_ssh *ssh) {
  while (ssh->channels != NULL) {
    idle_ssh_channel *channel = ssh->channels;
    ssh->channels = channel->next;
    channel->ssh = NULL;
    channel->handle = NULL;
    if (channel->is_dropped) destroy(channel);
  }
}
