#include "identity.h"

#include "file.h"
#include "known_hosts.h"
#include "memory.h"

#include <ctype.h>
#include <errno.h>
#include <libssh2.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE_BYTES (64u * 1024)

static const char OPENSSH_BEGIN[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char OPENSSH_END[] = "-----END OPENSSH PRIVATE KEY-----";
static const char DAMAGED[] = "is damaged: its key can't be read";
static const char NO_MEMORY[] = "can't be read: not enough memory";

static const char *describe_errno(int error) {
  switch (error) {
  case ENOENT:
  case ENOTDIR:
    return "does not exist; check its path";
  case EACCES:
    return "can't be read: permission denied; check who owns it and its folder";
  case EISDIR:
    return "is a folder; name the key file in it";
  case EFBIG:
    return "is too large for a key";
  case ENOMEM:
    return NO_MEMORY;
  default:
    return "can't be read";
  }
}

/* Decodes the base64 between the two marks of OpenSSH's own format.
 * bytes:   out: an owned buffer.
 * Returns: NULL, or what is wrong. */
static const char *decode_body(const char *text, unsigned char **bytes, size_t *size) {
  const char *end = strstr(text, OPENSSH_END);
  if (end == NULL) return DAMAGED;
  size_t room = (size_t)(end - text), length = 0;
  char *joined = malloc(room + 1);
  *bytes = malloc(room + 3);
  bool has_memory = joined != NULL && *bytes != NULL;
  for (const char *c = text + strlen(OPENSSH_BEGIN); joined != NULL && c < end; c++)
    if (!isspace((unsigned char)*c)) joined[length++] = *c;
  int decoded = has_memory ? EVP_DecodeBlock(*bytes, (unsigned char *)joined, (int)length) : -1;
  if (joined != NULL) explicit_bzero(joined, length);
  free(joined);
  *size = decoded < 0 ? 0 : (size_t)decoded;
  if (decoded >= 0) return NULL;
  if (*bytes != NULL) explicit_bzero(*bytes, room);
  free(*bytes);
  return has_memory ? DAMAGED : NO_MEMORY;
}

typedef struct {
  const unsigned char *bytes;
  size_t size;
} Slice;

static bool take(Slice *from, size_t size, Slice *taken) {
  if (size > from->size) return false;
  *taken = (Slice){from->bytes, size};
  from->bytes += size, from->size -= size;
  return true;
}

static bool take_string(Slice *from, Slice *taken) {
  Slice length;
  if (!take(from, 4, &length)) return false;
  const unsigned char *b = length.bytes;
  return take(from, (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3], taken);
}

/* Behind the part that anybody may see: two equal numbers, the type, the public key, and seed and public key in one. A
 * damaged one is left to libssh2. */
static void read_seed(Slice private, idle_identity *identity) {
  Slice numbers, type, public, both;
  bool is_whole = take(&private, 8, &numbers) && memcmp(numbers.bytes, numbers.bytes + 4, 4) == 0 &&
                  take_string(&private, &type) && take_string(&private, &public) && take_string(&private, &both) &&
                  public.size == IDLE_SEED_SIZE && both.size == 2 * IDLE_SEED_SIZE &&
                  memcmp(both.bytes + IDLE_SEED_SIZE, public.bytes, public.size) == 0;
  if (!is_whole) return;
  memcpy(identity->seed, both.bytes, IDLE_SEED_SIZE);
  identity->has_seed = true;
}

/* The container names cipher and public key before the part that is encrypted. */
static bool find_key(Slice *container, idle_identity *identity, Slice *key) {
  static const char magic[] = "openssh-key-v1"; /* its NUL belongs to it */
  Slice field, cipher;
  if (!take(container, sizeof magic, &field) || memcmp(field.bytes, magic, sizeof magic) != 0) return false;
  if (!take_string(container, &cipher) || !take_string(container, &field) || !take_string(container, &field))
    return false;
  if (!take(container, 4, &field) || !take_string(container, key)) return false;
  identity->is_encrypted = cipher.size != 4 || memcmp(cipher.bytes, "none", 4) != 0;
  return idle_key_type(key->bytes, key->size, identity->type, sizeof identity->type);
}

static const char *read_container(Slice container, idle_identity *identity) {
  Slice key;
  if (!find_key(&container, identity, &key)) return DAMAGED;
  identity->public_key = malloc(key.size);
  if (identity->public_key == NULL) return NO_MEMORY;
  memcpy(identity->public_key, key.bytes, key.size);
  identity->public_key_size = key.size;
  Slice private;
  if (!identity->is_encrypted && strcmp(identity->type, "ssh-ed25519") == 0 && take_string(&container, &private))
    read_seed(private, identity);
  return NULL;
}

static const char *read_openssh(idle_identity *identity) {
  size_t size;
  unsigned char *bytes;
  const char *fault = decode_body(identity->text, &bytes, &size);
  if (fault != NULL) return fault;
  fault = read_container((Slice){bytes, size}, identity);
  explicit_bzero(bytes, size);
  free(bytes);
  return fault;
}

/* Without a callback OpenSSL would ask on the terminal. */
static int give_passphrase(char *buffer, int capacity, int is_writing, void *passphrase) {
  (void)is_writing;
  size_t size = passphrase == NULL ? 0 : strlen(passphrase);
  if (passphrase == NULL || size > (size_t)capacity) return -1;
  memcpy(buffer, passphrase, size);
  return (int)size;
}

static const char *read_pem(idle_identity *identity, const char *passphrase) {
  identity->is_encrypted = strstr(identity->text, "ENCRYPTED") != NULL;
  if (identity->is_encrypted && passphrase == NULL) return NULL;
  BIO *bio = BIO_new_mem_buf(identity->text, (int)identity->size);
  if (bio == NULL) return NO_MEMORY;
  EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, (void *)passphrase);
  BIO_free(bio);
  if (key == NULL) return identity->is_encrypted ? "can't be opened: the passphrase is wrong" : DAMAGED;
  int type = EVP_PKEY_base_id(key);
  EVP_PKEY_free(key);
  strcpy(identity->type, type == EVP_PKEY_RSA       ? "ssh-rsa"
                         : type == EVP_PKEY_EC      ? "ecdsa-sha2"
                         : type == EVP_PKEY_ED25519 ? "ssh-ed25519"
                                                    : "");
  return *identity->type == '\0' ? "is of a type that SSH does not use; use an ed25519 key" : NULL;
}

static bool begins_with(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

static const char *read_key(idle_identity *identity, const char *passphrase) {
  const char *text = identity->text;
  if (begins_with(text, OPENSSH_BEGIN)) return read_openssh(identity);
  if (begins_with(text, "PuTTY-User-Key-File"))
    return "is a PuTTY key; convert it: puttygen FILE.ppk -O private-openssh -o FILE";
  if (begins_with(text, "ssh-") || begins_with(text, "ecdsa-") || begins_with(text, "---- BEGIN SSH2 PUBLIC"))
    return "is a public key; name the private key, the file without .pub";
  if (strstr(text, "PRIVATE KEY-----") == NULL) return "is not a private key";
  return read_pem(identity, passphrase);
}

static const char *check_type(const idle_identity *identity) {
  if (begins_with(identity->type, "sk-"))
    return "is on a security key, which libssh2 can't use; use an ed25519 key in a file, or the agent";
  if (strcmp(identity->type, "ssh-dss") == 0) return "is a DSA key, which servers refuse; use an ed25519 key";
  return NULL;
}

/* The public half out of "TYPE BASE64 comment": known_hosts has the same, behind a name. */
static void parse_public(const char *text, idle_identity *identity) {
  idle_known_hosts known;
  char *line = NULL;
  if (identity->public_key != NULL || asprintf(&line, "key %s", text) < 0) return;
  if (idle_known_hosts_parse(line, strlen(line), "key", 22, &known) && known.count > 0) {
    identity->public_key = known.entries[0].key;
    identity->public_key_size = known.entries[0].key_size;
    strcpy(identity->type, known.entries[0].type);
    known.entries[0].key = NULL;
  }
  idle_known_hosts_free(&known);
  free(line);
}

/* What the private file does not show may stand in FILE.pub; or it is itself the public one. */
static void find_public(idle_identity *identity) {
  char *path = NULL, *text = NULL;
  size_t size;
  if (identity->text != NULL && strncmp(identity->text, "-----", 5) != 0) parse_public(identity->text, identity);
  if (asprintf(&path, "%s.pub", identity->path) < 0) return;
  int error = identity->public_key == NULL ? idle_read_file(path, MAX_FILE_BYTES, &text, &size, NULL) : 0;
  if (text != NULL) parse_public(text, identity);
  if (error != 0 && error != ENOENT && error != ENOTDIR && identity->file_error == 0) identity->file_error = error;
  free(text);
  free(path);
}

static const char *load(idle_identity *identity, const char *passphrase) {
  bool is_exposed = false;
  int error = idle_read_file(identity->path, MAX_FILE_BYTES, &identity->text, &identity->size, &is_exposed);
  identity->is_missing = error == ENOENT || error == ENOTDIR;
  if (error != 0 && !identity->is_missing) identity->file_error = error;
  if (error != 0) return describe_errno(error);
  idle_memory_hide(identity->text, identity->size);
  const char *fault = read_key(identity, passphrase);
  if (fault == NULL) fault = check_type(identity);
  /* Last, because it is a matter of private keys that could be used. */
  return fault == NULL && is_exposed ? "is not used: its group or others can read it; use chmod 600" : fault;
}

bool idle_identity_load(idle_identity *identity, const char *path, const char *passphrase) {
  *identity = (idle_identity){.path = strdup(path)};
  if (identity->path == NULL) return false;
  identity->fault = load(identity, passphrase);
  find_public(identity);
  bool is_public_file = identity->text != NULL && strstr(identity->text, "PRIVATE KEY-----") == NULL;
  identity->is_public = identity->public_key != NULL && (identity->is_missing || is_public_file);
  if (identity->public_key != NULL) identity->is_missing = false;
  return true;
}

bool idle_identity_is_locked(const idle_identity *identity, const char *passphrase) {
  return identity->is_public || (identity->is_encrypted && passphrase == NULL);
}

/* libssh2 signs with RSA only by SHA-1 before 1.11, and OpenSSH refuses that since 8.8. */
static bool is_foreign(const char *type) {
  return begins_with(type, "sk-") || (strcmp(type, "ssh-rsa") == 0 && libssh2_version(0x010b00) == NULL);
}

static bool look(const idle_identity *identity, idle_key_facts *facts) {
  *facts = (idle_key_facts){.needs_agent = idle_identity_is_locked(identity, NULL),
                            .is_foreign = is_foreign(identity->type)};
  strcpy(facts->type, identity->type);
  bool is_usable = identity->is_public || identity->fault == NULL || begins_with(identity->type, "sk-");
  return is_usable && *facts->type != '\0';
}

bool idle_identity_look(const char *path, idle_key_facts *facts) {
  char *expanded = idle_expand_home(path);
  idle_identity *identity = calloc(1, sizeof *identity); /* the analyser loses sight of one on the stack */
  bool is_loaded = expanded != NULL && identity != NULL && idle_identity_load(identity, expanded, NULL);
  bool is_seen = is_loaded && look(identity, facts);
  if (is_loaded) idle_identity_free(identity);
  free(identity);
  free(expanded);
  return is_seen;
}

bool idle_identity_sign(const idle_identity *identity, const unsigned char *data, size_t size,
                        unsigned char signature[IDLE_SIGNATURE_SIZE]) {
  size_t signature_size = IDLE_SIGNATURE_SIZE;
  EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, identity->seed, sizeof identity->seed);
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  bool is_signed = key != NULL && context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
                   EVP_DigestSign(context, signature, &signature_size, data, size) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return is_signed;
}

void idle_identity_free(idle_identity *identity) {
  if (identity->text != NULL) explicit_bzero(identity->text, identity->size);
  free(identity->text);
  free(identity->public_key);
  free(identity->path);
  explicit_bzero(identity, sizeof *identity);
}
