#include "ssh_keys.h"

#include "target.h"

#include <openssl/sha.h>
#include <stdbool.h>
#include <string.h>

#define KEY_SIZE ((size_t)32)
#define SIGNATURE_SIZE ((size_t)64)

void fuzz_put(fuzz_bytes *out, const void *bytes, size_t size) {
  if (size > sizeof out->bytes - out->size) size = sizeof out->bytes - out->size;
  if (size > 0) memcpy(out->bytes + out->size, bytes, size);
  out->size += size;
}

void fuzz_put_byte(fuzz_bytes *out, unsigned byte) {
  uint8_t one = (uint8_t)byte;
  fuzz_put(out, &one, 1);
}

void fuzz_put_u32(fuzz_bytes *out, size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) fuzz_put_byte(out, (unsigned)(value >> shift) & 0xFF);
}

void fuzz_put_string(fuzz_bytes *out, const void *bytes, size_t size) {
  fuzz_put_u32(out, size);
  fuzz_put(out, bytes, size);
}

void fuzz_put_text(fuzz_bytes *out, const char *text) { fuzz_put_string(out, text, strlen(text)); }

/* Keys of nobody: the same in every run, so that an input does the same, too. */
static EVP_PKEY *key_of(int type, uint8_t seed, uint8_t public_key[KEY_SIZE]) {
  uint8_t bytes[KEY_SIZE];
  size_t size = KEY_SIZE;
  memset(bytes, seed, sizeof bytes);
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(type, NULL, bytes, sizeof bytes);
  MUST(key != NULL && EVP_PKEY_get_raw_public_key(key, public_key, &size) == 1 && size == KEY_SIZE);
  return key;
}

static void put_host_key(fuzz_bytes *out, const uint8_t public_key[KEY_SIZE]) {
  fuzz_put_text(out, "ssh-ed25519");
  fuzz_put_string(out, public_key, KEY_SIZE);
}

void fuzz_host_key(fuzz_bytes *out) {
  uint8_t public_key[KEY_SIZE];
  EVP_PKEY_free(key_of(EVP_PKEY_ED25519, 1, public_key));
  put_host_key(out, public_key);
}

/* Whatever the client sent; a point of low order leaves zeroes. */
static void agree(EVP_PKEY *ours, const uint8_t *theirs, fuzz_bytes *secret) {
  uint8_t shared[KEY_SIZE] = {0};
  size_t size = sizeof shared, zeroes = 0;
  EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, theirs, KEY_SIZE);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(ours, NULL);
  MUST(peer != NULL && context != NULL && EVP_PKEY_derive_init(context) == 1);
  if (EVP_PKEY_derive_set_peer(context, peer) == 1) (void)EVP_PKEY_derive(context, shared, &size);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(peer);
  while (zeroes < KEY_SIZE && shared[zeroes] == 0) zeroes++;
  bool needs_sign = zeroes < KEY_SIZE && (shared[zeroes] & 0x80) != 0;
  fuzz_put_u32(secret, KEY_SIZE - zeroes + needs_sign);
  if (needs_sign) fuzz_put_byte(secret, 0);
  fuzz_put(secret, shared + zeroes, KEY_SIZE - zeroes);
}

static void put_signature(fuzz_bytes *out, EVP_PKEY *key, const uint8_t hash[FUZZ_HASH_SIZE]) {
  uint8_t bytes[SIGNATURE_SIZE];
  size_t size = sizeof bytes;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  MUST(context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1);
  MUST(EVP_DigestSign(context, bytes, &size, hash, FUZZ_HASH_SIZE) == 1);
  EVP_MD_CTX_free(context);
  fuzz_put_text(out, "ssh-ed25519");
  fuzz_put_string(out, bytes, size);
}

void fuzz_exchange(const fuzz_transcript *transcript, const uint8_t *theirs, fuzz_bytes *reply, fuzz_bytes *secret,
                   uint8_t hash[FUZZ_HASH_SIZE]) {
  uint8_t host_public[KEY_SIZE], ours_public[KEY_SIZE];
  EVP_PKEY *host = key_of(EVP_PKEY_ED25519, 1, host_public), *ours = key_of(EVP_PKEY_X25519, 2, ours_public);
  fuzz_bytes host_key = {.size = 0}, signature = {.size = 0};
  put_host_key(&host_key, host_public);
  agree(ours, theirs, secret);

  static fuzz_bytes hashed;
  hashed.size = 0;
  fuzz_put(&hashed, transcript->banners.bytes, transcript->banners.size);
  fuzz_put(&hashed, transcript->kexinits.bytes, transcript->kexinits.size);
  fuzz_put_string(&hashed, host_key.bytes, host_key.size);
  fuzz_put_string(&hashed, theirs, KEY_SIZE);
  fuzz_put_string(&hashed, ours_public, KEY_SIZE);
  fuzz_put(&hashed, secret->bytes, secret->size);
  SHA256(hashed.bytes, hashed.size, hash);

  put_signature(&signature, host, hash);
  fuzz_put_byte(reply, 31); /* KEX_ECDH_REPLY */
  fuzz_put_string(reply, host_key.bytes, host_key.size);
  fuzz_put_string(reply, ours_public, KEY_SIZE);
  fuzz_put_string(reply, signature.bytes, signature.size);
  EVP_PKEY_free(host);
  EVP_PKEY_free(ours);
}

void fuzz_derive(const fuzz_bytes *secret, const uint8_t hash[FUZZ_HASH_SIZE], char letter,
                 const uint8_t session_id[FUZZ_HASH_SIZE], uint8_t key[FUZZ_HASH_SIZE]) {
  fuzz_bytes all = *secret;
  fuzz_put(&all, hash, FUZZ_HASH_SIZE);
  fuzz_put_byte(&all, (unsigned char)letter);
  fuzz_put(&all, session_id, FUZZ_HASH_SIZE);
  SHA256(all.bytes, all.size, key);
}
