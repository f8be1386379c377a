#include "auth.h"

#include "auth_steps.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Servers disconnect at the sixth failure, so one attempt is left for the password. */
#define MAX_KEY_FAILURES 5

/* Index into `steps`. Two identity files and more come behind the question for
 * methods. A single one comes before it, because the question costs a round
 * trip, and is not needed if the key is accepted. */
#define ASK 1

idle_auth *idle_auth_new(void) {
  idle_auth *auth = calloc(1, sizeof *auth);
  if (auth != NULL) {
    auth->after_asking = ASK + 1;
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

bool idle_auth_has_sent_credential(const idle_auth *auth) { return auth != NULL && auth->is_credential_sent; }

bool idle_auth_is_at_limit(const idle_auth *auth) { return auth->failures >= MAX_KEY_FAILURES; }

bool idle_auth_offers(const idle_auth *auth, const char *method) {
  const char *found = auth->offered;
  size_t size = strlen(method);
  while ((found = strstr(found, method)) != NULL) {
    if ((found == auth->offered || found[-1] == ',') && (found[size] == ',' || found[size] == '\0')) return true;
    found += size;
  }
  return false;
}

void idle_auth_note_tried(const idle_ssh *ssh, const char *what, const char *outcome) {
  idle_auth *auth = ssh->auth;
  idle_text_add(auth->tried, sizeof auth->tried, "%s%s", *auth->tried == '\0' ? "" : ", ", what);
  if (*outcome != '\0') idle_text_add(auth->tried, sizeof auth->tried, " (%s)", outcome);
  idle_ssh_trace(ssh, "tried %s%s%s", what, *outcome == '\0' ? "" : ": ", outcome);
}

/* What to give to a login for which nothing was given. */
static const char *missing_credential(const idle_auth *auth) {
  bool takes_key = idle_auth_offers(auth, "publickey");
  bool takes_password = idle_auth_offers(auth, "password") || idle_auth_offers(auth, "keyboard-interactive");
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
  if (auth->needs_secret != NULL)
    idle_text_add(error->message, sizeof error->message,
                  "; give the passphrase (passphrase, or --passphrase-file), or add the key to the agent: ssh-add '%s'",
                  auth->needs_secret->path);
  else if (*auth->unanswered != '\0')
    idle_text_add(error->message, sizeof error->message,
                  "; the server asked '%s', for which there is no answer: log in by a key", auth->unanswered);
  else if (auth->has_rsa)
    idle_text_add(error->message, sizeof error->message,
                  "; libssh2 %s signs with RSA keys only by SHA-1, which OpenSSH refuses since 8.8: make an ed25519 "
                  "key (ssh-keygen -t ed25519) and add it to the account",
                  libssh2_version(0));
  else if (*auth->tried == '\0' && *auth->passed_over == '\0')
    idle_text_add(error->message, sizeof error->message, "; %s", missing_credential(auth));
  else
    idle_text_add(error->message, sizeof error->message,
                  "; check the account, and its authorized_keys (on Windows, for administrators: "
                  "C:\\ProgramData\\ssh\\administrators_authorized_keys)");
}

static bool offers_kerberos(const idle_auth *auth) {
  return idle_auth_offers(auth, "gssapi-with-mic") || idle_auth_offers(auth, "gssapi-keyex");
}

static idle_ssh_status fail_refused(const idle_ssh *ssh, idle_ssh_error *error) {
  const idle_auth *auth = ssh->auth;
  const char *nothing = *auth->passed_over == '\0' ? "nothing, because no credential for that was given" : "nothing";
  idle_ssh_fail(error, "ssh.auth", "'%s' refused the login of '%s'; it offers %s; tried: %s", ssh->url, ssh->user,
                *auth->offered == '\0' ? "nothing" : auth->offered, *auth->tried == '\0' ? nothing : auth->tried);
  if (*auth->passed_over != '\0')
    idle_text_add(error->message, sizeof error->message, "; passed over: %s", auth->passed_over);
  if (*ssh->last_words != '\0')
    idle_text_add(error->message, sizeof error->message, "; it closed the connection, saying '%s'", ssh->last_words);
  add_remedy(ssh, error);
  error->ssh_would_help = auth->has_rsa || auth->has_foreign_key || offers_kerberos(auth);
  return IDLE_SSH_FAILED;
}

/* The connection ended in mid-login. */
static idle_auth_outcome fail_lost(const idle_ssh *ssh, idle_ssh_error *error) {
  if (ssh->is_disconnected && *ssh->auth->tried != '\0')
    fail_refused(ssh, error);
  else
    idle_ssh_explain_lost(ssh, "during the login", idle_now_ms() - ssh->started_ms, error);
  return IDLE_AUTH_BROKEN;
}

/* After a signature the server may want a second factor, and offers other
 * methods then; libssh2 does not say so. */
static idle_auth_outcome ask_again(idle_ssh *ssh) {
  if (ssh->auth->step > ASK) ssh->auth->after_asking = ssh->auth->step + 1;
  ssh->auth->step = ASK;
  return IDLE_AUTH_NOT_YET;
}

idle_auth_outcome idle_auth_judge(idle_ssh *ssh, int result, const char *what, idle_ssh_error *error) {
  if (idle_ssh_is_again(ssh, result)) return idle_ssh_is_lost(ssh) ? fail_lost(ssh, error) : IDLE_AUTH_NOT_YET;
  if (result != 0 && idle_ssh_is_lost(ssh)) {
    idle_auth_note_tried(ssh, what, "");
    return fail_lost(ssh, error);
  }
  idle_auth_note_tried(ssh, what, result == 0 ? "accepted" : "refused");
  if (result != 0) ssh->auth->failures++;
  if (result == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED) return ask_again(ssh);
  return result == 0 ? IDLE_AUTH_ACCEPTED : IDLE_AUTH_REFUSED;
}

/* It carries the name of the account, nothing else. */
static idle_auth_outcome ask_methods(idle_ssh *ssh, idle_ssh_error *error) {
  idle_auth *auth = ssh->auth;
  const char *offered = libssh2_userauth_list(ssh->session, ssh->user, (unsigned)strlen(ssh->user));
  if (offered == NULL && libssh2_userauth_authenticated(ssh->session)) {
    ssh->auth_method = "none";
    return IDLE_AUTH_ACCEPTED;
  }
  if (offered == NULL && idle_ssh_is_again(ssh, libssh2_session_last_errno(ssh->session)) && !idle_ssh_is_lost(ssh))
    return IDLE_AUTH_NOT_YET;
  if (offered == NULL) return fail_lost(ssh, error);
  *auth->offered = '\0';
  idle_text_add_foreign(auth->offered, sizeof auth->offered, offered, strlen(offered), sizeof auth->offered);
  idle_ssh_trace(ssh, "login as %s, the server offers %s", ssh->user, auth->offered);
  if (auth->failures > 0) auth->failures++; /* the question is free only as the first one */
  auth->step = auth->after_asking - 1;      /* one is added for REFUSED */
  return IDLE_AUTH_REFUSED;
}

static idle_auth_outcome (*const steps[])(idle_ssh *ssh, idle_ssh_error *error) = {
    idle_auth_try_only_identity, ask_methods,
    idle_auth_try_identities,    idle_auth_list_agent_keys,
    idle_auth_try_agent_keys,    idle_auth_try_password,
    idle_auth_try_keyboard};

idle_ssh_status idle_auth_step(idle_ssh *ssh, idle_ssh_error *error) {
  idle_auth *auth = ssh->auth;
  while (auth->step < sizeof steps / sizeof *steps) {
    size_t step = auth->step;
    idle_auth_outcome outcome = steps[step](ssh, error);
    if (outcome == IDLE_AUTH_ACCEPTED) return IDLE_SSH_OK;
    if (outcome == IDLE_AUTH_BROKEN) return IDLE_SSH_FAILED;
    if (outcome == IDLE_AUTH_REFUSED) auth->step++;
    if (outcome == IDLE_AUTH_NOT_YET && auth->step == step) return IDLE_SSH_AGAIN;
  }
  return fail_refused(ssh, error);
}
