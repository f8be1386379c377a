#include "channel_state.h"

#include <stdlib.h>
#include <string.h>

#define MAX_WRITE_BYTES 32768

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
  if (channel->state <= IDLE_CHANNEL_OPENING) idle_channel_open(channel);
  if (channel->state == IDLE_CHANNEL_STARTING) idle_channel_start(channel);
  if (channel->state != IDLE_CHANNEL_RUNNING || channel->is_closed) return;
  if (channel->pending != NULL && !idle_wire_is_clogged(&channel->ssh->wire)) write_pending(channel);
  if (channel->is_finished && !channel->is_eof_sent && channel->pending == NULL) end_input(channel);
  note_close(channel);
}

/* Returns: whether libssh2 and the owner have let go of it. */
static bool release(idle_ssh_channel *channel) {
  idle_ssh *ssh = channel->ssh;
  if (idle_channel_is_stuck(channel)) return false;
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
  free(channel->host);
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
  idle_wire_end_turn(&ssh->wire); /* also where there was no channel to drain through */
}

bool idle_channels_are_open(const idle_ssh *ssh) {
  for (const idle_ssh_channel *channel = ssh->channels; channel != NULL; channel = channel->next)
    if (channel->handle != NULL || channel->state == IDLE_CHANNEL_OPENING) return true;
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
  size_t taken = size < MAX_WRITE_BYTES ? size : MAX_WRITE_BYTES;
  channel->pending = malloc(taken + 1);
  if (channel->pending == NULL) { /* "it does not read" would be a lie */
    channel->ssh->memory.is_short = channel->ssh->is_broken = true;
    return IDLE_SSH_FAILED;
  }
  channel->pending_size = taken;
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

void idle_ssh_channel_free(idle_ssh_channel *channel) {
  if (channel == NULL) return;
  channel->is_dropped = true;
  if (channel->ssh == NULL || release(channel)) destroy(channel);
}

void idle_channels_end(idle_ssh *ssh) {
  ssh->opening = NULL; /* packets that libssh2 releases later are still observed */
  while (ssh->channels != NULL) {
    idle_ssh_channel *channel = ssh->channels;
    ssh->channels = channel->next;
    channel->ssh = NULL;
    channel->handle = NULL;
    if (channel->is_dropped) destroy(channel);
  }
}
