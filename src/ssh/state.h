/* The inside of a client; for the files of this room only. */
#ifndef IDLE_SSH_STATE_H
#define IDLE_SSH_STATE_H

#include "auth.h"
#include "channel.h"
#include "client.h"
#include "dial.h"
#include "identity.h"
#include "known_hosts.h"
#include "memory.h"
#include "wire.h"

#include <libssh2.h>

typedef enum {
  IDLE_PHASE_RESOLVE,
  IDLE_PHASE_WAY, /* the hop opens it */
  IDLE_PHASE_DIAL,
  IDLE_PHASE_HANDSHAKE,
  IDLE_PHASE_HOSTKEY, /* it is judged; known_hosts may be locked */
  IDLE_PHASE_AUTH,
  IDLE_PHASE_OPEN
} idle_ssh_phase;

struct idle_ssh {
  /* what was asked for; the strings are owned */
  char *host;
  int port;
  char *name; /* "ssh://host:port" */
  char *url;  /* see idle_ssh_url() */
  char *hops; /* how ssh(1) finds the hops, "ssh://user@host:port,…"; NULL = dialled */
  char *user;
  char *passphrase; /* secret, wiped after login, as is the next */
  char *password;
  char **known_hosts_files; /* at least one */
  size_t known_hosts_count;
  char *host_key_alias; /* or NULL */
  char *host_key;       /* a fingerprint, or NULL */
  bool accept_new;
  bool use_agent;
  bool identities_only;
  char *agent_socket; /* or NULL */
  int alive_interval_ms;
  int alive_count_max;
  void (*trace)(void *context, const char *line);
  void *trace_context;

  idle_ssh_phase phase;
  int64_t started_ms;
  int64_t deadline_ms;
  int gai_error;
  int gai_errno;

  const char *way_kind; /* static: the error that became of the way through the hop; NULL = none yet */
  char *way_text;       /* owned: for people; NULL = memory was too short to say it */
  idle_dial dial;       /* or, behind a hop, only the socket */
  idle_wire wire;
  idle_memory memory;
  LIBSSH2_SESSION *session; /* NULL before the handshake */
  bool is_broken;           /* what comes in makes no sense any more: nothing of it is believed */
  bool is_damaged;          /* a packet was changed on the way */
  char last_words[160];     /* what the server said when it disconnected, escaped; "" = nothing */
  bool is_disconnected;     /* by a message of the server */
  bool is_loss_told;        /* to the trace */
  bool is_password_given;   /* to the server, whatever came of it */

  idle_known_hosts known;
  int64_t lock_until_ms;     /* so long its file may be locked by another program; 0 = it is not asked for */
  char learned[700];         /* for people: what became of a new host's key; "" = the host was known */
  idle_identity *identities; /* in the order of trying */
  size_t identity_count;
  const char *wanted_type; /* static: the only host key type to ask for; NULL = any */
  unsigned tried_types;    /* kept by idle_algorithms_next_type */
  char key_type[64];
  char fingerprint[IDLE_FINGERPRINT_SIZE];

  idle_auth *auth;         /* owned; NULL once logged in */
  const char *auth_method; /* static */

  idle_ssh_channel *channels; /* all that libssh2 or an owner knows, oldest first */
  idle_ssh_channel *opening;  /* the one in libssh2_channel_open; NULL = none */
  unsigned next_id;           /* of the channel that was opened last */
};

/* Fills in an error. Returns: IDLE_SSH_FAILED. */
idle_ssh_status idle_ssh_fail(idle_ssh_error *error, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether an errno value says that there is no room for another open file: nobody is to blame but us. */
bool idle_ssh_lacks_files(int code);

/* Fails for that reason. The same call may succeed later. */
idle_ssh_status idle_ssh_fail_files(const idle_ssh *ssh, idle_ssh_error *error);

/* Tells the trace, if there is one. */
void idle_ssh_trace(const idle_ssh *ssh, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* libssh2's words for its last error. */
const char *idle_ssh_last_error(const idle_ssh *ssh);

/* Whether a result of libssh2 means "not yet"; an error of the connection itself is noted. */
bool idle_ssh_is_again(idle_ssh *ssh, ssize_t result);

/* Appends why the connection was lost. */
void idle_ssh_add_loss(const idle_ssh *ssh, char *text, size_t capacity);

/* reach.c */

/* Connects to an address of the server: its socket is in ssh->dial then. */
idle_ssh_status idle_reach_step(idle_ssh *ssh, idle_ssh_error *error);

/* What to say when the time is over before that. */
idle_ssh_status idle_reach_timeout(const idle_ssh *ssh, double elapsed_s, idle_ssh_error *error);

/* way.c */

/* Fills in the names of the server and of its hops. Returns: false when memory is short. */
bool idle_way_name(idle_ssh *ssh, const idle_ssh_options *options);

/* Appends what runs a command line on the last hop, "ssh -J … … ", if there is one. */
void idle_way_add_hop(const idle_ssh *ssh, char *text, size_t capacity);

/* Waits for the way through the hop: its socket is in ssh->dial then. */
idle_ssh_status idle_way_step(idle_ssh *ssh, idle_ssh_error *error);

/* What to say when the time is over before that. */
idle_ssh_status idle_way_timeout(const idle_ssh *ssh, double elapsed_s, idle_ssh_error *error);

/* options.c */

/* Whether the options can be right. */
bool idle_options_check(const idle_ssh_options *options, idle_ssh_error *error);

/* Returns: false when memory is short. */
bool idle_options_copy(idle_ssh *ssh, const idle_ssh_options *options);

/* Reads the identity files. */
bool idle_options_load_identities(idle_ssh *ssh, const idle_ssh_options *options, idle_ssh_error *error);

/* Wipes and releases all of them. */
void idle_options_forget_identities(idle_ssh *ssh);

/* handshake.c */

/* Makes the session on a fresh connection. */
bool idle_handshake_begin(idle_ssh *ssh);

/* Exchanges keys. */
idle_ssh_status idle_handshake_step(idle_ssh *ssh, idle_ssh_error *error);

/* What to say when the time is over in this phase. */
idle_ssh_status idle_handshake_timeout(idle_ssh *ssh, idle_ssh_error *error);

/* Releases the session, whatever it is doing, and closes the socket. */
void idle_handshake_end(idle_ssh *ssh);

/* hostkey.c */

/* Reads known_hosts. */
bool idle_hostkey_load(idle_ssh *ssh, idle_ssh_error *error);

/* Whether a key of this type should be asked for first. */
bool idle_hostkey_is_wanted(const void *ssh, const char *type);

/* Notes the key that the server has proven to hold. */
idle_ssh_status idle_hostkey_note(idle_ssh *ssh, idle_ssh_error *error);

/* Judges that key; the one of a new host may be added to known_hosts.
 * Returns: IDLE_SSH_AGAIN: call it again when idle_hostkey_is_locked_out(), else connect once more,
 *          ssh->wanted_type says what for. */
idle_ssh_status idle_hostkey_check(idle_ssh *ssh, idle_ssh_error *error);

/* Whether another program keeps known_hosts locked; there is no event for its end. */
bool idle_hostkey_is_locked_out(const idle_ssh *ssh);

/* What to say when the time is over meanwhile. */
idle_ssh_status idle_hostkey_timeout(const idle_ssh *ssh, idle_ssh_error *error);

/* channel.c */

/* Looks at memory before libssh2 releases it: see there. */
void idle_channel_observe(void *ssh, const unsigned char *bytes, size_t size);

/* Goes on with every channel. */
void idle_channels_step(idle_ssh *ssh);

/* Whether libssh2 has a channel, which is needed to read anything. */
bool idle_channels_are_open(const idle_ssh *ssh);

/* The client ends: releases the dropped channels, and lets go of the others. */
void idle_channels_end(idle_ssh *ssh);

#endif
