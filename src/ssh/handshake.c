#include "algorithms.h"
#include "state.h"
#include "text.h"

#include <string.h>

/* More than every window of every channel together. */
#define MEMORY_LIMIT_BYTES (64u * 1024 * 1024)

static idle_ssh *client_of(void **abstract) { return *abstract; }

/* The packet that asks the questions of keyboard-interactive, and announces a
 * name of `asked` bytes that it does not hold. */
static bool is_lying_packet(const void *asked, const unsigned char *bytes, size_t size) {
  enum { MSG_USERAUTH_INFO_REQUEST = 60, HEADER = 1 + 4 };
  if (size < HEADER || bytes[0] != MSG_USERAUTH_INFO_REQUEST) return false;
  size_t name = (size_t)bytes[1] << 24 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 8 | bytes[4];
  return name == *(const size_t *)asked && name > size - HEADER;
}

/* libssh2 makes room for that name and copies it, from beyond the packet: no
 * room, no copy. */
static LIBSSH2_ALLOC_FUNC(on_alloc) {
  idle_ssh *ssh = client_of(abstract);
  if (ssh->phase == IDLE_PHASE_AUTH && idle_memory_has(&ssh->memory, is_lying_packet, &count)) return NULL;
  return idle_memory_alloc(&ssh->memory, count);
}

static LIBSSH2_REALLOC_FUNC(on_realloc) { return idle_memory_realloc(&client_of(abstract)->memory, ptr, count); }

static LIBSSH2_FREE_FUNC(on_free) { idle_memory_free(&client_of(abstract)->memory, ptr); }

static LIBSSH2_RECV_FUNC(on_receive) {
  (void)socket, (void)flags;
  return idle_wire_receive(&client_of(abstract)->wire, buffer, length);
}

static LIBSSH2_SEND_FUNC(on_send) {
  (void)socket, (void)flags;
  return idle_wire_send(&client_of(abstract)->wire, buffer, length);
}

static LIBSSH2_DISCONNECT_FUNC(on_disconnect) {
  (void)session, (void)reason, (void)language, (void)language_len;
  idle_ssh *ssh = client_of(abstract);
  ssh->is_disconnected = true;
  if (message == NULL || message_len <= 0) return;
  idle_text_add_foreign(ssh->last_words, sizeof ssh->last_words, message, (size_t)message_len, 100);
}

/* libssh2 would drop such a packet, and go on with the next. */
static LIBSSH2_MACERROR_FUNC(on_mac_error) {
  (void)session, (void)packet, (void)packet_len;
  client_of(abstract)->is_damaged = client_of(abstract)->is_broken = true;
  return 1;
}

/* libssh2 takes all of its callbacks as data pointers. */
static void set_callback(LIBSSH2_SESSION *session, int which, void (*function)(void)) {
  void *pointer;
  memcpy(&pointer, &function, sizeof pointer);
  libssh2_session_callback_set(session, which, pointer);
}

bool idle_handshake_begin(idle_ssh *ssh) {
  ssh->memory = (idle_memory){.limit_bytes = MEMORY_LIMIT_BYTES, .on_free = idle_channel_observe, .context = ssh};
  ssh->session = libssh2_session_init_ex(on_alloc, on_free, on_realloc, ssh);
  if (ssh->session == NULL) return false;
  libssh2_session_set_blocking(ssh->session, 0);
  set_callback(ssh->session, LIBSSH2_CALLBACK_RECV, (void (*)(void))on_receive);
  set_callback(ssh->session, LIBSSH2_CALLBACK_SEND, (void (*)(void))on_send);
  set_callback(ssh->session, LIBSSH2_CALLBACK_DISCONNECT, (void (*)(void))on_disconnect);
  set_callback(ssh->session, LIBSSH2_CALLBACK_MACERROR, (void (*)(void))on_mac_error);
  return idle_algorithms_offer(ssh->session, idle_hostkey_is_wanted, ssh);
}

void idle_handshake_end(idle_ssh *ssh) {
  idle_wire_cut(&ssh->wire);
  if (ssh->session != NULL) {
    /* Now that nothing can be read, this lets libssh2 release what an
     * unfinished key exchange holds; libssh2_session_free alone does not. But it
     * crashes where an allocation has failed, be it by the server's wish. */
    if (ssh->phase == IDLE_PHASE_HANDSHAKE && !ssh->memory.is_short)
      (void)libssh2_session_handshake(ssh->session, ssh->wire.fd);
    (void)libssh2_session_free(ssh->session);
  }
  ssh->session = NULL;
  idle_memory_free_all(&ssh->memory);
  idle_wire_close(&ssh->wire);
}

/* What the server said instead of a banner. */
static void add_greeting(const idle_ssh *ssh, char *text, size_t capacity) {
  const idle_wire *wire = &ssh->wire;
  size_t partial = wire->stage == IDLE_WIRE_BANNER ? wire->banner_size : 0;
  size_t size = wire->greeting_size > 0 ? wire->greeting_size : partial;
  const char *bytes = wire->greeting_size > 0 ? wire->greeting : wire->banner;
  const char *end = memchr(bytes, '\n', size);
  if (end != NULL) size = (size_t)(end - bytes);
  if (size > 0 && bytes[size - 1] == '\r') size--;
  idle_text_add_foreign(text, capacity, bytes, size, 100);
}

static bool is_greeting(const idle_wire *wire, const char *words) {
  return memmem(wire->greeting, wire->greeting_size, words, strlen(words)) != NULL;
}

/* sshd refuses by a line of text since 8.x, and by silence before. */
static bool is_refusal(const idle_wire *wire) {
  return is_greeting(wire, "MaxStartups") || is_greeting(wire, "Not allowed at this time");
}

static bool has_greeting(const idle_wire *wire) { return wire->greeting_size > 0 || wire->banner_size > 0; }

static idle_ssh_status fail_busy(const idle_ssh *ssh, idle_ssh_error *error) {
  char said[200] = "";
  add_greeting(ssh, said, sizeof said);
  return idle_ssh_fail(error, "ssh.busy",
                       "'%s' closed the connection before SSH began%s%s%s: it has too many logins under way "
                       "(MaxStartups), or blocks this address for a while; try again later",
                       ssh->url, *said == '\0' ? "" : ", saying '", said, *said == '\0' ? "" : "'");
}

static idle_ssh_status fail_not_ssh(const idle_ssh *ssh, idle_ssh_error *error) {
  char said[420] = "";
  add_greeting(ssh, said, sizeof said);
  return idle_ssh_fail(error, "ssh.handshake", "'%s' does not speak SSH, it says '%s'; check host and port", ssh->url,
                       said);
}

/* The stream ended in the handshake. */
static idle_ssh_status fail_ended(idle_ssh *ssh, idle_ssh_error *error) {
  if (ssh->wire.stage == IDLE_WIRE_BANNER && ssh->way_kind == NULL) {
    if (!has_greeting(&ssh->wire) || is_refusal(&ssh->wire)) return fail_busy(ssh, error);
    return fail_not_ssh(ssh, error);
  }
  idle_ssh_explain_lost(ssh, "during the key exchange", idle_now_ms() - ssh->started_ms, error);
  return IDLE_SSH_FAILED;
}

static idle_ssh_status fail_handshake(idle_ssh *ssh, idle_ssh_error *error) {
  size_t size;
  idle_name_list lists[IDLE_LIST_COUNT];
  const unsigned char *kexinit = idle_wire_kexinit(&ssh->wire, &size);
  char url[300] = "";
  idle_text_add(url, sizeof url, "'%s'", ssh->url);
  idle_ssh_fail(error, "ssh.handshake", "%s", "");
  if (kexinit != NULL && idle_kexinit_lists(kexinit, size, lists) &&
      idle_algorithms_explain(ssh->session, url, lists, error->message, sizeof error->message, &error->ssh_would_help))
    return IDLE_SSH_FAILED;
  if (ssh->is_disconnected) return fail_ended(ssh, error);
  return idle_ssh_fail(error, "ssh.handshake", "the key exchange with '%s' failed: %s", ssh->url,
                       idle_ssh_last_error(ssh));
}

/* Half a line may still become a banner. */
static bool says_something_else(const idle_wire *wire) {
  size_t size = wire->banner_size < 4 ? wire->banner_size : 4;
  return wire->greeting_size > 0 || strncmp(wire->banner, "SSH-", size) != 0;
}

idle_ssh_status idle_handshake_timeout(idle_ssh *ssh, idle_ssh_error *error) {
  if (ssh->wire.stage == IDLE_WIRE_BANNER && says_something_else(&ssh->wire)) return fail_not_ssh(ssh, error);
  return idle_ssh_fail(error, "ssh.timeout", "'%s' did not finish the handshake within %.1f s: no %s came", ssh->url,
                       (double)(idle_now_ms() - ssh->started_ms) / 1000,
                       ssh->wire.stage == IDLE_WIRE_BANNER    ? "banner"
                       : ssh->wire.stage == IDLE_WIRE_KEXINIT ? "list of algorithms"
                                                              : "answer to the key exchange");
}

/* libssh2 does not look at the version. */
static bool is_ssh2(const char *banner) {
  return strncmp(banner, "SSH-2.0-", 8) == 0 || strncmp(banner, "SSH-1.99-", 9) == 0;
}

static void trace_algorithms(const idle_ssh *ssh) {
  LIBSSH2_SESSION *session = ssh->session;
  char banner[256] = "";
  idle_text_add_foreign(banner, sizeof banner, ssh->wire.banner, strlen(ssh->wire.banner), 100);
  idle_ssh_trace(ssh, "banner %s", banner);
  idle_ssh_trace(ssh, "algorithms %s, %s, %s, %s", libssh2_session_methods(session, LIBSSH2_METHOD_KEX),
                 libssh2_session_methods(session, LIBSSH2_METHOD_HOSTKEY),
                 libssh2_session_methods(session, LIBSSH2_METHOD_CRYPT_CS),
                 libssh2_session_methods(session, LIBSSH2_METHOD_MAC_CS));
}

idle_ssh_status idle_handshake_step(idle_ssh *ssh, idle_ssh_error *error) {
  idle_wire_begin_turn(&ssh->wire);
  idle_wire_flush(&ssh->wire);
  int result = libssh2_session_handshake(ssh->session, ssh->wire.fd);
  if (ssh->wire.stage > IDLE_WIRE_BANNER_READ && !is_ssh2(ssh->wire.banner))
    return idle_ssh_fail(error, "ssh.handshake", "'%s' speaks only SSH 1; its SSH server needs an update", ssh->url);
  if (ssh->memory.is_short) return fail_handshake(ssh, error);
  if (result == LIBSSH2_ERROR_EAGAIN) return ssh->wire.ended ? fail_ended(ssh, error) : IDLE_SSH_AGAIN;
  if (result != 0) return fail_handshake(ssh, error);
  trace_algorithms(ssh);
  return IDLE_SSH_OK;
}
