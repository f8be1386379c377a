#include "algorithms.h"
#include "channel_state.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIRECT "direct-tcpip" /* the type of a channel that connects to a port */

enum { MSG_KEXINIT = 20, MSG_CHANNEL_OPEN = 90, MSG_CHANNEL_OPEN_FAILURE = 92, MSG_CHANNEL_REQUEST = 98 };

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

static void note_number(idle_ssh *ssh, const unsigned char *bytes, size_t size, const char *type) {
  size_t length = strlen(type);
  if (size >= 9 + length && read_u32(bytes + 1) == length && memcmp(bytes + 5, type, length) == 0)
    ssh->next_id = read_u32(bytes + 5 + length);
}

static void note_refusal(idle_ssh *ssh, const unsigned char *bytes, size_t size) {
  enum { MAX_REASON = 4 };
  size_t length = read_u32(bytes + 9);
  if (ssh->opening != NULL && read_u32(bytes + 5) <= MAX_REASON && length <= size - 13)
    idle_text_add_foreign(ssh->opening->said, sizeof ssh->opening->said, bytes + 13, length, 60);
}

/* libssh2_channel_get_exit_status says 0 for "none came", too. But the packet
 * that brings one is released here like all memory, and so is the one that
 * opened the channel, from which its number is learnt. */
void idle_channel_observe(void *context, const unsigned char *bytes, size_t size) {
  static const unsigned char status[] = "\0\0\0\13exit-status";
  idle_ssh *ssh = context;
  if (size >= 16 && bytes[0] == MSG_CHANNEL_OPEN) {
    note_number(ssh, bytes, size, "session");
    note_number(ssh, bytes, size, DIRECT);
  }
  if (size >= 17 && bytes[0] == MSG_CHANNEL_OPEN_FAILURE) note_refusal(ssh, bytes, size);
  if (size >= 25 && bytes[0] == MSG_CHANNEL_REQUEST && memcmp(bytes + 5, status, 15) == 0)
    note_status(ssh, read_u32(bytes + 1), read_u32(bytes + 21));
}

static void add_last(idle_ssh_channel *channel) {
  idle_ssh_channel **place = &channel->ssh->channels;
  while (*place != NULL) place = &(*place)->next;
  *place = channel;
}

static idle_ssh_channel *begin(idle_ssh *ssh) {
  idle_ssh_channel *channel = calloc(1, sizeof *channel);
  if (channel == NULL) return NULL;
  channel->ssh = ssh;
  channel->asked_ms = idle_now_ms();
  return channel;
}

static char *copy(const char *bytes, size_t size) {
  char *text = malloc(size + 1);
  if (text == NULL) return NULL;
  memcpy(text, bytes, size);
  text[size] = '\0';
  return text;
}

/* Returns: the channel, or NULL if it is of no use. */
static idle_ssh_channel *finish(idle_ssh_channel *channel, const char *text) {
  if (text == NULL) {
    free(channel);
    return NULL;
  }
  add_last(channel);
  return channel;
}

idle_ssh_channel *idle_ssh_exec(idle_ssh *ssh, const char *command, size_t size) {
  idle_ssh_channel *channel = begin(ssh);
  if (channel == NULL) return NULL;
  channel->command = copy(command, size);
  channel->command_size = size;
  return finish(channel, channel->command);
}

idle_ssh_channel *idle_ssh_forward(idle_ssh *ssh, const char *host, int port) {
  idle_ssh_channel *channel = begin(ssh);
  if (channel == NULL) return NULL;
  channel->host = copy(host, strlen(host));
  channel->port = port;
  return finish(channel, channel->host);
}

/* what: continues "'URL' …"; advice: is put behind libssh2's reason. */
static void refuse(idle_ssh_channel *channel, const char *kind, const char *what, const char *advice) {
  idle_ssh *ssh = channel->ssh;
  const char *reason = idle_ssh_last_error(ssh);
  channel->state = IDLE_CHANNEL_REFUSED;
  channel->error_kind = kind;
  if (asprintf(&channel->error_text, "'%s' %s (%s)%s", ssh->url, what, reason, advice) < 0) channel->error_text = NULL;
  idle_ssh_trace(ssh, "exec refused: %s", reason);
}

/* libssh2 gives up after a minute of its own. */
static const char *kind_of(int result) { return result == LIBSSH2_ERROR_TIMEOUT ? "ssh.timeout" : "ssh.lost"; }

/* Of a connection: only the reason, which the owner puts behind what it is for. */
static void refuse_connection(idle_ssh_channel *channel, int result) {
  const char *reason = idle_ssh_last_error(channel->ssh);
  char text[400] = "";
  channel->state = IDLE_CHANNEL_REFUSED;
  channel->error_kind = result == LIBSSH2_ERROR_CHANNEL_FAILURE ? "ssh.connect" : kind_of(result);
  if (result == LIBSSH2_ERROR_TIMEOUT)
    idle_text_add(text, sizeof text, "the hop did not open the way within a minute");
  else if (strstr(reason, "prohibited") != NULL)
    idle_text_add(text, sizeof text,
                  "the hop lets no connection through to %s:%d (administratively prohibited); in its sshd_config set "
                  "AllowTcpForwarding yes, and let PermitOpen, if it is there, name the port",
                  channel->host, channel->port);
  else
    idle_text_add(text, sizeof text, "the hop says '%s'; check the name, which the hop looks up, and that sshd listens",
                  *channel->said == '\0' ? reason : channel->said);
  channel->error_text = strdup(text);
  idle_ssh_trace(channel->ssh, "way to %s:%d refused: %s", channel->host, channel->port, reason);
}

static LIBSSH2_CHANNEL *ask(const idle_ssh_channel *channel) {
  LIBSSH2_SESSION *session = channel->ssh->session;
  if (channel->host == NULL) return libssh2_channel_open_session(session);
  return libssh2_channel_direct_tcpip_ex(session, channel->host, channel->port, "127.0.0.1", 65535); /* as ssh -W */
}

static void opened(idle_ssh_channel *channel) {
  channel->id = channel->ssh->next_id;
  channel->state = channel->host == NULL ? IDLE_CHANNEL_STARTING : IDLE_CHANNEL_RUNNING;
  if (channel->host != NULL)
    idle_ssh_trace(channel->ssh, "way to %s:%d opened, channel %u", channel->host, channel->port, channel->id);
}

static bool is_kexinit(const void *context, const unsigned char *bytes, size_t size) {
  idle_name_list lists[IDLE_LIST_COUNT];
  (void)context;
  return size > 0 && bytes[0] == MSG_KEXINIT && idle_kexinit_lists(bytes, size, lists);
}

/* A hop waits up to two minutes for a host that does not answer. If nobody here
 * does any more, but others want to be opened, an error on the wire makes
 * libssh2 forget the channel, and nothing else: unless keys are being exchanged,
 * which shows in the two lists of algorithms that it keeps meanwhile. A way that
 * is opened all the same belongs to nobody, and ends with the connection. */
static void give_up(idle_ssh_channel *channel) {
  idle_ssh *ssh = channel->ssh;
  if (idle_memory_has(&ssh->memory, is_kexinit, NULL)) return;
  ssh->wire.fails = true;
  channel->handle = ask(channel);
  ssh->wire.fails = false;
  if (channel->handle == NULL && libssh2_session_last_errno(ssh->session) == LIBSSH2_ERROR_EAGAIN) return;
  ssh->opening = NULL;
  channel->state = IDLE_CHANNEL_REFUSED;
  idle_ssh_trace(ssh, "way to %s:%d given up", channel->host, channel->port);
}

static bool is_my_turn(const idle_ssh_channel *channel) {
  idle_ssh *ssh = channel->ssh;
  if (ssh->opening != NULL && ssh->opening != channel && ssh->opening->is_dropped && ssh->opening->host != NULL)
    give_up(ssh->opening);
  return ssh->opening == NULL || ssh->opening == channel;
}

/* Only one channel at a time may be in libssh2_channel_open. */
void idle_channel_open(idle_ssh_channel *channel) {
  idle_ssh *ssh = channel->ssh;
  if (!is_my_turn(channel)) return;
  ssh->opening = channel;
  channel->state = IDLE_CHANNEL_OPENING;
  channel->handle = ask(channel);
  int result = channel->handle == NULL ? libssh2_session_last_errno(ssh->session) : 0;
  bool is_slow = channel->host != NULL && result == LIBSSH2_ERROR_TIMEOUT; /* which is no fault of the connection */
  if (!is_slow && idle_ssh_is_again(ssh, result)) return;
  ssh->opening = NULL;
  if (channel->handle != NULL)
    opened(channel);
  else if (channel->host != NULL)
    refuse_connection(channel, result);
  else if (result == LIBSSH2_ERROR_CHANNEL_FAILURE)
    refuse(channel, "ssh.busy", "opened no further channel",
           ": all that its MaxSessions allows are in use; try again later");
  else
    refuse(channel, kind_of(result), "did not open a channel", "");
}

bool idle_channel_is_stuck(idle_ssh_channel *channel) {
  if (channel->state == IDLE_CHANNEL_OPENING) idle_channel_open(channel);
  return channel->state == IDLE_CHANNEL_OPENING;
}

void idle_channel_start(idle_ssh_channel *channel) {
  idle_ssh *ssh = channel->ssh;
  int result =
      libssh2_channel_process_startup(channel->handle, "exec", 4, channel->command, (unsigned)channel->command_size);
  if (idle_ssh_is_again(ssh, result)) return;
  if (result == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED)
    refuse(channel, "remote.setup", "did not run the command", "; does its sshd_config let the account run commands?");
  else if (result != 0)
    refuse(channel, kind_of(result), "did not start the command", "");
  else
    channel->state = IDLE_CHANNEL_RUNNING;
  free(channel->command);
  channel->command = NULL;
  if (channel->state == IDLE_CHANNEL_RUNNING) idle_ssh_trace(ssh, "exec started, channel %u", channel->id);
}

idle_ssh_status idle_ssh_started(idle_ssh_channel *channel, idle_ssh_error *error) {
  if (channel->state == IDLE_CHANNEL_RUNNING) return IDLE_SSH_OK;
  if (channel->state == IDLE_CHANNEL_REFUSED && strcmp(channel->error_kind, "ssh.lost") != 0) {
    idle_ssh_fail(error, channel->error_kind, "%s", channel->error_text == NULL ? "refused" : channel->error_text);
    error->is_before_sending = channel->handle == NULL;
    return IDLE_SSH_FAILED;
  }
  if (channel->state != IDLE_CHANNEL_REFUSED && !idle_ssh_is_lost(channel->ssh)) return IDLE_SSH_AGAIN;
  const char *phase = channel->host == NULL ? "while a command was being started" : "while it opened the way";
  idle_ssh_explain_lost(channel->ssh, phase, idle_now_ms() - channel->asked_ms, error);
  error->is_before_sending = channel->handle == NULL;
  return IDLE_SSH_FAILED;
}

bool idle_ssh_is_opened(const idle_ssh_channel *channel) { return channel->handle != NULL; }
