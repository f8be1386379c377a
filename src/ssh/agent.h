/* A client of the SSH agent. Own, because libssh2's reads the socket without
 * end when an agent closes it, and blocks. One thread at a time; never waits. */
#ifndef IDLE_AGENT_H
#define IDLE_AGENT_H

#include "status.h"

#include <stdbool.h>
#include <stddef.h>

/* Keys beyond this number are not looked at. */
#define IDLE_AGENT_MAX_KEYS 32

typedef struct {
  unsigned char *blob; /* owned: the public key in the form of the protocol */
  size_t size;
  char type[64];
} idle_agent_key;

typedef struct {
  int fd;                 /* -1 = not connected */
  unsigned char *message; /* owned: the request, then the answer; NULL between two requests */
  size_t size;            /* bytes of it, the length field included */
  size_t progress;        /* bytes of it that were sent or received */
  bool is_answer;
  idle_agent_key keys[IDLE_AGENT_MAX_KEYS];
  size_t key_count;
  size_t foreign_count; /* keys that libssh2 can't use: on security keys, certificates */
} idle_agent;

/* Connects to the agent.
 * path:    its socket; NULL = $SSH_AUTH_SOCK.
 * Returns: 0 or an errno value: there is no agent, unless we lack something. Close it in either case. */
int idle_agent_open(idle_agent *agent, const char *path);

/* Asks for the keys, of which those appear in agent->keys that libssh2 can use.
 * Returns: IDLE_SSH_AGAIN: repeat when agent->fd can be read (written while !agent->is_answer). */
idle_ssh_status idle_agent_list(idle_agent *agent);

/* Asks for a signature of `data`, which may change only after the answer.
 * signature: out, borrowed until the next call: the bare signature, without the name before it. */
idle_ssh_status idle_agent_sign(idle_agent *agent, const idle_agent_key *key, const unsigned char *data, size_t size,
                                const unsigned char **signature, size_t *signature_size);

void idle_agent_close(idle_agent *agent);

#endif
