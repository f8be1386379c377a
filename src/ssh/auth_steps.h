/* The inside of a login; for the files auth*.c only. */
#ifndef IDLE_AUTH_STEPS_H
#define IDLE_AUTH_STEPS_H

#include "agent.h"
#include "auth.h"
#include "state.h"

typedef enum {
  IDLE_AUTH_ACCEPTED,
  IDLE_AUTH_REFUSED, /* or nothing to try: on to the next */
  IDLE_AUTH_NOT_YET,
  IDLE_AUTH_BROKEN /* the error is filled in */
} idle_auth_outcome;

struct idle_auth {
  size_t step;         /* index into the steps */
  size_t after_asking; /* the step that follows the question for methods */
  size_t failures;     /* of all that the server counts */
  char offered[200];
  char tried[700];       /* for people */
  char passed_over[700]; /* for people: keys of the list that can't be used, and why */
  bool is_credential_sent;
  bool has_rsa;                      /* a key of this type was refused, or not tried at all */
  bool has_foreign_key;              /* one on a security key, or a certificate: libssh2 can't use it */
  const idle_identity *needs_secret; /* its passphrase is missing, and that matters; or NULL */

  size_t identity; /* the next one to try */
  idle_agent agent;
  bool is_waiting_for_agent;
  bool is_second_round; /* of the agent's keys: those that no identity file names */
  size_t agent_key;

  bool is_password_expired;
  bool is_keyboard_under_way;
  char unanswered[120]; /* the first prompt for which there was no answer, escaped; "" = none */
};

/* auth.c */

bool idle_auth_offers(const idle_auth *auth, const char *method);

/* Notes for the error text that something was tried; `outcome` may be "". */
void idle_auth_note_tried(const idle_ssh *ssh, const char *what, const char *outcome);

/* What libssh2's result of one attempt means. */
idle_auth_outcome idle_auth_judge(idle_ssh *ssh, int result, const char *what, idle_ssh_error *error);

/* Whether one more key could make the server disconnect. */
bool idle_auth_is_at_limit(const idle_auth *auth);

/* auth_keys.c */

/* The identity file, if there is only one: then the question for methods can be left out. */
idle_auth_outcome idle_auth_try_only_identity(idle_ssh *ssh, idle_ssh_error *error);

idle_auth_outcome idle_auth_try_identities(idle_ssh *ssh, idle_ssh_error *error);
idle_auth_outcome idle_auth_list_agent_keys(idle_ssh *ssh, idle_ssh_error *error);
idle_auth_outcome idle_auth_try_agent_keys(idle_ssh *ssh, idle_ssh_error *error);

/* auth_password.c */

idle_auth_outcome idle_auth_try_password(idle_ssh *ssh, idle_ssh_error *error);
idle_auth_outcome idle_auth_try_keyboard(idle_ssh *ssh, idle_ssh_error *error);

#endif
