#include "auth.h"

#include "agent.h"
#include "state.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Servers disconnect after the sixth failure. One attempt is left for the
 * password; an identity file, and the question for methods behind it, take two. */
enum { MAX_AGENT_KEYS = 5, MAX_AGENT_KEYS_WITH_IDENTITY = 3 };

/* Indices into `steps`. An identity file comes first, because the question for
 * methods costs a round trip, and is asked only if the key is refused. */
enum { ASK = 1, AFTER_ASKING };

typedef enum {
  ACCEPTED,
  REFUSED, /* or nothing to try: on to the next */
  NOT_YET,
  BROKEN /* the error is filled in */
} Outcome;

struct idle_auth {
  size_t step;         /* index into `steps` */
  size_t after_asking; /* the step that follows the question for methods */
  char offered[200];
  char tried[700]; /* for people */
  bool has_tried_rsa;
  bool lacks_passphrase; /* that of the identity file, and it matters */
  idle_agent agent;
  bool is_waiting_for_agent;
  size_t agent_key;
  size_t agent_keys_tried;
  bool is_password_expired;
  bool is_password_given;
  bool is_keyboard_under_way;
};

idle_auth *idle_auth_new(void) {
  idle_auth *auth = calloc(1, sizeof *auth);
  if (auth != NULL) {
    auth->after_asking = AFTER_ASKING;
    auth->agent.fd = -1;
  }
  return auth;
}

void idle_auth_free(idle_auth *auth) {
  if (auth == NULL) return;
  idle_agent_close(&auth->agent);
  free(auth);
}

int idle_auth_agent_fd(const idle_auth *auth, bool *write) {
  if (auth == NULL || !auth->is_waiting_for_agent) return -1;
  *write = !auth->agent.is_answer;
  return auth->agent.fd;
}

/* ---- Common to all ---- */

static bool is_offered(const idle_auth *auth, const char *method) {
  const char *found = auth->offered;
  size_t size = strlen(method);
  while ((found = strstr(found, method)) != NULL) {
    if ((found == auth->offered || found[-1] == ',') && (found[size] == ',' || found[size] == '\0')) return true;
    found += size;
  }
  return false;
}

static void note_tried(const idle_ssh *ssh, const char *what, const char *outcome) {
  idle_auth *auth = ssh->auth;
  idle_text_add(auth->tried, sizeof auth->tried, "%s%s", *auth->tried == '\0' ? "" : ", ", what);
  if (*outcome != '\0') idle_text_add(auth->tried, sizeof auth->tried, " (%s)", outcome);
  idle_ssh_trace(ssh, "tried %s%s%s", what, *outcome == '\0' ? "" : ": ", outcome);
}

static Outcome pass_over(const idle_ssh *ssh, const char *what, const char *reason) {
  note_tried(ssh, what, reason);
  return REFUSED;
}

/* What to give to a login for which nothing was given. */
static const char *missing_credential(const idle_auth *auth) {
  bool takes_key = is_offered(auth, "publickey");
  bool takes_password = is_offered(auth, "password") || is_offered(auth, "keyboard-interactive");
  if (takes_key && takes_password)
    return "name a private key (identity_file, or --identity), add one to the agent (ssh-add), or give a password "
           "(password, or --password-file); no default key is tried";
  if (takes_key)
    return "name a private key (identity_file, or --identity), or add one to the agent (ssh-add); no default key is "
           "tried";
  if (takes_password) return "give a password (password, or --password-file)";
  return "let the server offer publickey or password";
}

static void add_remedy(const idle_ssh *ssh, idle_ssh_error *error) {
  const idle_auth *auth = ssh->auth;
  if (*auth->tried == '\0')
    idle_text_add(error->message, sizeof error->message, "; %s", missing_credential(auth));
  else if (auth->lacks_passphrase)
    idle_text_add(error->message, sizeof error->message,
                  "; give the passphrase (passphrase, or --passphrase-file), or add the key to the agent: ssh-add '%s'",
                  ssh->identity_file);
  else if (auth->has_tried_rsa)
    idle_text_add(error->message, sizeof error->message,
                  "; libssh2 %s signs with RSA keys only by SHA-1, which OpenSSH refuses since 8.8: make an ed25519 "
                  "key (ssh-keygen -t ed25519) and add it to the account",
                  libssh2_version(0));
  else
    idle_text_add(error->message, sizeof error->message,
                  "; check the account, and its authorized_keys (on Windows, for administrators: "
                  "C:\\ProgramData\\ssh\\administrators_authorized_keys)");
}

static idle_ssh_status fail_refused(const idle_ssh *ssh, idle_ssh_error *error) {
  const idle_auth *auth = ssh->auth;
  idle_ssh_fail(error, "ssh.auth", "'%s' refused the login of '%s'; it offers %s; tried: %s", ssh->url, ssh->user,
                *auth->offered == '\0' ? "nothing" : auth->offered,
                *auth->tried == '\0' ? "nothing, because no credential for that was given" : auth->tried);
  if (*ssh->last_words != '\0')
    idle_text_add(error->message, sizeof error->message, "; it closed the connection, saying '%s'", ssh->last_words);
  add_remedy(ssh, error);
  return IDLE_SSH_FAILED;
}

/* The connection ended in mid-login. */
static Outcome fail_lost(const idle_ssh *ssh, idle_ssh_error *error) {
  if (ssh->is_disconnected && *ssh->auth->tried != '\0')
    fail_refused(ssh, error);
  else
    idle_ssh_explain_lost(ssh, "during the login", idle_now_ms() - ssh->started_ms, error);
  return BROKEN;
}

/* After a signature the server may want a second factor, and offers other
 * methods then; libssh2 does not say so. */
static Outcome ask_again(idle_ssh *ssh) {
  if (ssh->auth->step > ASK) ssh->auth->after_asking = ssh->auth->step + 1;
  ssh->auth->step = ASK;
  return NOT_YET;
}

/* What libssh2's result of one attempt means. */
static Outcome judge(idle_ssh *ssh, int result, const char *what, idle_ssh_error *error) {
  if (idle_ssh_is_again(ssh, result)) return idle_ssh_is_lost(ssh) ? fail_lost(ssh, error) : NOT_YET;
  if (result != 0 && idle_ssh_is_lost(ssh)) {
    note_tried(ssh, what, "");
    return fail_lost(ssh, error);
  }
  note_tried(ssh, what, result == 0 ? "accepted" : "refused");
  if (result == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED) return ask_again(ssh);
  return result == 0 ? ACCEPTED : REFUSED;
}

/* ---- Identity file ---- */

/* libssh2 reads the key before it sends anything. */
static bool is_fault_of_key(int result) {
  return result == LIBSSH2_ERROR_FILE || result == LIBSSH2_ERROR_KEYFILE_AUTH_FAILED || result == LIBSSH2_ERROR_PROTO ||
         result == LIBSSH2_ERROR_METHOD_NONE || result == LIBSSH2_ERROR_SOCKET_NONE;
}

/* The agent may hold a key whose passphrase was not given. */
static bool is_locked(const idle_ssh *ssh) { return ssh->identity.is_encrypted && ssh->passphrase == NULL; }

static Outcome try_identity(idle_ssh *ssh, idle_ssh_error *error) {
  const idle_identity *identity = &ssh->identity;
  idle_auth *auth = ssh->auth;
  if (identity->text == NULL || is_locked(ssh)) return REFUSED;
  char what[400] = "";
  idle_text_add(what, sizeof what, "identity file '%s'", ssh->identity_file);
  /* Never NULL for the passphrase: libssh2 would crash on it, or ask the terminal. */
  int result =
      libssh2_userauth_publickey_frommemory(ssh->session, ssh->user, strlen(ssh->user), NULL, 0, identity->text,
                                            identity->size, ssh->passphrase == NULL ? "" : ssh->passphrase);
  if (is_fault_of_key(result)) {
    idle_ssh_fail(error, "ssh.auth",
                  identity->is_encrypted ? "the passphrase of identity file '%s' is wrong"
                                         : "identity file '%s' can't be used by libssh2; make an ed25519 key",
                  ssh->identity_file);
    return BROKEN;
  }
  if (strcmp(identity->type, "ssh-rsa") == 0) auth->has_tried_rsa = true;
  Outcome outcome = judge(ssh, result, what, error);
  if (outcome == ACCEPTED) ssh->auth_method = "publickey";
  return outcome;
}

/* ---- The question for methods ---- */

/* It carries the name of the account, nothing else. */
static Outcome ask_methods(idle_ssh *ssh, idle_ssh_error *error) {
  idle_auth *auth = ssh->auth;
  const char *offered = libssh2_userauth_list(ssh->session, ssh->user, (unsigned)strlen(ssh->user));
  if (offered == NULL && libssh2_userauth_authenticated(ssh->session)) {
    ssh->auth_method = "none";
    return ACCEPTED;
  }
  if (offered == NULL && idle_ssh_is_again(ssh, libssh2_session_last_errno(ssh->session)) && !idle_ssh_is_lost(ssh))
    return NOT_YET;
  if (offered == NULL) return fail_lost(ssh, error);
  *auth->offered = '\0';
  idle_text_add_foreign(auth->offered, sizeof auth->offered, offered, strlen(offered), sizeof auth->offered);
  idle_ssh_trace(ssh, "login as %s, the server offers %s", ssh->user, auth->offered);
  auth->step = auth->after_asking - 1; /* one is added for REFUSED */
  return REFUSED;
}

/* ---- Agent ---- */

static Outcome list_agent_keys(idle_ssh *ssh, idle_ssh_error *error) {
  (void)error;
  idle_auth *auth = ssh->auth;
  if (!ssh->use_agent || !is_offered(auth, "publickey")) return REFUSED;
  if (auth->agent.fd < 0 && !idle_agent_open(&auth->agent)) {
    idle_ssh_trace(ssh, "no SSH agent answers");
    return REFUSED;
  }
  idle_ssh_status status = idle_agent_list(&auth->agent);
  auth->is_waiting_for_agent = status == IDLE_SSH_AGAIN;
  if (status == IDLE_SSH_AGAIN) return NOT_YET;
  if (status == IDLE_SSH_FAILED) {
    note_tried(ssh, "the agent", "it did not list its keys");
    idle_agent_close(&auth->agent);
  }
  idle_ssh_trace(ssh, "the agent holds %zu keys", auth->agent.key_count);
  return REFUSED;
}

static bool is_identity(const idle_ssh *ssh, const idle_agent_key *key) {
  const idle_identity *identity = &ssh->identity;
  return identity->public_key != NULL && identity->public_key_size == key->size &&
         memcmp(identity->public_key, key->blob, key->size) == 0;
}

/* A key that is named by an identity file is tried once; one that is locked
 * there is the only key to try. */
static bool is_wanted(const idle_ssh *ssh, const idle_agent_key *key) {
  if (ssh->identity.text == NULL) return true;
  return is_identity(ssh, key) == is_locked(ssh);
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

static Outcome try_agent_key(idle_ssh *ssh, const idle_agent_key *key, idle_ssh_error *error) {
  void *context = ssh;
  int result = libssh2_userauth_publickey(ssh->session, ssh->user, key->blob, key->size, on_sign, &context);
  char what[200] = "";
  name_agent_key(key, what, sizeof what);
  if (strcmp(key->type, "ssh-rsa") == 0) ssh->auth->has_tried_rsa = true;
  Outcome outcome = judge(ssh, result, what, error);
  if (outcome == ACCEPTED) ssh->auth_method = "agent";
  if (outcome == ACCEPTED || outcome == REFUSED) ssh->auth->agent_keys_tried++;
  return outcome;
}

static Outcome pass_over_locked(const idle_ssh *ssh) {
  char what[400] = "";
  idle_text_add(what, sizeof what, "identity file '%s'", ssh->identity_file);
  ssh->auth->lacks_passphrase = is_offered(ssh->auth, "publickey");
  return pass_over(ssh, what, "it has a passphrase, which was not given, and no agent holds the key");
}

static Outcome try_agent_keys(idle_ssh *ssh, idle_ssh_error *error) {
  idle_auth *auth = ssh->auth;
  for (; auth->agent_key < auth->agent.key_count; auth->agent_key++) {
    const idle_agent_key *key = &auth->agent.keys[auth->agent_key];
    if (!is_wanted(ssh, key)) continue;
    if (auth->agent_keys_tried == (ssh->identity.text == NULL ? MAX_AGENT_KEYS : MAX_AGENT_KEYS_WITH_IDENTITY)) {
      note_tried(ssh, "no further key of the agent", "too many; name one by identity_file");
      break;
    }
    Outcome outcome = try_agent_key(ssh, key, error);
    if (outcome != REFUSED) return outcome;
  }
  idle_agent_close(&auth->agent);
  return is_locked(ssh) && auth->agent_keys_tried == 0 ? pass_over_locked(ssh) : REFUSED;
}

/* ---- Password ---- */

static LIBSSH2_PASSWD_CHANGEREQ_FUNC(on_password_change) {
  (void)session;
  idle_ssh *ssh = *abstract;
  ssh->auth->is_password_expired = true;
  *newpw = NULL;
  *newpw_len = 0;
}

static Outcome try_password(idle_ssh *ssh, idle_ssh_error *error) {
  if (ssh->password == NULL || !is_offered(ssh->auth, "password")) return REFUSED;
  ssh->auth->is_password_given = true;
  int result = libssh2_userauth_password_ex(ssh->session, ssh->user, (unsigned)strlen(ssh->user), ssh->password,
                                            (unsigned)strlen(ssh->password), on_password_change);
  if (ssh->auth->is_password_expired) {
    idle_ssh_fail(error, "ssh.auth", "the password of '%s' at '%s' has expired; change it there", ssh->user, ssh->url);
    return BROKEN;
  }
  Outcome outcome = judge(ssh, result, "password", error);
  if (outcome == ACCEPTED) ssh->auth_method = "password";
  return outcome;
}

static void answer_prompt(idle_ssh *ssh, const LIBSSH2_USERAUTH_KBDINT_PROMPT *prompt,
                          LIBSSH2_USERAUTH_KBDINT_RESPONSE *response) {
  idle_auth *auth = ssh->auth;
  if (prompt->echo || auth->is_password_given) return;
  auth->is_password_given = true;
  size_t size = strlen(ssh->password);
  response->text = idle_memory_alloc(&ssh->memory, size + 1);
  if (response->text == NULL) return;
  memcpy(response->text, ssh->password, size);
  response->length = (unsigned)size;
}

/* A prompt that hides what is typed gets the password, once; any other an empty answer. */
static LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC(on_prompts) {
  (void)name, (void)name_len, (void)instruction, (void)instruction_len;
  idle_ssh *ssh = *abstract;
  for (int i = 0; i < num_prompts; i++) answer_prompt(ssh, &prompts[i], &responses[i]);
}

static Outcome try_keyboard(idle_ssh *ssh, idle_ssh_error *error) {
  static const char method[] = "keyboard-interactive";
  idle_auth *auth = ssh->auth;
  /* The same password twice may lock the account. */
  if (ssh->password == NULL || (auth->is_password_given && !auth->is_keyboard_under_way)) return REFUSED;
  if (!is_offered(auth, method)) return pass_over(ssh, "password", "not offered");
  auth->is_keyboard_under_way = true;
  int result =
      libssh2_userauth_keyboard_interactive_ex(ssh->session, ssh->user, (unsigned)strlen(ssh->user), on_prompts);
  Outcome outcome = judge(ssh, result, method, error);
  if (outcome == ACCEPTED) ssh->auth_method = method;
  return outcome;
}

/* ---- One after the other ---- */

static Outcome (*const steps[])(idle_ssh *ssh, idle_ssh_error *error) = {try_identity,   ask_methods,  list_agent_keys,
                                                                         try_agent_keys, try_password, try_keyboard};

idle_ssh_status idle_auth_step(idle_ssh *ssh, idle_ssh_error *error) {
  idle_auth *auth = ssh->auth;
  while (auth->step < sizeof steps / sizeof *steps) {
    size_t step = auth->step;
    Outcome outcome = steps[step](ssh, error);
    if (outcome == ACCEPTED) return IDLE_SSH_OK;
    if (outcome == BROKEN) return IDLE_SSH_FAILED;
    if (outcome == REFUSED) auth->step++;
    if (outcome == NOT_YET && auth->step == step) return IDLE_SSH_AGAIN;
  }
  return fail_refused(ssh, error);
}
