/* A private key in a file, as far as it can be read without its passphrase.
 * Any thread. */
#ifndef IDLE_IDENTITY_H
#define IDLE_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  char *text; /* owned, secret: the file's content */
  size_t size;
  char type[64]; /* "ssh-ed25519" …; "" if it can't be seen */
  bool is_encrypted;
  unsigned char *public_key; /* owned: the key in the form of the protocol, or NULL */
  size_t public_key_size;
} idle_identity;

/* Reads the file and says what is wrong with it.
 * passphrase: NULL if there is none.
 * Returns: NULL, or a static text that continues "identity file 'PATH' …". */
const char *idle_identity_load(const char *path, const char *passphrase, idle_identity *identity);

/* Wipes and releases. */
void idle_identity_free(idle_identity *identity);

#endif
