/* How calls of this room end. */
#ifndef IDLE_SSH_STATUS_H
#define IDLE_SSH_STATUS_H

typedef enum {
  IDLE_SSH_OK,
  IDLE_SSH_AGAIN, /* not yet: repeat the call when the socket is ready */
  IDLE_SSH_FAILED
} idle_ssh_status;

#endif
