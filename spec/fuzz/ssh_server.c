#include "ssh_server.h"

#include "known_hosts.h"
#include "ssh_keys.h"
#include "target.h"

#include <openssl/hmac.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BANNER "SSH-2.0-OpenSSH_for_Windows_9.5"
#define BLOCK_SIZE ((size_t)16)
#define MAX_PACKET_BYTES ((size_t)40000)

enum {
  SERVICE_REQUEST = 5,
  SERVICE_ACCEPT = 6,
  KEXINIT = 20,
  NEWKEYS = 21,
  ECDH_INIT = 30,
  USERAUTH_REQUEST = 50,
  USERAUTH_FAILURE = 51,
  USERAUTH_SUCCESS = 52,
  USERAUTH_60 = 60, /* a public key will do, questions of keyboard-interactive, or a new password is wanted */
  INFO_RESPONSE = 61,
  CHANNEL_OPEN = 90,
  CHANNEL_CONFIRMATION = 91,
  CHANNEL_CLOSE = 97,
  CHANNEL_REQUEST = 98,
  CHANNEL_SUCCESS = 99
};

typedef struct {
  EVP_CIPHER_CTX *cipher; /* NULL before the first NEWKEYS */
  uint8_t mac_key[FUZZ_HASH_SIZE];
  uint32_t sequence;
} Direction;

struct fuzz_server {
  int fd;
  fuzz_login login;
  bool is_lost; /* it does not understand the client any more */
  uint8_t in[128 * 1024];
  size_t in_size;
  size_t decrypted; /* bytes at the begin of `in` */
  uint8_t last_message;
  bool has_banner; /* the client's came */
  fuzz_bytes client_banner;
  fuzz_bytes server_kexinit; /* its size: whether it was sent in this exchange */
  fuzz_bytes client_kexinit;
  fuzz_bytes secret; /* of the last exchange */
  uint8_t hash[FUZZ_HASH_SIZE];
  uint8_t session_id[FUZZ_HASH_SIZE];
  bool has_session_id;
  Direction from_client, to_client;
};

/* What the socket does not take is lost, as a packet cut in two. */
void fuzz_server_send_raw(fuzz_server *server, const uint8_t *bytes, size_t size) {
  (void)!send(server->fd, bytes, size, MSG_NOSIGNAL);
}

static void mac_of(const Direction *direction, const uint8_t *packet, size_t size, uint8_t mac[FUZZ_HASH_SIZE]) {
  static uint8_t all[4 + MAX_PACKET_BYTES];
  for (int i = 0; i < 4; i++) all[i] = (uint8_t)(direction->sequence >> (24 - 8 * i));
  memcpy(all + 4, packet, size);
  MUST(HMAC(EVP_sha256(), direction->mac_key, FUZZ_HASH_SIZE, all, 4 + size, mac, NULL) != NULL);
}

void fuzz_server_send(fuzz_server *server, const uint8_t *payload, size_t size, bool is_damaged) {
  static uint8_t packet[MAX_PACKET_BYTES + FUZZ_HASH_SIZE];
  Direction *out = &server->to_client;
  if (size > MAX_PACKET_BYTES - 64) size = MAX_PACKET_BYTES - 64;
  size_t padding = BLOCK_SIZE - (5 + size) % BLOCK_SIZE;
  if (padding < 4) padding += BLOCK_SIZE;
  size_t total = 5 + size + padding;
  for (int i = 0; i < 4; i++) packet[i] = (uint8_t)((total - 4) >> (24 - 8 * i));
  packet[4] = (uint8_t)padding;
  if (size > 0) memcpy(packet + 5, payload, size);
  memset(packet + 5 + size, 0, padding);
  size_t mac_size = 0;
  if (out->cipher != NULL) {
    int done;
    mac_size = FUZZ_HASH_SIZE;
    mac_of(out, packet, total, packet + total);
    if (is_damaged) packet[total] ^= 1;
    MUST(EVP_EncryptUpdate(out->cipher, packet, &done, packet, (int)total) == 1);
  }
  out->sequence++;
  fuzz_server_send_raw(server, packet, total + mac_size);
}

static void send_message(fuzz_server *server, const fuzz_bytes *message) {
  fuzz_server_send(server, message->bytes, message->size, false);
}

static void send_byte(fuzz_server *server, uint8_t message) { fuzz_server_send(server, &message, 1, false); }

static void set_keys(fuzz_server *server, Direction *direction, char iv_letter, bool encrypts) {
  uint8_t iv[FUZZ_HASH_SIZE], key[FUZZ_HASH_SIZE];
  if (!server->has_session_id) return;
  fuzz_derive(&server->secret, server->hash, iv_letter, server->session_id, iv);
  fuzz_derive(&server->secret, server->hash, (char)(iv_letter + 2), server->session_id, key);
  fuzz_derive(&server->secret, server->hash, (char)(iv_letter + 4), server->session_id, direction->mac_key);
  EVP_CIPHER_CTX_free(direction->cipher);
  direction->cipher = EVP_CIPHER_CTX_new();
  MUST(direction->cipher != NULL);
  MUST(EVP_CipherInit_ex(direction->cipher, EVP_aes_128_ctr(), NULL, key, iv, encrypts) == 1);
}

void fuzz_server_rekey(fuzz_server *server) {
  static const char *const lists[] = {"curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes128-ctr", "hmac-sha2-256",
                                      "hmac-sha2-256",     "none",        "none",       "",           ""};
  static const uint8_t cookie[16] = {0};
  fuzz_bytes *out = &server->server_kexinit;
  if (out->size > 0) return;
  fuzz_put_byte(out, KEXINIT);
  fuzz_put(out, cookie, sizeof cookie);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) fuzz_put_text(out, lists[i]);
  fuzz_put(out, cookie, 5); /* no guess follows; reserved */
  send_message(server, out);
}

static void exchange(fuzz_server *server, const uint8_t *payload, size_t size) {
  static fuzz_transcript transcript;
  if (size < 5 + 32 || server->server_kexinit.size == 0) return;
  transcript.banners.size = transcript.kexinits.size = 0;
  fuzz_put_string(&transcript.banners, server->client_banner.bytes, server->client_banner.size);
  fuzz_put_text(&transcript.banners, BANNER);
  fuzz_put_string(&transcript.kexinits, server->client_kexinit.bytes, server->client_kexinit.size);
  fuzz_put_string(&transcript.kexinits, server->server_kexinit.bytes, server->server_kexinit.size);
  fuzz_bytes reply = {.size = 0};
  server->secret.size = 0;
  fuzz_exchange(&transcript, payload + 5, &reply, &server->secret, server->hash);
  if (!server->has_session_id) memcpy(server->session_id, server->hash, FUZZ_HASH_SIZE);
  server->has_session_id = true;
  send_message(server, &reply);
  send_byte(server, NEWKEYS);
  set_keys(server, &server->to_client, 'B', true);
}

/* Whether the payload holds a word as a string of the protocol. */
static bool has(const uint8_t *payload, size_t size, const char *word) {
  fuzz_bytes string = {.size = 0};
  fuzz_put_text(&string, word);
  return memmem(payload, size, string.bytes, string.size) != NULL;
}

static void refuse_login(fuzz_server *server) {
  static const char *const offers[] = {"publickey,password", "publickey", "keyboard-interactive", "publickey",
                                       "password"};
  fuzz_bytes out = {.size = 0};
  fuzz_put_byte(&out, USERAUTH_FAILURE);
  fuzz_put_text(&out, offers[server->login]);
  fuzz_put_byte(&out, 0);
  send_message(server, &out);
}

static void ask(fuzz_server *server) {
  fuzz_bytes out = {.size = 0};
  fuzz_put_byte(&out, USERAUTH_60);
  for (int i = 0; i < 3; i++) fuzz_put_text(&out, ""); /* name, instruction, language */
  fuzz_put_u32(&out, 1);
  fuzz_put_text(&out, "Password: ");
  fuzz_put_byte(&out, 0);
  send_message(server, &out);
}

static void ask_for_new_password(fuzz_server *server) {
  fuzz_bytes out = {.size = 0};
  fuzz_put_byte(&out, USERAUTH_60);
  fuzz_put_text(&out, "Your password has expired, choose another one: ");
  fuzz_put_text(&out, ""); /* language */
  send_message(server, &out);
}

static void answer_login(fuzz_server *server, const uint8_t *payload, size_t size) {
  if (server->login == FUZZ_PASSWORD && has(payload, size, "password"))
    send_byte(server, USERAUTH_SUCCESS);
  else if (server->login == FUZZ_PUBLICKEY && has(payload, size, "publickey"))
    send_byte(server, USERAUTH_SUCCESS);
  else if (server->login == FUZZ_KEYBOARD && has(payload, size, "keyboard-interactive"))
    ask(server);
  else if (server->login == FUZZ_EXPIRED && has(payload, size, "password"))
    ask_for_new_password(server);
  else
    refuse_login(server);
}

/* The client's number of a channel, as it opened it: behind "session". */
static void confirm_channel(fuzz_server *server, const uint8_t *payload, size_t size) {
  fuzz_bytes out = {.size = 0};
  if (size < 1 + 4 + 7 + 4) return;
  fuzz_put_byte(&out, CHANNEL_CONFIRMATION);
  fuzz_put(&out, payload + 12, 4);
  fuzz_put(&out, payload + 12, 4); /* ours is the same */
  fuzz_put_u32(&out, 1u << 20);
  fuzz_put_u32(&out, 32768);
  send_message(server, &out);
}

static void answer_channel(fuzz_server *server, uint8_t message, const uint8_t *payload, size_t size) {
  fuzz_bytes out = {.size = 0};
  if (size < 5) return;
  fuzz_put_byte(&out, message);
  fuzz_put(&out, payload + 1, 4);
  send_message(server, &out);
}

static void answer(fuzz_server *server, const uint8_t *payload, size_t size) {
  fuzz_bytes accept = {.size = 0};
  switch (payload[0]) {
  case KEXINIT:
    fuzz_server_rekey(server);
    break;
  case ECDH_INIT:
    exchange(server, payload, size);
    break;
  case SERVICE_REQUEST:
    fuzz_put_byte(&accept, SERVICE_ACCEPT);
    fuzz_put_text(&accept, "ssh-userauth");
    send_message(server, &accept);
    break;
  case USERAUTH_REQUEST:
    answer_login(server, payload, size);
    break;
  case INFO_RESPONSE:
    send_byte(server, USERAUTH_SUCCESS);
    break;
  case CHANNEL_OPEN:
    confirm_channel(server, payload, size);
    break;
  case CHANNEL_REQUEST:
    answer_channel(server, CHANNEL_SUCCESS, payload, size);
    break;
  case CHANNEL_CLOSE:
    answer_channel(server, CHANNEL_CLOSE, payload, size);
    break;
  default:
    break;
  }
}

static void drop(fuzz_server *server, size_t size) {
  memmove(server->in, server->in + size, server->in_size - size);
  server->in_size -= size;
}

static void take_in(fuzz_server *server) {
  ssize_t count;
  while (server->in_size < sizeof server->in &&
         (count = recv(server->fd, server->in + server->in_size, sizeof server->in - server->in_size, 0)) > 0)
    server->in_size += (size_t)count;
}

static bool take_banner(fuzz_server *server) {
  const uint8_t *feed = memchr(server->in, '\n', server->in_size);
  if (feed == NULL) return false;
  size_t size = (size_t)(feed - server->in);
  fuzz_put(&server->client_banner, server->in, size > 0 && feed[-1] == '\r' ? size - 1 : size);
  drop(server, size + 1);
  return server->has_banner = true;
}

/* Decrypts what is needed up to `size`. Returns: whether so much is there. */
static bool reveal(fuzz_server *server, size_t size) {
  int done;
  if (server->in_size < size) return false;
  if (server->from_client.cipher != NULL && size > server->decrypted)
    MUST(EVP_DecryptUpdate(server->from_client.cipher, server->in + server->decrypted, &done,
                           server->in + server->decrypted, (int)(size - server->decrypted)) == 1);
  if (size > server->decrypted) server->decrypted = size;
  return true;
}

static void note(fuzz_server *server, const uint8_t *payload, size_t size) {
  if (payload[0] == KEXINIT) {
    server->client_kexinit.size = 0;
    fuzz_put(&server->client_kexinit, payload, size);
  } else if (payload[0] == NEWKEYS) {
    set_keys(server, &server->from_client, 'A', false);
    server->server_kexinit.size = 0; /* the next exchange needs another */
  }
}

bool fuzz_server_next(fuzz_server *server, bool answers) {
  take_in(server);
  if (!server->has_banner && !take_banner(server)) return false;
  if (server->is_lost || !reveal(server, BLOCK_SIZE)) return false;
  const uint8_t *head = server->in;
  size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
  server->is_lost = length < 12 || length > MAX_PACKET_BYTES || head[4] + 2u > length;
  if (server->is_lost || !reveal(server, 4 + length)) return false;
  size_t mac_size = server->from_client.cipher == NULL ? 0 : FUZZ_HASH_SIZE;
  if (server->in_size < 4 + length + mac_size) return false;

  size_t size = length - 1 - head[4];
  if (answers) answer(server, server->in + 5, size); /* before the keys change */
  note(server, server->in + 5, size);
  server->last_message = server->in[5];
  server->from_client.sequence++;
  server->decrypted = 0;
  drop(server, 4 + length + mac_size);
  return true;
}

uint8_t fuzz_server_last_message(const fuzz_server *server) { return server->last_message; }

fuzz_server *fuzz_server_new(int fd, fuzz_login login) {
  fuzz_server *server = calloc(1, sizeof *server);
  MUST(server != NULL);
  server->fd = fd;
  server->login = login;
  return server;
}

void fuzz_server_free(fuzz_server *server) {
  EVP_CIPHER_CTX_free(server->from_client.cipher);
  EVP_CIPHER_CTX_free(server->to_client.cipher);
  close(server->fd);
  free(server);
}

void fuzz_server_greet(fuzz_server *server) {
  static const char line[] = BANNER "\r\n";
  fuzz_server_send_raw(server, (const uint8_t *)line, sizeof line - 1);
}

const char *fuzz_server_fingerprint(void) {
  static char fingerprint[IDLE_FINGERPRINT_SIZE];
  fuzz_bytes key = {.size = 0};
  fuzz_host_key(&key);
  idle_fingerprint(key.bytes, key.size, fingerprint);
  return fingerprint;
}
