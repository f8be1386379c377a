/* What wire.c keeps from libssh2: greetings, ends of the stream, packets sent in part. */
#include "check.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char BANNER[] = "SSH-2.0-OpenSSH_9.2p1 Debian\r\n";

typedef struct {
  idle_wire wire;
  int peer;
} Pair;

static Pair open_pair(void) {
  int fds[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
  Pair pair = {.peer = fds[1]};
  idle_wire_open(&pair.wire, fds[0]);
  return pair;
}

static void close_pair(Pair *pair) {
  if (pair->peer >= 0) close(pair->peer);
  idle_wire_close(&pair->wire);
}

static void say(Pair *pair, const void *bytes, size_t size) { CHECK(write(pair->peer, bytes, size) == (ssize_t)size); }

static void say_text(Pair *pair, const char *text) { say(pair, text, strlen(text)); }

/* Reads byte by byte, as libssh2 does for the banner, until there is nothing. */
static void read_text(Pair *pair, char *text, size_t capacity) {
  size_t size = 0;
  while (size + 1 < capacity && idle_wire_receive(&pair->wire, text + size, 1) == 1) size++;
  text[size] = '\0';
}

static void passes_the_banner(void) {
  Pair pair = open_pair();
  char text[100];
  say_text(&pair, BANNER);
  read_text(&pair, text, sizeof text);
  CHECK(strcmp(text, BANNER) == 0);
  CHECK(strcmp(pair.wire.banner, "SSH-2.0-OpenSSH_9.2p1 Debian") == 0);
  close_pair(&pair);
}

static void keeps_lines_before_the_banner(void) {
  Pair pair = open_pair();
  char text[100];
  say_text(&pair, "\r\nwelcome\r\n  to SSH-2.0\n");
  say_text(&pair, BANNER);
  read_text(&pair, text, sizeof text);
  CHECK(strcmp(text, BANNER) == 0);
  CHECK(pair.wire.greeting_size == strlen("\r\nwelcome\r\n  to SSH-2.0\n"));
  close_pair(&pair);
}

/* A slow server must not keep the loop busy: what was seen is taken. */
static void takes_parts_of_a_banner(void) {
  Pair pair = open_pair();
  char text[100], byte;
  for (const char *c = BANNER; *c != '\0'; c++) {
    CHECK(idle_wire_receive(&pair.wire, text, 1) == -EAGAIN);
    CHECK(recv(pair.wire.fd, &byte, 1, MSG_PEEK) < 0);
    say(&pair, c, 1);
  }
  read_text(&pair, text, sizeof text);
  CHECK(strcmp(text, BANNER) == 0);
  close_pair(&pair);
}

static void ends_an_endless_greeting(void) {
  Pair pair = open_pair();
  char byte;
  char line[300];
  memset(line, 'x', sizeof line);
  for (size_t said = 0; said <= IDLE_WIRE_MAX_GREETING_BYTES + sizeof line; said += sizeof line) {
    say(&pair, line, sizeof line);
    CHECK(idle_wire_receive(&pair.wire, &byte, 1) == -EAGAIN);
    idle_wire_begin_turn(&pair.wire);
  }
  CHECK(pair.wire.ended && pair.wire.error == EPROTO);
  close_pair(&pair);
}

static void hands_out_what_came_before_the_end(void) {
  Pair pair = open_pair();
  char text[100];
  say_text(&pair, BANNER);
  close(pair.peer);
  pair.peer = -1;
  read_text(&pair, text, sizeof text);
  CHECK(strcmp(text, BANNER) == 0);
  CHECK(idle_wire_receive(&pair.wire, text, 1) == -EAGAIN);
  CHECK(pair.wire.ended && pair.wire.error == 0);
  close_pair(&pair);
}

static void copies_the_kexinit(void) {
  /* length 12, padding 4, payload of 7 bytes */
  static const unsigned char packet[] = {0, 0, 0, 12, 4, 20, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0};
  Pair pair = open_pair();
  char text[100];
  size_t size;
  say_text(&pair, BANNER);
  say(&pair, packet, 7);
  read_text(&pair, text, sizeof text);
  CHECK(idle_wire_kexinit(&pair.wire, &size) == NULL);
  say(&pair, packet + 7, sizeof packet - 7);
  CHECK(idle_wire_receive(&pair.wire, text, sizeof text) == sizeof packet - 7);
  const unsigned char *kexinit = idle_wire_kexinit(&pair.wire, &size);
  CHECK(kexinit != NULL && size == 7 && memcmp(kexinit, packet + 5, 7) == 0);
  close_pair(&pair);
}

static void reads_no_more_than_a_turn_allows(void) {
  Pair pair = open_pair();
  char bytes[4096];
  say_text(&pair, BANNER);
  read_text(&pair, bytes, sizeof bytes);
  say_text(&pair, "abc");
  idle_wire_end_turn(&pair.wire);
  CHECK(idle_wire_receive(&pair.wire, bytes, sizeof bytes) == -EAGAIN && !pair.wire.ended);
  idle_wire_begin_turn(&pair.wire);
  CHECK(idle_wire_receive(&pair.wire, bytes, sizeof bytes) == 3);
  close_pair(&pair);
}

/* libssh2 loses its way if a packet is sent in part. */
static void takes_every_packet_whole(void) {
  Pair pair = open_pair();
  static char packet[30000], received[30000];
  size_t sent = 0, got = 0;
  memset(packet, 'p', sizeof packet);
  while (!idle_wire_is_clogged(&pair.wire)) {
    CHECK(idle_wire_send(&pair.wire, packet, sizeof packet) == sizeof packet);
    sent += sizeof packet;
  }
  CHECK(idle_wire_send(&pair.wire, "end", 3) == 3);
  sent += 3;
  while (got < sent) {
    ssize_t count = read(pair.peer, received, sizeof received);
    if (count > 0) got += (size_t)count;
    idle_wire_flush(&pair.wire);
  }
  CHECK(got == sent && !idle_wire_is_clogged(&pair.wire) && pair.wire.out == NULL);
  close_pair(&pair);
}

static void answers_at_once_when_cut(void) {
  Pair pair = open_pair();
  char byte;
  idle_wire_cut(&pair.wire);
  CHECK(idle_wire_send(&pair.wire, "x", 1) == -ECONNRESET);
  CHECK(idle_wire_receive(&pair.wire, &byte, 1) == -ECONNRESET);
  close_pair(&pair);
}

int main(void) {
  passes_the_banner();
  keeps_lines_before_the_banner();
  takes_parts_of_a_banner();
  ends_an_endless_greeting();
  hands_out_what_came_before_the_end();
  copies_the_kexinit();
  reads_no_more_than_a_turn_allows();
  takes_every_packet_whole();
  answers_at_once_when_cut();
  return 0;
}
