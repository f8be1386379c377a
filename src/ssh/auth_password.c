#include "auth_steps.h"
#include "text.h"

#include <string.h>

static idle_auth_outcome fail_expired(const idle_ssh *ssh, idle_ssh_error *error) {
  idle_ssh_fail(error, "ssh.auth", "the password of '%s' at '%s' has expired; change it there", ssh->user, ssh->url);
  return IDLE_AUTH_BROKEN;
}

static LIBSSH2_PASSWD_CHANGEREQ_FUNC(on_password_change) {
  (void)session;
  idle_ssh *ssh = *abstract;
  ssh->auth->is_password_expired = true;
  *newpw = NULL;
  *newpw_len = 0;
}

idle_auth_outcome idle_auth_try_password(idle_ssh *ssh, idle_ssh_error *error) {
  idle_auth *auth = ssh->auth;
  if (ssh->password == NULL || !idle_auth_offers(auth, "password")) return IDLE_AUTH_REFUSED;
  ssh->is_password_given = auth->is_credential_sent = true;
  int result = libssh2_userauth_password_ex(ssh->session, ssh->user, (unsigned)strlen(ssh->user), ssh->password,
                                            (unsigned)strlen(ssh->password), on_password_change);
  if (auth->is_password_expired) return fail_expired(ssh, error);
  idle_auth_outcome outcome = idle_auth_judge(ssh, result, "password", error);
  if (outcome == IDLE_AUTH_ACCEPTED) ssh->auth_method = "password";
  return outcome;
}

/* As PAM's modules, and Windows, put it. */
static bool asks_for_new_password(const LIBSSH2_USERAUTH_KBDINT_PROMPT *prompt) {
  static const char *const marks[] = {"expired", "change your password", "new password", "new unix password", NULL};
  char text[512] = "";
  idle_text_add_foreign(text, sizeof text, prompt->text, prompt->length, sizeof text - 8);
  for (const char *const *mark = marks; *mark != NULL; mark++)
    if (strcasestr(text, *mark) != NULL) return true;
  return false;
}

static void note_unanswered(idle_auth *auth, const LIBSSH2_USERAUTH_KBDINT_PROMPT *prompt) {
  if (*auth->unanswered == '\0')
    idle_text_add_foreign(auth->unanswered, sizeof auth->unanswered, prompt->text, prompt->length, 80);
}

static void answer_prompt(idle_ssh *ssh, const LIBSSH2_USERAUTH_KBDINT_PROMPT *prompt,
                          LIBSSH2_USERAUTH_KBDINT_RESPONSE *response) {
  idle_auth *auth = ssh->auth;
  if (prompt->echo || ssh->is_password_given) {
    note_unanswered(auth, prompt);
    return;
  }
  ssh->is_password_given = auth->is_credential_sent = true;
  size_t size = strlen(ssh->password);
  response->text = idle_memory_alloc(&ssh->memory, size + 1);
  if (response->text == NULL) return;
  memcpy(response->text, ssh->password, size);
  response->length = (unsigned)size;
}

/* A prompt that hides what is typed gets the password, once; any other an empty
 * answer. An empty answer might become the new password, though: to that
 * question nothing is said any more. */
static LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC(on_prompts) {
  (void)name, (void)name_len, (void)instruction, (void)instruction_len;
  idle_ssh *ssh = *abstract;
  for (int i = 0; i < num_prompts; i++)
    if (asks_for_new_password(&prompts[i])) ssh->auth->is_password_expired = true;
  if (ssh->auth->is_password_expired)
    idle_wire_cut(&ssh->wire);
  else
    for (int i = 0; i < num_prompts; i++) answer_prompt(ssh, &prompts[i], &responses[i]);
}

idle_auth_outcome idle_auth_try_keyboard(idle_ssh *ssh, idle_ssh_error *error) {
  static const char method[] = "keyboard-interactive";
  idle_auth *auth = ssh->auth;
  /* The same password twice may lock the account. */
  if (ssh->password == NULL || (ssh->is_password_given && !auth->is_keyboard_under_way)) return IDLE_AUTH_REFUSED;
  if (!idle_auth_offers(auth, method)) {
    idle_auth_note_tried(ssh, "password", "not offered");
    return IDLE_AUTH_REFUSED;
  }
  auth->is_keyboard_under_way = true;
  int result =
      libssh2_userauth_keyboard_interactive_ex(ssh->session, ssh->user, (unsigned)strlen(ssh->user), on_prompts);
  if (auth->is_password_expired) return fail_expired(ssh, error);
  idle_auth_outcome outcome = idle_auth_judge(ssh, result, method, error);
  if (outcome == IDLE_AUTH_ACCEPTED) ssh->auth_method = method;
  return outcome;
}
