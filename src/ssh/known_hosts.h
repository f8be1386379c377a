/* What known_hosts files say about one host. Own parser, because libssh2's
 * knows neither wildcards nor markers, and stops at the first line it does not
 * understand. Any thread. */
#ifndef IDLE_KNOWN_HOSTS_H
#define IDLE_KNOWN_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

/* Larger files are refused, longer lines are reported and passed over. */
#define IDLE_KNOWN_HOSTS_MAX_BYTES (16u * 1024 * 1024)
#define IDLE_KNOWN_HOSTS_MAX_LINE_BYTES (64u * 1024)
#define IDLE_KNOWN_HOSTS_MAX_WARNINGS 8

typedef enum {
  IDLE_KNOWN_KEY,     /* a key of the host */
  IDLE_KNOWN_REVOKED, /* @revoked: never accept this key */
  IDLE_KNOWN_CA       /* @cert-authority: a key that signs host keys */
} idle_known_kind;

/* A line that matches the host. */
typedef struct {
  idle_known_kind kind;
  bool without_port;  /* the line names the host alone, but the port is not 22 */
  unsigned file;      /* from 0; see idle_known_hosts_join() */
  unsigned line;      /* from 1 */
  char type[64];      /* "ssh-ed25519" … */
  unsigned char *key; /* owned: the key as it appears in the protocol */
  size_t key_size;
} idle_known_entry;

typedef struct {
  idle_known_entry *entries; /* owned, in the order of the file */
  size_t count;
  struct {
    unsigned file;
    unsigned line;
    const char *reason; /* static */
  } warnings[IDLE_KNOWN_HOSTS_MAX_WARNINGS];
  size_t warning_count; /* may be larger than the array: the rest is not kept */
  bool is_missing;      /* there is no such file; joined: none of them */
} idle_known_hosts;

/* Of several lines the one with the higher verdict decides. */
typedef enum {
  IDLE_HOST_UNKNOWN,    /* nothing is known of this host */
  IDLE_HOST_ONLY_CA,    /* @cert-authority lines only */
  IDLE_HOST_OTHER_TYPE, /* keys are known, but of other types only */
  IDLE_HOST_CHANGED,    /* another key of the same type is known */
  IDLE_HOST_MATCHES,
  IDLE_HOST_REVOKED
} idle_host_verdict;

/* Collects the lines of `text` that match host and port.
 * host:  a name or an address, without brackets.
 * known: out; release it with idle_known_hosts_free(), also after a failure.
 * Returns: false when memory is short. */
bool idle_known_hosts_parse(const char *text, size_t size, const char *host, int port, idle_known_hosts *known);

/* The same for a file. One that does not exist is an empty one.
 * Returns: 0, or an errno value; EFBIG if it is too large. */
int idle_known_hosts_load(const char *path, const char *host, int port, idle_known_hosts *known);

/* Adds what another file says, whose number is `file`.
 * known: the files before it; one that is zeroed stands for none.
 * more:  taken over, also after a failure.
 * Returns: false when memory is short. */
bool idle_known_hosts_join(idle_known_hosts *known, idle_known_hosts *more, unsigned file);

/* The line that makes a key of a host known, as ssh writes it.
 * Returns: a new string, or NULL when memory is short. */
char *idle_known_hosts_line(const char *host, int port, const char *type, const unsigned char *key, size_t key_size);

void idle_known_hosts_free(idle_known_hosts *known);

/* Judges the key that a server showed.
 * entry: out, borrowed from `known`: the line that decided, or NULL. */
idle_host_verdict idle_known_hosts_judge(const idle_known_hosts *known, const char *type, const unsigned char *key,
                                         size_t key_size, const idle_known_entry **entry);

/* Whether a key of this type (not revoked, not an authority) is known. */
bool idle_known_hosts_has_type(const idle_known_hosts *known, const char *type);

/* The type inside a key in the form of the protocol.
 * Returns: false if there is none, or it does not fit. */
bool idle_key_type(const unsigned char *key, size_t key_size, char *type, size_t capacity);

#define IDLE_FINGERPRINT_SIZE 52

/* Writes "SHA256:" and the base64 of the key's hash, as ssh-keygen -l does. */
void idle_fingerprint(const unsigned char *key, size_t key_size, char fingerprint[IDLE_FINGERPRINT_SIZE]);

#endif
