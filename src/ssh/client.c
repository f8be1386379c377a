/* Traps of libssh2 1.10, which Debian 12 has, and what keeps us out of them.
 *
 *  1. A packet that the kernel takes only in part must be offered again by the
 *     same call with the same bytes; anything else fails with BAD_USE for ever.
 *     Keepalives and EOF keep it on the stack, a second channel knows nothing of
 *     it, and a key exchange stalls (21). wire.c takes every packet whole.
 *  2. When the peer closes, data that came before is not handed out any more.
 *     wire.c answers "nothing yet" and notes the end. (Data in the same read as a
 *     DISCONNECT message are lost all the same.)
 *  3. An endless greeting, or an endless row of packets that are ignored, keeps
 *     one call busy for ever. wire.c limits the greeting, and the bytes of a turn.
 *  4. An empty line before the banner is an error. wire.c keeps all lines before
 *     the banner away.
 *  5. Nothing but the kernel notices a dead peer, and nothing has a deadline but
 *     60 s of its own. Every call here has one; libssh2's error TIMEOUT is reported.
 *  6. Freeing a session or a channel waits for the peer, and an unfinished key
 *     exchange is not freed. handshake.c cuts the wire first.
 *  7. The exit status is 0 also for "killed by a signal" and "none came".
 *     channel.c sees the packet itself.
 *  8. A length in exit-signal or in a prompt is believed: gigabytes, or a string
 *     without its end. memory.c limits and zeroes.
 *  9. Answers to keepalives are kept for ever, so none are asked for. The
 *     keepalive's time is the wall clock, so ours decides when to send.
 * 10. Two channels can't be opened at a time, and one that is being opened can't be
 *     given up. channel.c opens one after the other, and drops one that stands in
 *     the way by an error on the wire.
 * 11. Reads of several sizes miscount the window when a key exchange interrupts
 *     them. All ask for the same number of bytes.
 * 12. libssh2_session_method_pref copies over itself when it strips unknown
 *     names. algorithms.c gives it only known ones.
 * 13. Host certificates would be taken for keys. They are not asked for.
 * 14. RSA means SHA-1: OpenSSH refuses RSA user keys since 8.8, and servers with
 *     only an RSA host key, only encrypt-then-MAC or only AEAD ciphers have no
 *     algorithm in common with it. Each has a text of its own.
 * 15. A passphrase of NULL crashes, or asks on the terminal. It is never NULL.
 * 16. The agent's socket is read for ever when the agent closes it. agent.c is ours.
 * 17. A damaged packet is dropped and the next one read: output with a hole in it,
 *     or a refused login. handshake.c is told of it, and channel.c stops there.
 * 18. An ECDSA key in OpenSSH's format leaks a number of OpenSSL, and a connection
 *     that ends between the host key and the end of the key exchange leaks the
 *     host key: 0.2 and 1.2 KiB that nobody can reach. Each exchange of new keys
 *     leaves 51 bytes, an ed25519 host key, until the connection ends.
 * 19. keyboard-interactive compares with the wrong length if the server gives the
 *     dialogue a name (OpenSSH gives it none), and copies what lies beyond the
 *     packet. handshake.c refuses the memory for that.
 * 20. "Refused" is also the result of a key when the connection ends, and when
 *     the server wants a second factor. auth.c asks what is the case.
 * 21. When the server wants new keys while half a packet waits to be sent, each
 *     call begins with the exchange, whose own packet is not the one that waits:
 *     no byte is sent any more, with 1.11 for ever, with 1.10 until the keepalive
 *     meets BAD_USE. wire.c lets no half packet arise, so a call stops only at an
 *     exchange that waits for the server. Any call that reads or sends goes on
 *     with it, and all that was stopped is repeated with the same bytes once it is
 *     over: channel.c's drain() alone reads, and comes before every other call of
 *     a turn, so the end of the exchange is seen there, nothing of what came
 *     behind it stays in libssh2's buffer, and the others follow at once. */
#include "client.h"

#include "state.h"
#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libssh2 refuses to send a sign of life sooner than this after the last; our
 * caller's timer is slower. */
#define KEEPALIVE_MIN_S 2

/* How often a file that is locked is looked at. */
#define LOCK_LOOK_MS 20

int64_t idle_ssh_now_ms(void) { return idle_now_ms(); }

const char *idle_ssh_url(const idle_ssh *ssh) { return ssh->url; }

idle_ssh_status idle_ssh_fail(idle_ssh_error *error, const char *kind, const char *format, ...) {
  *error = (idle_ssh_error){.kind = kind};
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  return IDLE_SSH_FAILED;
}

bool idle_ssh_lacks_files(int code) { return code == EMFILE || code == ENFILE; }

idle_ssh_status idle_ssh_fail_files(const idle_ssh *ssh, idle_ssh_error *error) {
  return idle_ssh_fail(error, "ssh.connect",
                       "no connection to '%s': too many open files; close some, or raise the limit (ulimit -n)",
                       ssh->url);
}

void idle_ssh_trace(const idle_ssh *ssh, const char *format, ...) {
  if (ssh->trace == NULL) return;
  char line[600] = "";
  idle_text_add(line, sizeof line, "%s +%lld ms: ", ssh->name, (long long)(idle_now_ms() - ssh->started_ms));
  size_t used = strlen(line);
  va_list arguments;
  va_start(arguments, format);
  (void)vsnprintf(line + used, sizeof line - used, format, arguments);
  va_end(arguments);
  ssh->trace(ssh->trace_context, line);
}

const char *idle_ssh_last_error(const idle_ssh *ssh) {
  char *text = NULL;
  if (ssh->memory.is_short) return "not enough memory";
  if (ssh->session == NULL || libssh2_session_last_error(ssh->session, &text, NULL, 0) == 0) return "no reason given";
  return text;
}

bool idle_ssh_is_again(idle_ssh *ssh, ssize_t result) {
  /* Whatever it says: not every failed allocation ends a call of libssh2, or leaves it in a known state. */
  if (ssh->memory.is_short) result = LIBSSH2_ERROR_ALLOC;
  switch (result) {
  case LIBSSH2_ERROR_SOCKET_SEND:
  case LIBSSH2_ERROR_SOCKET_RECV:
  case LIBSSH2_ERROR_SOCKET_DISCONNECT:
  case LIBSSH2_ERROR_DECRYPT:
  case LIBSSH2_ERROR_ENCRYPT:
  case LIBSSH2_ERROR_INVALID_MAC:
  case LIBSSH2_ERROR_OUT_OF_BOUNDARY:
  case LIBSSH2_ERROR_KEX_FAILURE:
  case LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE:
  case LIBSSH2_ERROR_ALLOC:
  case LIBSSH2_ERROR_TIMEOUT:
  case LIBSSH2_ERROR_BAD_USE:
    ssh->is_broken = true;
    return false;
  default:
    return result == LIBSSH2_ERROR_EAGAIN;
  }
}

static bool prepare(idle_ssh *ssh, const idle_ssh_options *options, idle_ssh_error *error) {
  ssh->auth = idle_auth_new();
  if (ssh->auth == NULL || !idle_options_copy(ssh, options)) {
    idle_ssh_fail(error, "ssh.connect", "not enough memory to connect to '%s'", options->host);
    return false;
  }
  return idle_options_load_identities(ssh, options, error) && idle_hostkey_load(ssh, error);
}

idle_ssh *idle_ssh_new(const idle_ssh_options *options, idle_ssh_error *error) {
  if (!idle_options_check(options, error)) return NULL;
  if (libssh2_init(0) != 0) {
    idle_ssh_fail(error, "ssh.connect", "libssh2 can't be initialised");
    return NULL;
  }
  idle_ssh *ssh = calloc(1, sizeof *ssh);
  if (ssh == NULL) {
    idle_ssh_fail(error, "ssh.connect", "not enough memory to connect to '%s'", options->host);
    libssh2_exit();
    return NULL;
  }
  ssh->wire.fd = ssh->dial.fd = -1;
  if (prepare(ssh, options, error)) return ssh;
  idle_ssh_free(ssh);
  return NULL;
}

static void wipe_string(char **text) {
  if (*text != NULL) explicit_bzero(*text, strlen(*text));
  free(*text);
  *text = NULL;
}

/* After the login, or without one, nothing of a credential is kept. */
static void forget_credentials(idle_ssh *ssh) {
  wipe_string(&ssh->passphrase);
  wipe_string(&ssh->password);
  idle_options_forget_identities(ssh);
  idle_auth_free(ssh->auth);
  ssh->auth = NULL;
}

void idle_ssh_free(idle_ssh *ssh) {
  if (ssh == NULL) return;
  if (ssh->phase == IDLE_PHASE_OPEN) idle_ssh_trace(ssh, "closed");
  idle_channels_end(ssh);
  idle_handshake_end(ssh);
  forget_credentials(ssh);
  idle_dial_close(&ssh->dial);
  idle_known_hosts_free(&ssh->known);
  free(ssh->host);
  free(ssh->name);
  free(ssh->url);
  free(ssh->hops);
  free(ssh->way_text);
  free(ssh->user);
  for (size_t i = 0; i < ssh->known_hosts_count; i++) free(ssh->known_hosts_files[i]);
  free(ssh->known_hosts_files);
  free(ssh->host_key_alias);
  free(ssh->agent_socket);
  free(ssh->host_key);
  free(ssh);
  libssh2_exit();
}

void idle_ssh_resolved(idle_ssh *ssh, struct addrinfo *addresses, int gai_error, int system_error) {
  ssh->gai_error = gai_error;
  ssh->gai_errno = system_error;
  idle_dial_begin(&ssh->dial, addresses);
  ssh->dial.alive_interval_ms = ssh->alive_interval_ms;
  ssh->dial.alive_count_max = ssh->alive_count_max;
  ssh->phase = IDLE_PHASE_DIAL;
  if (gai_error == 0) idle_ssh_trace(ssh, "resolved");
}

static idle_ssh_status fail_timeout(idle_ssh *ssh, idle_ssh_error *error) {
  double elapsed = (double)(idle_now_ms() - ssh->started_ms) / 1000;
  bool write;
  switch (ssh->phase) {
  case IDLE_PHASE_RESOLVE:
  case IDLE_PHASE_DIAL:
    return idle_reach_timeout(ssh, elapsed, error);
  case IDLE_PHASE_WAY:
    return idle_way_timeout(ssh, elapsed, error);
  case IDLE_PHASE_HANDSHAKE:
    return idle_handshake_timeout(ssh, error);
  case IDLE_PHASE_HOSTKEY:
    return idle_hostkey_timeout(ssh, error);
  default:
    return idle_ssh_fail(error, "ssh.timeout", "the login at '%s' did not end within %.1f s: %s did not answer",
                         ssh->url, elapsed, idle_auth_agent_fd(ssh->auth, &write) < 0 ? "the server" : "the SSH agent");
  }
}

/* Has the socket, and speaks SSH on it. */
static idle_ssh_status connected(idle_ssh *ssh, idle_ssh_status status, idle_ssh_error *error) {
  if (status != IDLE_SSH_OK) return status;
  idle_wire_open(&ssh->wire, ssh->dial.fd);
  ssh->dial.fd = -1;
  ssh->phase = IDLE_PHASE_HANDSHAKE;
  if (!idle_handshake_begin(ssh)) return idle_ssh_fail(error, "ssh.connect", "not enough memory for libssh2");
  return IDLE_SSH_OK;
}

static idle_ssh_status shake_hands(idle_ssh *ssh, idle_ssh_error *error) {
  idle_ssh_status status = idle_handshake_step(ssh, error);
  if (status == IDLE_SSH_OK) status = idle_hostkey_note(ssh, error);
  if (status == IDLE_SSH_OK) ssh->phase = IDLE_PHASE_HOSTKEY;
  return status;
}

static idle_ssh_status check_host_key(idle_ssh *ssh, idle_ssh_error *error) {
  idle_ssh_status status = idle_hostkey_check(ssh, error);
  if (status == IDLE_SSH_AGAIN && idle_hostkey_is_locked_out(ssh)) return status;
  if (status == IDLE_SSH_AGAIN) { /* once more, for the key of another type */
    idle_handshake_end(ssh);
    ssh->phase = ssh->hops == NULL ? IDLE_PHASE_DIAL : IDLE_PHASE_WAY;
    return IDLE_SSH_OK;
  }
  if (status == IDLE_SSH_OK) ssh->phase = IDLE_PHASE_AUTH;
  ssh->memory.hides = true; /* passwords and keys come next */
  idle_wire_forget_kexinit(&ssh->wire);
  return status;
}

static idle_ssh_status log_in(idle_ssh *ssh, idle_ssh_error *error) {
  idle_wire_begin_turn(&ssh->wire);
  idle_wire_flush(&ssh->wire);
  idle_ssh_status status = idle_auth_step(ssh, error);
  if (status != IDLE_SSH_OK) return status;
  forget_credentials(ssh);
  ssh->memory.hides = false;
  idle_dial_close(&ssh->dial);
  libssh2_keepalive_config(ssh->session, 0, KEEPALIVE_MIN_S);
  ssh->phase = IDLE_PHASE_OPEN;
  idle_ssh_trace(ssh, "logged in by %s", ssh->auth_method);
  return IDLE_SSH_OK;
}

static idle_ssh_status go_on(idle_ssh *ssh, idle_ssh_error *error) {
  switch (ssh->phase) {
  case IDLE_PHASE_DIAL:
    return connected(ssh, idle_reach_step(ssh, error), error);
  case IDLE_PHASE_WAY:
    return connected(ssh, idle_way_step(ssh, error), error);
  case IDLE_PHASE_HANDSHAKE:
    return shake_hands(ssh, error);
  case IDLE_PHASE_HOSTKEY:
    return check_host_key(ssh, error);
  case IDLE_PHASE_AUTH:
    return log_in(ssh, error);
  default:
    return IDLE_SSH_AGAIN; /* nothing is resolved yet */
  }
}

static const char *phase_name(idle_ssh_phase phase) {
  static const char *const names[] = {[IDLE_PHASE_RESOLVE] = "resolve",
                                      [IDLE_PHASE_WAY] = "dial",
                                      [IDLE_PHASE_DIAL] = "dial",
                                      [IDLE_PHASE_HANDSHAKE] = "handshake",
                                      [IDLE_PHASE_HOSTKEY] = "handshake",
                                      [IDLE_PHASE_AUTH] = "auth",
                                      [IDLE_PHASE_OPEN] = NULL};
  return names[phase];
}

idle_ssh_status idle_ssh_connect(idle_ssh *ssh, idle_ssh_error *error) {
  idle_ssh_status status = IDLE_SSH_OK;
  while (ssh->phase != IDLE_PHASE_OPEN && status == IDLE_SSH_OK) status = go_on(ssh, error);
  if (status == IDLE_SSH_AGAIN && idle_now_ms() >= ssh->deadline_ms) status = fail_timeout(ssh, error);
  if (status == IDLE_SSH_FAILED) {
    error->is_before_sending = true;
    error->phase = phase_name(ssh->gai_error == 0 ? ssh->phase : IDLE_PHASE_RESOLVE);
    error->credential_sent = idle_auth_has_sent_credential(ssh->auth);
    idle_ssh_trace(ssh, "failed: %s", error->kind);
  }
  return status;
}

bool idle_ssh_has_given_password(const idle_ssh *ssh) { return ssh->is_password_given; }

static int64_t earlier(int64_t a, int64_t b) { return a < b ? a : b; }

idle_ssh_interest idle_ssh_interest_of(const idle_ssh *ssh) {
  idle_ssh_interest interest = {.fd = -1, .until_ms = ssh->deadline_ms};
  switch (ssh->phase) {
  case IDLE_PHASE_RESOLVE:
  case IDLE_PHASE_WAY:
    break;
  case IDLE_PHASE_HOSTKEY:
    interest.until_ms = earlier(ssh->deadline_ms, idle_now_ms() + LOCK_LOOK_MS);
    break;
  case IDLE_PHASE_DIAL:
    interest.fd = ssh->dial.fd;
    interest.write = true;
    interest.until_ms = earlier(ssh->deadline_ms, ssh->dial.until_ms);
    break;
  default:
    interest.fd = ssh->auth == NULL ? -1 : idle_auth_agent_fd(ssh->auth, &interest.write);
    interest.read = !interest.write;
    if (interest.fd >= 0) break;
    interest.fd = ssh->wire.fd;
    interest.write = idle_wire_is_clogged(&ssh->wire);
    interest.read = ssh->phase != IDLE_PHASE_OPEN || idle_channels_are_open(ssh);
    if (ssh->phase == IDLE_PHASE_OPEN) interest.until_ms = INT64_MAX;
  }
  return interest;
}

void idle_ssh_pump(idle_ssh *ssh) {
  idle_wire_begin_turn(&ssh->wire);
  idle_wire_flush(&ssh->wire);
  idle_channels_step(ssh);
  if (!idle_ssh_is_lost(ssh) || ssh->is_loss_told) return;
  ssh->is_loss_told = true;
  idle_ssh_trace(ssh, "lost");
}

uint64_t idle_ssh_alive_interval_ms(const idle_ssh *ssh) { return (uint64_t)ssh->alive_interval_ms; }

void idle_ssh_keepalive(idle_ssh *ssh) {
  int next;
  (void)idle_ssh_is_again(ssh, libssh2_keepalive_send(ssh->session, &next));
}

void idle_ssh_hung_up(idle_ssh *ssh) {
  if (!idle_channels_are_open(ssh)) ssh->wire.ended = true;
}

bool idle_ssh_is_lost(const idle_ssh *ssh) {
  return ssh->wire.ended || ssh->is_broken || ssh->is_damaged || ssh->is_disconnected;
}

void idle_ssh_explain_lost(const idle_ssh *ssh, const char *phase, int64_t elapsed_ms, idle_ssh_error *error) {
  idle_ssh_fail(error, "ssh.lost", "the connection to '%s' was lost %s, after %.1f s: ", ssh->url, phase,
                (double)elapsed_ms / 1000);
  idle_ssh_add_loss(ssh, error->message, sizeof error->message);
}

idle_ssh_facts idle_ssh_facts_of(const idle_ssh *ssh) {
  return (idle_ssh_facts){.address = ssh->dial.peer,
                          .banner = ssh->wire.banner,
                          .host_key_type = ssh->key_type,
                          .host_key_fingerprint = ssh->fingerprint,
                          .auth_method = ssh->auth_method == NULL ? "" : ssh->auth_method,
                          .memory_bytes = ssh->memory.used_bytes};
}
