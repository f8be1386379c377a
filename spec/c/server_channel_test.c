/* Channels that the server opens are not accepted: not the agent's, which is never lent, nor any other. And what it
 * sends without end takes no room. */
#include "channel.h"
#include "check.h"
#include "client.h"
#include "ssh_keys.h"
#include "ssh_server.h"

#include <string.h>
#include <sys/socket.h>

enum { CHANNEL_OPEN = 90, OPEN_CONFIRMATION = 91, OPEN_FAILURE = 92, CHANNEL_DATA = 94 };

enum { THEIR_CHANNEL = 4711, MAX_TURNS = 200 };

typedef struct {
  fuzz_server *server;
  idle_ssh *hop; /* never connected: it only makes the client take a socket */
  idle_ssh *ssh;
  idle_ssh_channel *channel;
  bool seen[256]; /* messages of the client, by number */
} World;

static idle_ssh *new_client(const idle_ssh *via) {
  idle_ssh_error error;
  idle_ssh_options options = {.host = "dc1.example.org",
                              .port = 22,
                              .user = "idle",
                              .password = "s3cret",
                              .known_hosts = "/dev/null",
                              .host_key = fuzz_server_fingerprint(),
                              .via = via,
                              .timeout_ms = 60 * 1000};
  idle_ssh *ssh = idle_ssh_new(&options, &error);
  CHECK(ssh != NULL);
  return ssh;
}

static void answer(World *world) {
  while (fuzz_server_next(world->server, true)) world->seen[fuzz_server_last_message(world->server)] = true;
}

static void open_world(World *world) {
  int ends[2];
  idle_ssh_error error;
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  *world = (World){.server = fuzz_server_new(ends[1], FUZZ_PASSWORD)};
  world->hop = new_client(NULL);
  world->ssh = new_client(world->hop);
  CHECK(idle_ssh_wants_way(world->ssh));
  idle_ssh_way_opened(world->ssh, ends[0]);
  fuzz_server_greet(world->server);
  idle_ssh_status status = IDLE_SSH_AGAIN;
  for (int i = 0; i < MAX_TURNS && status == IDLE_SSH_AGAIN; i++) {
    status = idle_ssh_connect(world->ssh, &error);
    answer(world);
  }
  CHECK(status == IDLE_SSH_OK);
  world->channel = idle_ssh_exec(world->ssh, "whoami", 6);
  CHECK(world->channel != NULL);
}

static void turn(World *world) {
  char bytes[IDLE_SSH_READ_BYTES];
  size_t count;
  idle_ssh_pump(world->ssh);
  if (idle_ssh_is_opened(world->channel)) (void)idle_ssh_read(world->channel, IDLE_SSH_STDOUT, bytes, &count);
  answer(world);
}

static void start(World *world) {
  idle_ssh_error error;
  for (int i = 0; i < MAX_TURNS && idle_ssh_started(world->channel, &error) == IDLE_SSH_AGAIN; i++) turn(world);
  CHECK(idle_ssh_started(world->channel, &error) == IDLE_SSH_OK);
}

static void close_world(World *world) {
  idle_ssh_channel_free(world->channel);
  idle_ssh_free(world->ssh);
  idle_ssh_free(world->hop);
  fuzz_server_free(world->server);
}

static void ask_for(World *world, const char *type) {
  fuzz_bytes out = {.size = 0};
  fuzz_put_byte(&out, CHANNEL_OPEN);
  fuzz_put_text(&out, type);
  fuzz_put_u32(&out, THEIR_CHANNEL);
  fuzz_put_u32(&out, 1u << 20);
  fuzz_put_u32(&out, 32768);
  fuzz_put_text(&out, "127.0.0.1"); /* as forwarded-tcpip and x11 go on */
  fuzz_put_u32(&out, 22);
  fuzz_put_text(&out, "127.0.0.1");
  fuzz_put_u32(&out, 22);
  fuzz_server_send(world->server, out.bytes, out.size, false);
}

/* libssh2 refuses the types it knows, and lets the others wait for ever. */
static void is_not_accepted(const char *type, bool is_answered) {
  World world;
  open_world(&world);
  start(&world);
  ask_for(&world, type);
  for (int i = 0; i < 5; i++) turn(&world);
  CHECK(!world.seen[OPEN_CONFIRMATION]);
  CHECK(world.seen[OPEN_FAILURE] == is_answered);
  CHECK(!world.seen[CHANNEL_DATA]);
  CHECK(!idle_ssh_is_lost(world.ssh));
  close_world(&world);
}

/* What the server sends as if it had been accepted harms nothing. */
static void data_for_nobody_is_dropped(void) {
  World world;
  fuzz_bytes out = {.size = 0};
  open_world(&world);
  start(&world);
  fuzz_put_byte(&out, CHANNEL_DATA);
  fuzz_put_u32(&out, THEIR_CHANNEL);
  fuzz_put_text(&out, "sign this");
  for (int i = 0; i < 1000; i++) {
    fuzz_server_send(world.server, out.bytes, out.size, false);
    if (i % 100 == 0) turn(&world);
  }
  size_t before = idle_ssh_facts_of(world.ssh).memory_bytes;
  for (int i = 0; i < 5; i++) turn(&world);
  CHECK(idle_ssh_facts_of(world.ssh).memory_bytes <= before + 4096);
  CHECK(!idle_ssh_is_lost(world.ssh));
  close_world(&world);
}

enum { IGNORE = 2, DEBUG = 4, GLOBAL_REQUEST = 80, WINDOW_ADJUST = 93, CHANNEL_REQUEST = 98 };
enum { FLOOD_PACKETS = 10000, PACKETS_A_TURN = 100 }; /* as many as a socket takes */

/* A message as a server may send it, without end. */
static void put_message(fuzz_bytes *out, int number) {
  fuzz_put_byte(out, (unsigned)number);
  if (number == WINDOW_ADJUST || number == CHANNEL_REQUEST) fuzz_put_u32(out, 0);
  if (number == WINDOW_ADJUST) fuzz_put_u32(out, 0x7FFFFFFF);
  if (number == DEBUG) fuzz_put_byte(out, 1);
  if (number != WINDOW_ADJUST) fuzz_put_text(out, "keepalive@openssh.com");
  if (number == GLOBAL_REQUEST || number == CHANNEL_REQUEST) fuzz_put_byte(out, 1); /* it wants an answer */
  if (number == DEBUG) fuzz_put_text(out, "");
}

/* What has to be taken or answered is, and nothing of it stays. */
static void flood_takes_no_memory(int number) {
  World world;
  fuzz_bytes out = {.size = 0};
  open_world(&world);
  start(&world);
  put_message(&out, number);
  size_t before = idle_ssh_facts_of(world.ssh).memory_bytes;
  for (int sent = 0; sent < FLOOD_PACKETS; sent += PACKETS_A_TURN) {
    for (int i = 0; i < PACKETS_A_TURN; i++) fuzz_server_send(world.server, out.bytes, out.size, false);
    turn(&world);
    CHECK(idle_ssh_facts_of(world.ssh).memory_bytes <= before + 4096);
  }
  CHECK(!idle_ssh_is_lost(world.ssh));
  close_world(&world);
}

/* Who wants answers and takes none is cut off, before they have taken much room. */
static void answers_nobody_takes_end_it(void) {
  World world;
  fuzz_bytes out = {.size = 0};
  open_world(&world);
  start(&world);
  put_message(&out, CHANNEL_REQUEST);
  for (int sent = 0; sent < 100 * FLOOD_PACKETS && !idle_ssh_is_lost(world.ssh); sent += PACKETS_A_TURN) {
    for (int i = 0; i < PACKETS_A_TURN; i++) fuzz_server_send(world.server, out.bytes, out.size, false);
    idle_ssh_pump(world.ssh);
  }
  CHECK(idle_ssh_is_lost(world.ssh));
  close_world(&world);
}

int main(void) {
  is_not_accepted("auth-agent@openssh.com", false);
  is_not_accepted("session", false);
  is_not_accepted("direct-tcpip", false);
  is_not_accepted("forwarded-tcpip", true);
  is_not_accepted("x11", true);
  data_for_nobody_is_dropped();
  static const int floods[] = {IGNORE, DEBUG, GLOBAL_REQUEST, WINDOW_ADJUST, CHANNEL_REQUEST};
  for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) flood_takes_no_memory(floods[i]);
  answers_nobody_takes_end_it();
  return 0;
}
