/* A private key in a file, as far as it can be read without its passphrase; its
 * public half may stand beside it, in FILE.pub. Any thread. */
#ifndef IDLE_IDENTITY_H
#define IDLE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#define IDLE_SEED_SIZE 32
#define IDLE_SIGNATURE_SIZE 64

typedef struct {
  char *path;       /* owned */
  bool is_required; /* the caller counts on this very key */
  char *text;       /* owned, secret: the file's content */
  size_t size;
  char type[64]; /* "ssh-ed25519" …; "" if it can't be seen */
  bool is_encrypted;
  unsigned char *public_key; /* owned: the key in the form of the protocol, or NULL */
  size_t public_key_size;
  unsigned char seed[IDLE_SEED_SIZE]; /* secret: all there is to an ed25519 key */
  bool has_seed;
  int file_error;    /* errno of a file that is there, or may be, and could not be read; 0 = none */
  bool is_missing;   /* there is neither file */
  bool is_public;    /* there is only the public half, so the key is to be found in the agent */
  bool is_tried;     /* by the login, from the file or from the agent */
  const char *fault; /* static, continues "identity file 'PATH' …"; NULL = it can be used */
} idle_identity;

/* Reads the files and says what is wrong with them, in identity->fault.
 * identity:   out; to be released unless this fails.
 * path:       expanded; copied.
 * passphrase: NULL if there is none.
 * Returns: false when memory is short. */
bool idle_identity_load(idle_identity *identity, const char *path, const char *passphrase);

/* What there is to know of a key before it is used. */
typedef struct {
  char type[64];
  bool needs_agent; /* the file shows only its public half, or has a passphrase */
  bool is_foreign;  /* ssh(1) logs in with it, libssh2 does not, at a server of today */
} idle_key_facts;

/* Looks at the key in a file, whose `~/` is expanded.
 * Returns: false if nobody can use it as it is there, or memory is short. */
bool idle_identity_look(const char *path, idle_key_facts *facts);

/* Whether its key can't be used without the agent. */
bool idle_identity_is_locked(const idle_identity *identity, const char *passphrase);

/* Signs with a key that has a seed; most have, and libssh2 takes ten times as
 * long: it tries one format after the other, twice for each login.
 * Returns: false when memory is short. */
bool idle_identity_sign(const idle_identity *identity, const unsigned char *data, size_t size,
                        unsigned char signature[IDLE_SIGNATURE_SIZE]);

/* Wipes and releases. */
void idle_identity_free(idle_identity *identity);

#endif
