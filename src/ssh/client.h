/* An SSH client that never waits: a call that can't go on returns
 * IDLE_SSH_AGAIN, idle_ssh_interest_of() says what to wait for, and the call is
 * repeated. One thread at a time per client; different clients are independent.
 *
 * The order of calls: idle_ssh_new, idle_ssh_resolved (or, behind a hop,
 * idle_ssh_way_opened), idle_ssh_connect until it is not AGAIN; then idle_ssh_exec and the calls of channel.h, with
 * idle_ssh_pump whenever the socket is ready; idle_ssh_free at any time. */
#ifndef IDLE_SSH_CLIENT_H
#define IDLE_SSH_CLIENT_H

#include "status.h"

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct idle_ssh idle_ssh; /* opaque */

/* Why a call failed. */
typedef struct {
  const char *kind;       /* static: "ssh.auth" …, see lua/idle/engine/errors.lua */
  const char *phase;      /* static: of connecting: "resolve", "dial", "handshake" or "auth"; else NULL */
  bool is_before_sending; /* nothing was asked of the far end: no effect, and worth another try */
  bool credential_sent;   /* something of a credential was offered: another try is another attempt */
  bool ssh_would_help;    /* the system's ssh(1) knows what libssh2 lacks here */
  char message[2000];     /* for people; no secret, no control character */
} idle_ssh_error;

typedef struct {
  const char *const *paths;
  size_t count;
} idle_ssh_paths;

/* All strings are copied; NULL = not given, unless said otherwise. */
typedef struct {
  const char *host; /* never NULL */
  int port;
  const char *user;              /* never NULL */
  const char *identity_file;     /* it must be usable */
  idle_ssh_paths identity_files; /* tried behind it, as far as they exist and are usable */
  bool identities_only;          /* of the agent's keys only those that an identity file names */
  const char *passphrase;
  const char *password;
  bool use_agent;
  const char *agent_socket;        /* path; NULL = $SSH_AUTH_SOCK */
  const char *known_hosts;         /* path; never NULL */
  idle_ssh_paths more_known_hosts; /* that count as well */
  const char *host_key_alias;      /* known_hosts is searched for it, without a port, in place of the host */
  bool accept_new;                 /* the key of an unknown host is accepted, and added to `known_hosts` */
  const char *host_key;            /* "SHA256:…": only this key is accepted, known_hosts can only revoke it */
  const idle_ssh *via;             /* the hop that opens the way, borrowed for the call; NULL = it is dialled */
  int64_t timeout_ms;              /* from now until logged in */
  int alive_interval_ms;           /* between signs of life; 0 = IDLE_SSH_ALIVE_INTERVAL_MS */
  int alive_count_max;             /* so many may remain unacknowledged; 0 = IDLE_SSH_ALIVE_COUNT_MAX */
  /* Told of each phase; the line is borrowed for the call. NULL = nobody. */
  void (*trace)(void *context, const char *line);
  void *trace_context;
} idle_ssh_options;

/* What to wait for. */
typedef struct {
  int fd; /* -1: only for the time */
  bool read;
  bool write;
  int64_t until_ms; /* call again then, even if nothing happened; on idle_ssh_now_ms() */
} idle_ssh_interest;

/* Facts for people about an open connection; valid as long as the client. */
typedef struct {
  const char *address; /* the one that answered; "" behind a hop */
  const char *banner;
  const char *host_key_type;
  const char *host_key_fingerprint;
  const char *auth_method;
  size_t memory_bytes; /* that libssh2 holds for it */
} idle_ssh_facts;

/* A dead peer is noticed after 45 s at the latest. */
enum { IDLE_SSH_ALIVE_INTERVAL_MS = 15000, IDLE_SSH_ALIVE_COUNT_MAX = 2 };

/* Milliseconds of the monotonic clock. */
int64_t idle_ssh_now_ms(void);

/* Checks the options, reads identity files and known_hosts. Nothing is sent.
 * Returns: the client, or NULL with `error` filled in.
 * Owner:   the caller; release it with idle_ssh_free(). */
idle_ssh *idle_ssh_new(const idle_ssh_options *options, idle_ssh_error *error);

/* Hands over what getaddrinfo() found, or its error.
 * addresses:  taken over; NULL if gai_error is not 0.
 * system_error: errno if gai_error is EAI_SYSTEM. */
void idle_ssh_resolved(idle_ssh *ssh, struct addrinfo *addresses, int gai_error, int system_error);

/* Whether a way through the hop has to be opened for it, from the start or, to
 * ask for a host key of another type, once more. */
bool idle_ssh_wants_way(const idle_ssh *ssh);

/* Hands over the way through the hop.
 * fd: taken over: a connected, non-blocking socket. */
void idle_ssh_way_opened(idle_ssh *ssh, int fd);

/* The hop did not open one: the next idle_ssh_connect() fails with this.
 * kind: static. text: continues "cannot reach 'URL': ". */
void idle_ssh_way_refused(idle_ssh *ssh, const char *kind, const char *text);

/* The connection to the hop has ended, and with it this one, once it has read what came before.
 * hop: NULL = this program closed it. */
void idle_ssh_way_lost(idle_ssh *ssh, const idle_ssh *hop);

/* Goes on with connecting, key exchange, check of the host key, and login.
 * Returns: IDLE_SSH_OK once logged in. After IDLE_SSH_FAILED only
 *          idle_ssh_free() may follow. */
idle_ssh_status idle_ssh_connect(idle_ssh *ssh, idle_ssh_error *error);

/* Whether the password was given to the server, whatever came of it. */
bool idle_ssh_has_given_password(const idle_ssh *ssh);

/* What the connection waits for in its present state. */
idle_ssh_interest idle_ssh_interest_of(const idle_ssh *ssh);

/* Serves an open connection: sends what waits, goes on with channels that are
 * being opened or dropped. Call it when the socket is ready, and before reading
 * from the channels. */
void idle_ssh_pump(idle_ssh *ssh);

/* Milliseconds between two signs of life. */
uint64_t idle_ssh_alive_interval_ms(const idle_ssh *ssh);

/* Sends a sign of life. */
void idle_ssh_keepalive(idle_ssh *ssh);

/* The socket reports that the peer has closed. With a channel open, its last
 * words are read first. */
void idle_ssh_hung_up(idle_ssh *ssh);

/* Whether the connection is gone: the peer closed it, or fell silent. */
bool idle_ssh_is_lost(const idle_ssh *ssh);

/* Fills in an error of kind "ssh.lost".
 * phase: what was going on, to be read after "was lost", as "while the command ran". */
void idle_ssh_explain_lost(const idle_ssh *ssh, const char *phase, int64_t elapsed_ms, idle_ssh_error *error);

/* "ssh://host:port", for messages, where it stands between quotes: behind a hop
 * it goes on with "' through 'ssh://hop:port". Valid as long as the client. */
const char *idle_ssh_url(const idle_ssh *ssh);

idle_ssh_facts idle_ssh_facts_of(const idle_ssh *ssh);

/* Lines of known_hosts that were passed over, and a host key that was added, by number from 0.
 * Returns: false if there is none of that number. */
bool idle_ssh_warning(const idle_ssh *ssh, size_t number, char *text, size_t capacity);

/* Drops the connection at once, whatever it is doing, wipes its secrets and
 * releases everything, its channels excepted: each of them is released by
 * idle_ssh_channel_free(). NULL is allowed. */
void idle_ssh_free(idle_ssh *ssh);

#endif
