/* Fuzz target: the SSH client against a server that sends what the input says.
 *
 * The first byte are flags (below). With RAW the rest is chunks, a length byte
 * and so many bytes each: what the server sends, the client running in between.
 * Else it is a script: an operation and a length byte, and so many bytes. The
 * server exchanges real keys (ssh_server.h), so that what the input says comes
 * through as a packet that the client believes, before and after NEWKEYS.
 *
 * libssh2 itself is Debian's library, without instrumentation: coverage and most
 * of ASan's checks are those of src/ssh, but what libssh2 hands to malloc, free,
 * memcpy and their kin is checked, because its memory is ours. */
#include "channel.h"
#include "client.h"
#include "dial.h"
#include "ssh_server.h"
#include "target.h"

#include <errno.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOGIN = 3, HAS_PASSWORD = 4, HAS_KEY = 8, IS_PINNED = 16, ARRIVES = 64, RAW = 128 };

enum { ANSWER, SWALLOW, PACKET, SEND_RAW, DAMAGED, ANSWER_ALL, KEEPALIVE, DROP_CHANNEL, EXEC, REKEY, OPERATIONS };

#define SECRET "s3cret"
#define MAX_CHANNELS 3
#define MAX_TURNS_TO_END 50

typedef struct {
  idle_ssh *ssh;
  idle_ssh_status status; /* of connecting; later FAILED: lost */
  idle_ssh_channel *channels[MAX_CHANNELS];
  idle_ssh_error error;
} Client;

static char identity_path[] = "/tmp/idle-fuzz-key-XXXXXX";
static const char *fingerprint;
static int socket_of_client;
static bool is_secret_known; /* to the server: it may say what it knows */

/* Two names of LeakSanitizer's. */
const char *__lsan_default_suppressions(void); // NOLINT(bugprone-reserved-identifier)
const char *__lsan_default_options(void);      // NOLINT(bugprone-reserved-identifier)

/* libssh2 1.10 loses numbers and keys of OpenSSL (client.c, point 18). Our memory does not come from there. */
const char *__lsan_default_suppressions(void) { // NOLINT(bugprone-reserved-identifier)
  return "leak:libcrypto.so";
}

const char *__lsan_default_options(void) { // NOLINT(bugprone-reserved-identifier)
  return "print_suppressions=0";
}

idle_ssh_status __wrap_idle_dial_step(idle_dial *dial, int64_t deadline_ms);

/* In place of TCP; once, so that a second connection is refused. */
idle_ssh_status __wrap_idle_dial_step(idle_dial *dial, int64_t deadline_ms) {
  (void)deadline_ms;
  dial->error = ECONNREFUSED;
  dial->fd = socket_of_client;
  socket_of_client = -1;
  return dial->fd < 0 ? IDLE_SSH_FAILED : IDLE_SSH_OK;
}

/* A new key each time: none is worth keeping. */
static void write_identity(void) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  int fd = mkstemp(identity_path);
  BIO *file = fd < 0 ? NULL : BIO_new_fd(fd, BIO_CLOSE);
  MUST(key != NULL && file != NULL);
  MUST(PEM_write_bio_PrivateKey_traditional(file, key, NULL, NULL, 0, NULL, NULL) == 1);
  BIO_free(file);
  EVP_PKEY_free(key);
}

static void remove_identity(void) { (void)unlink(identity_path); }

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  write_identity();
  (void)atexit(remove_identity);
  fingerprint = fuzz_server_fingerprint();
  return 0;
}

/* Our own ellipsis is the only character beyond ASCII. */
static void check_printable(const char *text) {
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
    MUST((*c >= 0x20 && *c < 0x7F) || *c == 0xE2 || *c == 0x80 || *c == 0xA6);
  MUST(is_secret_known || strstr(text, SECRET) == NULL);
}

static void on_trace(void *context, const char *line) {
  (void)context;
  check_printable(line);
}

static void check_error(const idle_ssh_error *error) {
  MUST(error->kind != NULL && (strncmp(error->kind, "ssh.", 4) == 0 || strcmp(error->kind, "remote.setup") == 0));
  MUST(*error->message != '\0');
  check_printable(error->message);
}

static void exec(Client *client) {
  for (int i = 0; i < MAX_CHANNELS; i++) {
    if (client->channels[i] != NULL) continue;
    client->channels[i] = idle_ssh_exec(client->ssh, "whoami", 6);
    MUST(client->channels[i] != NULL);
    return;
  }
}

static void drop(Client *client, int number) {
  idle_ssh_channel_free(client->channels[number]);
  client->channels[number] = NULL;
}

static void read_all(idle_ssh_channel *channel, idle_ssh_stream stream) {
  static char bytes[IDLE_SSH_READ_BYTES];
  size_t count;
  for (int i = 0; i < 64; i++)
    if (idle_ssh_read(channel, stream, bytes, &count) != IDLE_SSH_OK || count == 0) return;
}

static void serve(Client *client, int number) {
  idle_ssh_channel *channel = client->channels[number];
  idle_ssh_exit end;
  size_t count;
  idle_ssh_status started = idle_ssh_started(channel, &client->error);
  if (started == IDLE_SSH_FAILED) {
    check_error(&client->error);
    drop(client, number);
    return;
  }
  read_all(channel, IDLE_SSH_STDOUT);
  read_all(channel, IDLE_SSH_STDERR);
  if (started != IDLE_SSH_OK) return;
  if (idle_ssh_write(channel, "input\n", 6, &count) == IDLE_SSH_OK) idle_ssh_finish(channel);
  if (idle_ssh_exit_of(channel, &end) == IDLE_SSH_AGAIN) return;
  check_printable(end.signal);
}

static void pump(Client *client) {
  idle_ssh_pump(client->ssh);
  for (int i = 0; i < MAX_CHANNELS; i++)
    if (client->channels[i] != NULL) serve(client, i);
  if (!idle_ssh_is_lost(client->ssh)) return;
  idle_ssh_explain_lost(client->ssh, "while the command ran", 1, &client->error);
  check_error(&client->error);
  client->status = IDLE_SSH_FAILED;
}

static void turn(Client *client) {
  if (client->status == IDLE_SSH_AGAIN) {
    client->status = idle_ssh_connect(client->ssh, &client->error);
    if (client->status == IDLE_SSH_FAILED) check_error(&client->error);
    if (client->status == IDLE_SSH_OK) exec(client);
  }
  if (client->status == IDLE_SSH_OK) pump(client);
}

static void open_client(Client *client, unsigned flags) {
  idle_ssh_options options = {.host = "dc1.example.org",
                              .port = 22,
                              .user = "idle",
                              .password = (flags & HAS_PASSWORD) != 0 ? SECRET : NULL,
                              .identity_file = (flags & HAS_KEY) != 0 ? identity_path : NULL,
                              .known_hosts = "/dev/null",
                              .host_key = (flags & IS_PINNED) != 0 ? fingerprint : NULL,
                              .timeout_ms = 3600 * 1000,
                              .trace = on_trace};
  *client = (Client){.status = IDLE_SSH_AGAIN};
  client->ssh = idle_ssh_new(&options, &client->error);
  MUST(client->ssh != NULL);
  idle_ssh_resolved(client->ssh, NULL, 0, 0);
  turn(client);
}

/* The server is gone: nobody may wait for it. */
static void close_client(Client *client) {
  for (int i = 0; i < MAX_TURNS_TO_END && client->status != IDLE_SSH_FAILED; i++) {
    turn(client);
    if (client->status == IDLE_SSH_OK) idle_ssh_hung_up(client->ssh);
  }
  MUST(client->status == IDLE_SSH_FAILED);
  drop(client, 0);
  idle_ssh_free(client->ssh);
  for (int i = 1; i < MAX_CHANNELS; i++) drop(client, i); /* they may outlive it */
}

typedef struct {
  const uint8_t *bytes;
  size_t size;
} Slice;

static unsigned take_byte(Slice *input) {
  if (input->size == 0) return 0;
  input->size--;
  return *input->bytes++;
}

static Slice take_chunk(Slice *input) {
  size_t size = take_byte(input);
  if (size == 255) size = 4 * take_byte(input) + 255;
  if (size > input->size) size = input->size;
  Slice chunk = {input->bytes, size};
  input->bytes += size, input->size -= size;
  return chunk;
}

static void answer_all(fuzz_server *server, Client *client) {
  for (int i = 0; i < 100 && fuzz_server_next(server, true); i++) turn(client);
}

static void play(fuzz_server *server, Client *client, unsigned operation, Slice chunk) {
  switch (operation) {
  case ANSWER:
    (void)fuzz_server_next(server, true);
    break;
  case SWALLOW:
    (void)fuzz_server_next(server, false);
    break;
  case PACKET:
  case DAMAGED:
    fuzz_server_send(server, chunk.bytes, chunk.size, operation == DAMAGED);
    break;
  case SEND_RAW:
    fuzz_server_send_raw(server, chunk.bytes, chunk.size);
    break;
  case ANSWER_ALL:
    answer_all(server, client);
    break;
  case KEEPALIVE:
    if (client->status == IDLE_SSH_OK) idle_ssh_keepalive(client->ssh);
    break;
  case REKEY:
    fuzz_server_rekey(server);
    break;
  case DROP_CHANNEL:
    drop(client, (int)(chunk.size % MAX_CHANNELS));
    break;
  default:
    if (client->status == IDLE_SSH_OK) exec(client);
  }
}

static void play_all(fuzz_server *server, Client *client, unsigned flags, Slice input) {
  if ((flags & RAW) == 0) fuzz_server_greet(server);
  turn(client);
  if ((flags & (RAW | ARRIVES)) == ARRIVES) answer_all(server, client);
  while (input.size > 0 && client->status != IDLE_SSH_FAILED) {
    unsigned operation = (flags & RAW) != 0 ? SEND_RAW : take_byte(&input) % OPERATIONS;
    bool has_chunk = operation == PACKET || operation == DAMAGED || operation == SEND_RAW || operation == DROP_CHANNEL;
    play(server, client, operation, has_chunk ? take_chunk(&input) : (Slice){NULL, 0});
    turn(client);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  int ends[2];
  Slice input = {bytes, size};
  unsigned flags = take_byte(&input);
  is_secret_known = memmem(bytes, size, SECRET, strlen(SECRET)) != NULL;
  MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  socket_of_client = ends[0];
  Client client;
  open_client(&client, flags);
  fuzz_server *server = fuzz_server_new(ends[1], (fuzz_login)(flags & LOGIN));
  play_all(server, &client, flags, input);
  fuzz_server_free(server);
  close_client(&client);
  return 0;
}
