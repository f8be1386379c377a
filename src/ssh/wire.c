#include "wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TURN_BYTES (256u * 1024)
#define MAX_OUT_BYTES (4u * 1024 * 1024)
#define MAX_KEXINIT_BYTES 35000u
#define PACKET_HEADER_BYTES 5u /* length and padding length */

void idle_wire_open(idle_wire *wire, int fd) { *wire = (idle_wire){.fd = fd, .budget = TURN_BYTES}; }

void idle_wire_begin_turn(idle_wire *wire) { wire->budget = TURN_BYTES; }

void idle_wire_end_turn(idle_wire *wire) { wire->budget = 0; }

void idle_wire_cut(idle_wire *wire) { wire->cut = true; }

static void drop_out(idle_wire *wire) {
  free(wire->out);
  wire->out = NULL;
  wire->out_start = wire->out_end = wire->out_capacity = 0;
}

void idle_wire_forget_kexinit(idle_wire *wire) {
  free(wire->kexinit);
  wire->kexinit = NULL;
  wire->kexinit_size = 0;
}

void idle_wire_close(idle_wire *wire) {
  if (wire->fd >= 0) close(wire->fd);
  wire->fd = -1;
  wire->ended = wire->cut = true;
  drop_out(wire);
  idle_wire_forget_kexinit(wire);
}

static void note_end(idle_wire *wire, int error) {
  wire->ended = true;
  wire->error = error;
}

/* Returns: bytes received, or -1 if there are none now; then `ended` tells the rest. */
static ssize_t receive_raw(idle_wire *wire, void *bytes, size_t size, int flags) {
  if (wire->ended || wire->budget == 0) return -1;
  ssize_t count;
  do count = recv(wire->fd, bytes, size < wire->budget ? size : wire->budget, flags);
  while (count < 0 && errno == EINTR);
  if (count == 0) note_end(wire, 0);
  if (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK) note_end(wire, errno);
  if (count <= 0) return -1;
  if ((flags & MSG_PEEK) == 0) wire->budget -= (size_t)count;
  return count;
}

static void note_greeting(idle_wire *wire, const char *bytes, size_t size) {
  size_t room = sizeof wire->greeting - wire->greeting_size;
  size_t kept = size < room ? size : room;
  memcpy(wire->greeting + wire->greeting_size, bytes, kept);
  wire->greeting_size += kept;
  wire->greeting_seen += size;
  if (wire->greeting_seen > IDLE_WIRE_MAX_GREETING_BYTES) note_end(wire, EPROTO);
}

/* A line, or as much of one as fits, is in wire->banner. */
static void finish_line(idle_wire *wire, bool is_complete) {
  if (is_complete && !wire->in_long_line && strncmp(wire->banner, "SSH-", 4) == 0) {
    wire->stage = IDLE_WIRE_BANNER_READ;
    return;
  }
  note_greeting(wire, wire->banner, wire->banner_size);
  wire->in_long_line = !is_complete;
  wire->banner_size = 0;
}

/* Reads lines up to the banner. They are looked at before they are taken, so
 * that nothing behind the banner is taken with it. */
static bool read_banner(idle_wire *wire) {
  while (wire->stage == IDLE_WIRE_BANNER) {
    char *line = wire->banner;
    size_t room = sizeof wire->banner - 1 - wire->banner_size;
    ssize_t seen = receive_raw(wire, line + wire->banner_size, room, MSG_PEEK);
    if (seen < 0) return false;
    const char *feed = memchr(line + wire->banner_size, '\n', (size_t)seen);
    size_t taken = feed == NULL ? (size_t)seen : (size_t)(feed + 1 - (line + wire->banner_size));
    if (receive_raw(wire, line + wire->banner_size, taken, 0) != (ssize_t)taken) return false;
    wire->banner_size += taken;
    line[wire->banner_size] = '\0';
    if (feed != NULL || wire->banner_size == sizeof wire->banner - 1) finish_line(wire, feed != NULL);
  }
  return true;
}

static ssize_t give_banner(idle_wire *wire, void *bytes, size_t size) {
  size_t left = wire->banner_size - wire->banner_given;
  if (size > left) size = left;
  memcpy(bytes, wire->banner + wire->banner_given, size);
  wire->banner_given += size;
  if (wire->banner_given < wire->banner_size) return (ssize_t)size;
  wire->banner[strcspn(wire->banner, "\r\n")] = '\0';
  wire->stage = IDLE_WIRE_KEXINIT;
  return (ssize_t)size;
}

static size_t kexinit_length(const idle_wire *wire) {
  const unsigned char *b = wire->kexinit;
  return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
}

static bool has_kexinit(const idle_wire *wire) {
  return wire->kexinit_size > PACKET_HEADER_BYTES && wire->kexinit_size >= 4 + kexinit_length(wire);
}

/* Copies what passes until the first packet is complete: libssh2 does not tell
 * what the server offered. Without memory the error text is just shorter. */
static void copy_kexinit(idle_wire *wire, const void *bytes, size_t size) {
  if (wire->kexinit == NULL) wire->kexinit = malloc(MAX_KEXINIT_BYTES);
  if (wire->kexinit == NULL || size > MAX_KEXINIT_BYTES - wire->kexinit_size) {
    wire->stage = IDLE_WIRE_PACKETS;
    return;
  }
  memcpy(wire->kexinit + wire->kexinit_size, bytes, size);
  wire->kexinit_size += size;
  if (has_kexinit(wire)) wire->stage = IDLE_WIRE_PACKETS;
}

ssize_t idle_wire_receive(idle_wire *wire, void *bytes, size_t size) {
  if (wire->cut) return -ECONNRESET;
  if (wire->fails) return -ETIMEDOUT;
  if (wire->stage == IDLE_WIRE_BANNER && !read_banner(wire)) return -EAGAIN;
  if (wire->stage == IDLE_WIRE_BANNER_READ) return give_banner(wire, bytes, size);
  ssize_t count = receive_raw(wire, bytes, size, 0);
  if (count < 0) return -EAGAIN;
  if (wire->stage == IDLE_WIRE_KEXINIT) copy_kexinit(wire, bytes, (size_t)count);
  return count;
}

const unsigned char *idle_wire_kexinit(const idle_wire *wire, size_t *size) {
  if (wire->kexinit == NULL || !has_kexinit(wire)) return NULL;
  size_t length = kexinit_length(wire), padding = wire->kexinit[4];
  if (length < 1 + padding) return NULL;
  *size = length - 1 - padding;
  return wire->kexinit + PACKET_HEADER_BYTES;
}

/* Sends as much as the kernel takes. An error is left for the reading side to
 * find: there may be last words of the peer to be read before it. */
static size_t send_raw(idle_wire *wire, const char *bytes, size_t size) {
  size_t sent = 0;
  while (sent < size) {
    ssize_t count = send(wire->fd, bytes + sent, size - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return sent;
    if (count < 0) return size;
    sent += (size_t)count;
  }
  return sent;
}

static bool queue(idle_wire *wire, const char *bytes, size_t size) {
  if (wire->out_end + size > wire->out_capacity) {
    size_t capacity = wire->out_end + size + 4096;
    if (capacity > MAX_OUT_BYTES) return false;
    char *grown = realloc(wire->out, capacity);
    if (grown == NULL) return false;
    wire->out = grown;
    wire->out_capacity = capacity;
  }
  memcpy(wire->out + wire->out_end, bytes, size);
  wire->out_end += size;
  return true;
}

ssize_t idle_wire_send(idle_wire *wire, const void *bytes, size_t size) {
  if (wire->cut) return -ECONNRESET;
  size_t sent = idle_wire_is_clogged(wire) ? 0 : send_raw(wire, bytes, size);
  if (sent < size && !queue(wire, (const char *)bytes + sent, size - sent)) return -ENOMEM;
  return (ssize_t)size;
}

void idle_wire_flush(idle_wire *wire) {
  if (wire->cut || !idle_wire_is_clogged(wire)) return;
  wire->out_start += send_raw(wire, wire->out + wire->out_start, wire->out_end - wire->out_start);
  if (wire->out_start == wire->out_end) drop_out(wire);
}

bool idle_wire_is_clogged(const idle_wire *wire) { return wire->out_start < wire->out_end; }
