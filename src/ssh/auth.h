/* Logging in: each credential at most once, in the order identity files, agent,
 * password. For the files of this room only. */
#ifndef IDLE_AUTH_H
#define IDLE_AUTH_H

#include "client.h"

typedef struct idle_auth idle_auth; /* opaque */

/* Returns: NULL when memory is short. */
idle_auth *idle_auth_new(void);

/* Goes on with the login. */
idle_ssh_status idle_auth_step(idle_ssh *ssh, idle_ssh_error *error);

/* Whether anything of a credential was offered, a public key included. */
bool idle_auth_has_sent_credential(const idle_auth *auth);

/* The agent's socket, while we wait for the agent; else -1.
 * write: out: whether to wait until it can be written. */
int idle_auth_agent_fd(const idle_auth *auth, bool *write);

/* NULL is allowed. */
void idle_auth_free(idle_auth *auth);

#endif
