/* The key exchange of the fuzz target's SSH server. */
#ifndef IDLE_FUZZ_SSH_KEYS_H
#define IDLE_FUZZ_SSH_KEYS_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_HASH_SIZE 32 /* of SHA-256 */

/* Bytes of a message in the making; what does not fit is left out. */
typedef struct {
  size_t size;
  uint8_t bytes[8192];
} fuzz_bytes;

void fuzz_put(fuzz_bytes *out, const void *bytes, size_t size);
void fuzz_put_byte(fuzz_bytes *out, unsigned byte);
void fuzz_put_u32(fuzz_bytes *out, size_t value);
void fuzz_put_string(fuzz_bytes *out, const void *bytes, size_t size);
void fuzz_put_text(fuzz_bytes *out, const char *text);

/* The host key as it appears in the protocol. */
void fuzz_host_key(fuzz_bytes *out);

/* What both sides know before the client's half of the exchange comes. */
typedef struct {
  fuzz_bytes banners;  /* both, each as a string */
  fuzz_bytes kexinits; /* both payloads, each as a string */
} fuzz_transcript;

/* Writes the payload of KEX_ECDH_REPLY.
 * theirs: the client's public key, 32 bytes.
 * secret: out: the shared secret as an mpint.
 * hash:   out: the exchange hash. */
void fuzz_exchange(const fuzz_transcript *transcript, const uint8_t *theirs, fuzz_bytes *reply, fuzz_bytes *secret,
                   uint8_t hash[FUZZ_HASH_SIZE]);

/* Derives the key that RFC 4253 names by a letter. */
void fuzz_derive(const fuzz_bytes *secret, const uint8_t hash[FUZZ_HASH_SIZE], char letter,
                 const uint8_t session_id[FUZZ_HASH_SIZE], uint8_t key[FUZZ_HASH_SIZE]);

#endif
