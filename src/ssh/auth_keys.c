#include "auth_steps.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_locked(const idle_ssh *ssh, const idle_identity *identity) {
  return idle_identity_is_locked(identity, ssh->passphrase);
}

/* text: a phrase for the key, and why it is not tried. */
static void note_passed_over(const idle_ssh *ssh, const char *text) {
  idle_auth *auth = ssh->auth;
  idle_text_add(auth->passed_over, sizeof auth->passed_over, "%s%s", *auth->passed_over == '\0' ? "" : ", ", text);
  idle_ssh_trace(ssh, "passed over %s", text);
}

/* reason: continues "identity file 'PATH', which …". */
static void pass_over(const idle_ssh *ssh, const idle_identity *identity, const char *reason) {
  char text[500] = "";
  idle_text_add(text, sizeof text, "identity file '%s', which %s", identity->path, reason);
  note_passed_over(ssh, text);
  if (strncmp(identity->type, "sk-", 3) == 0) ssh->auth->has_foreign_key = true;
}

/* libssh2 signs with RSA only by SHA-1 before 1.11, and OpenSSH refuses that since 8.8. */
static bool is_rsa_refused(const idle_ssh *ssh) {
  static const char name[] = "OpenSSH_", windows[] = "for_Windows_";
  const char *version = strstr(ssh->wire.banner, name);
  if (libssh2_version(0x010b00) != NULL || version == NULL) return false;
  version += sizeof name - 1;
  if (strncmp(version, windows, sizeof windows - 1) == 0) version += sizeof windows - 1;
  char *dot;
  long major = strtol(version, &dot, 10);
  return major > 8 || (major == 8 && *dot == '.' && strtol(dot + 1, NULL, 10) >= 8);
}

static bool is_rsa(const char *type) { return strcmp(type, "ssh-rsa") == 0; }

/* Why a key of the list is not tried, though it is not locked; NULL = it is. A key that is required is tried in any
 * case: the server may be set up to take it. */
static const char *reason_against(const idle_ssh *ssh, const idle_identity *identity) {
  if (identity->fault != NULL) return identity->fault;
  bool is_useless = is_rsa(identity->type) && !identity->is_required && is_rsa_refused(ssh);
  return is_useless ? "is an RSA key, with which libssh2 can't log in here" : NULL;
}

/* libssh2 reads the key before it sends anything. */
static bool is_fault_of_key(int result) {
  return result == LIBSSH2_ERROR_FILE || result == LIBSSH2_ERROR_KEYFILE_AUTH_FAILED || result == LIBSSH2_ERROR_PROTO ||
         result == LIBSSH2_ERROR_METHOD_NONE || result == LIBSSH2_ERROR_SOCKET_NONE;
}

static idle_auth_outcome fail_key(const idle_ssh *ssh, const idle_identity *identity, idle_ssh_error *error) {
  if (!identity->is_required) {
    pass_over(ssh, identity,
              identity->is_encrypted ? "can't be opened: the passphrase is wrong" : "can't be used by libssh2");
    return IDLE_AUTH_REFUSED;
  }
  idle_ssh_fail(error, "ssh.auth",
                identity->is_encrypted ? "the passphrase of identity file '%s' is wrong"
                                       : "identity file '%s' can't be used by libssh2; make an ed25519 key",
                identity->path);
  return IDLE_AUTH_BROKEN;
}

/* The server may take the key only by a certificate, which ssh finds beside it. */
static bool has_certificate(const idle_identity *identity) {
  char *path;
  if (asprintf(&path, "%s-cert.pub", identity->path) < 0) return false;
  bool is_there = access(path, F_OK) == 0;
  free(path);
  return is_there;
}

static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(on_sign_by_identity) {
  (void)session;
  idle_ssh *ssh = *abstract;
  const idle_identity *identity = &ssh->identities[ssh->auth->identity];
  *sig_len = IDLE_SIGNATURE_SIZE;
  *sig = idle_memory_alloc(&ssh->memory, *sig_len);
  return *sig != NULL && idle_identity_sign(identity, data, data_len, *sig) ? 0 : LIBSSH2_ERROR_ALLOC;
}

static int offer_identity(idle_ssh *ssh, const idle_identity *identity) {
  void *context = ssh;
  if (identity->has_seed)
    return libssh2_userauth_publickey(ssh->session, ssh->user, identity->public_key, identity->public_key_size,
                                      on_sign_by_identity, &context);
  /* Never NULL for the passphrase: libssh2 would crash on it, or ask the terminal. */
  const char *passphrase = ssh->passphrase == NULL ? "" : ssh->passphrase;
  return libssh2_userauth_publickey_frommemory(ssh->session, ssh->user, strlen(ssh->user), NULL, 0, identity->text,
                                               identity->size, passphrase);
}

static idle_auth_outcome try_identity(idle_ssh *ssh, idle_identity *identity, idle_ssh_error *error) {
  idle_auth *auth = ssh->auth;
  int result = offer_identity(ssh, identity);
  if (is_fault_of_key(result)) return fail_key(ssh, identity, error);
  auth->is_credential_sent = true;
  identity->is_tried = result != LIBSSH2_ERROR_EAGAIN;
  if (identity->is_tried && result != 0) {
    auth->has_rsa = auth->has_rsa || is_rsa(identity->type);
    auth->has_foreign_key = auth->has_foreign_key || has_certificate(identity);
  }
  char what[400] = "";
  idle_text_add(what, sizeof what, "identity file '%s'", identity->path);
  idle_auth_outcome outcome = idle_auth_judge(ssh, result, what, error);
  if (outcome == IDLE_AUTH_ACCEPTED) ssh->auth_method = "publickey";
  return outcome;
}

static idle_auth_outcome consider_identity(idle_ssh *ssh, idle_identity *identity, idle_ssh_error *error) {
  if (identity->is_tried || is_locked(ssh, identity)) return IDLE_AUTH_REFUSED;
  const char *reason = reason_against(ssh, identity);
  if (reason == NULL) return try_identity(ssh, identity, error);
  pass_over(ssh, identity, reason);
  ssh->auth->has_rsa = ssh->auth->has_rsa || is_rsa(identity->type);
  return IDLE_AUTH_REFUSED;
}

static idle_auth_outcome try_identities(idle_ssh *ssh, idle_ssh_error *error) {
  idle_auth *auth = ssh->auth;
  for (; auth->identity < ssh->identity_count; auth->identity++) {
    if (idle_auth_is_at_limit(auth)) {
      idle_auth_note_tried(ssh, "no further identity file", "the server would disconnect");
      auth->identity = ssh->identity_count;
      break;
    }
    idle_auth_outcome outcome = consider_identity(ssh, &ssh->identities[auth->identity], error);
    if (outcome != IDLE_AUTH_REFUSED) return outcome;
  }
  return IDLE_AUTH_REFUSED;
}

static size_t count_usable(const idle_ssh *ssh) {
  size_t count = 0;
  for (size_t i = 0; i < ssh->identity_count; i++)
    count += !is_locked(ssh, &ssh->identities[i]) && reason_against(ssh, &ssh->identities[i]) == NULL;
  return count;
}

idle_auth_outcome idle_auth_try_only_identity(idle_ssh *ssh, idle_ssh_error *error) {
  return count_usable(ssh) == 1 ? try_identities(ssh, error) : IDLE_AUTH_REFUSED;
}

idle_auth_outcome idle_auth_try_identities(idle_ssh *ssh, idle_ssh_error *error) {
  if (idle_auth_offers(ssh->auth, "publickey")) return try_identities(ssh, error);
  if (ssh->auth->identity < ssh->identity_count) idle_auth_note_tried(ssh, "identity files", "not offered");
  return IDLE_AUTH_REFUSED;
}

static void note_foreign_keys(const idle_ssh *ssh) {
  idle_auth *auth = ssh->auth;
  if (auth->agent.foreign_count == 0 || ssh->identities_only) return;
  char text[100] = "";
  idle_text_add(text, sizeof text, "%zu of the agent's keys, on security keys or with certificates",
                auth->agent.foreign_count);
  note_passed_over(ssh, text);
  auth->has_foreign_key = true;
}

idle_auth_outcome idle_auth_list_agent_keys(idle_ssh *ssh, idle_ssh_error *error) {
  idle_auth *auth = ssh->auth;
  if (!ssh->use_agent || !idle_auth_offers(auth, "publickey")) return IDLE_AUTH_REFUSED;
  int code = auth->agent.fd < 0 ? idle_agent_open(&auth->agent, ssh->agent_socket) : 0;
  if (idle_ssh_lacks_files(code)) {
    idle_ssh_fail_files(ssh, error);
    return IDLE_AUTH_BROKEN;
  }
  if (code != 0) {
    idle_ssh_trace(ssh, "no SSH agent answers");
    return IDLE_AUTH_REFUSED;
  }
  idle_ssh_status status = idle_agent_list(&auth->agent);
  auth->is_waiting_for_agent = status == IDLE_SSH_AGAIN;
  if (status == IDLE_SSH_AGAIN) return IDLE_AUTH_NOT_YET;
  if (status == IDLE_SSH_FAILED) {
    idle_auth_note_tried(ssh, "the agent", "it did not list its keys");
    idle_agent_close(&auth->agent);
  }
  idle_ssh_trace(ssh, "the agent holds %zu keys", auth->agent.key_count);
  note_foreign_keys(ssh);
  return IDLE_AUTH_REFUSED;
}

static idle_identity *identity_of(const idle_ssh *ssh, const idle_agent_key *key) {
  for (size_t i = 0; i < ssh->identity_count; i++) {
    idle_identity *identity = &ssh->identities[i];
    if (identity->public_key != NULL && identity->public_key_size == key->size &&
        memcmp(identity->public_key, key->blob, key->size) == 0)
      return identity;
  }
  return NULL;
}

/* One that is named and locked is the only key to try. */
static bool takes_only_named(const idle_ssh *ssh) {
  return ssh->identities_only ||
         (ssh->identity_count == 1 && ssh->identities[0].is_required && is_locked(ssh, &ssh->identities[0]));
}

/* The keys that identity files name come first, each of them once; RSA keys come last, because most servers refuse
 * them. */
static bool is_wanted(const idle_ssh *ssh, const idle_agent_key *key) {
  const idle_identity *identity = identity_of(ssh, key);
  if (identity == NULL ? takes_only_named(ssh) : identity->is_tried) return false;
  return ssh->auth->is_second_round == (identity == NULL || is_rsa(key->type));
}

static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(on_sign) {
  idle_ssh *ssh = *abstract;
  idle_auth *auth = ssh->auth;
  const unsigned char *signature;
  idle_ssh_status status =
      idle_agent_sign(&auth->agent, &auth->agent.keys[auth->agent_key], data, data_len, &signature, sig_len);
  auth->is_waiting_for_agent = status == IDLE_SSH_AGAIN;
  if (status == IDLE_SSH_AGAIN) return LIBSSH2_ERROR_EAGAIN;
  if (status == IDLE_SSH_FAILED) return LIBSSH2_ERROR_AGENT_PROTOCOL;
  *sig = idle_memory_alloc(&ssh->memory, *sig_len);
  (void)session;
  if (*sig == NULL) return LIBSSH2_ERROR_ALLOC;
  memcpy(*sig, signature, *sig_len);
  return 0;
}

static void name_agent_key(const idle_agent_key *key, char *text, size_t capacity) {
  char fingerprint[IDLE_FINGERPRINT_SIZE];
  idle_fingerprint(key->blob, key->size, fingerprint);
  idle_text_add(text, capacity, "agent key %s %s", key->type, fingerprint);
}

static idle_auth_outcome try_agent_key(idle_ssh *ssh, const idle_agent_key *key, idle_ssh_error *error) {
  void *context = ssh;
  ssh->auth->is_credential_sent = true;
  int result = libssh2_userauth_publickey(ssh->session, ssh->user, key->blob, key->size, on_sign, &context);
  char what[200] = "";
  name_agent_key(key, what, sizeof what);
  idle_identity *identity = identity_of(ssh, key);
  if (identity != NULL) identity->is_tried = result != LIBSSH2_ERROR_EAGAIN;
  if (is_rsa(key->type)) ssh->auth->has_rsa = true;
  idle_auth_outcome outcome = idle_auth_judge(ssh, result, what, error);
  if (outcome == IDLE_AUTH_ACCEPTED) ssh->auth_method = "agent";
  return outcome;
}

static idle_auth_outcome try_round(idle_ssh *ssh, idle_ssh_error *error) {
  idle_auth *auth = ssh->auth;
  for (; auth->agent_key < auth->agent.key_count; auth->agent_key++) {
    const idle_agent_key *key = &auth->agent.keys[auth->agent_key];
    if (!is_wanted(ssh, key)) continue;
    if (idle_auth_is_at_limit(auth)) {
      idle_auth_note_tried(ssh, "no further key of the agent", "too many; name one: identity_file, or --identity");
      auth->agent_key = auth->agent.key_count;
      auth->is_second_round = true;
      break;
    }
    idle_auth_outcome outcome = try_agent_key(ssh, key, error);
    if (outcome != IDLE_AUTH_REFUSED) return outcome;
  }
  return IDLE_AUTH_REFUSED;
}

static void pass_over_locked(const idle_ssh *ssh, const idle_identity *identity) {
  idle_auth *auth = ssh->auth;
  if (identity->is_required) {
    char what[400] = "";
    idle_text_add(what, sizeof what, "identity file '%s'", identity->path);
    idle_auth_note_tried(ssh, what, "it has a passphrase, which was not given, and no agent holds the key");
  } else {
    pass_over(ssh, identity,
              identity->fault != NULL ? identity->fault
              : identity->is_public   ? "is a public key, and no agent holds the private one"
                                      : "has a passphrase, which was not given, and no agent holds the key");
  }
  bool matters = !identity->is_public && (identity->is_required || *auth->tried == '\0');
  if (matters && auth->needs_secret == NULL && idle_auth_offers(auth, "publickey")) auth->needs_secret = identity;
}

idle_auth_outcome idle_auth_try_agent_keys(idle_ssh *ssh, idle_ssh_error *error) {
  idle_auth *auth = ssh->auth;
  idle_auth_outcome outcome = try_round(ssh, error);
  if (outcome != IDLE_AUTH_REFUSED) return outcome;
  if (!auth->is_second_round) {
    auth->is_second_round = true;
    auth->agent_key = 0;
    outcome = try_round(ssh, error);
    if (outcome != IDLE_AUTH_REFUSED) return outcome;
  }
  idle_agent_close(&auth->agent);
  for (size_t i = 0; i < ssh->identity_count; i++)
    if (!ssh->identities[i].is_tried && is_locked(ssh, &ssh->identities[i])) pass_over_locked(ssh, &ssh->identities[i]);
  return IDLE_AUTH_REFUSED;
}
