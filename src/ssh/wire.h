/* The socket below libssh2. One thread at a time.
 *
 * libssh2 1.10 loses its way when a packet can't be sent whole, when the peer
 * closes right behind its last words, and when a server talks without end
 * before its banner (list in client.c). So it never meets these: what the
 * kernel does not take waits here and counts as sent, the end of the stream is
 * noted and answered by "nothing yet", and what stands before the banner is
 * kept from it. Nothing here waits. */
#ifndef IDLE_WIRE_H
#define IDLE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a server may say before its banner; nobody's greeting is longer. */
#define IDLE_WIRE_MAX_GREETING_BYTES (32u * 1024)

typedef enum { IDLE_WIRE_BANNER, IDLE_WIRE_BANNER_READ, IDLE_WIRE_KEXINIT, IDLE_WIRE_PACKETS } idle_wire_stage;

typedef struct {
  int fd;        /* owned; -1 = none */
  bool ended;    /* nothing more will come; `error` says why */
  int error;     /* errno value, 0 = the peer closed in good order */
  bool cut;      /* idle_wire_cut() was called */
  bool fails;    /* for the moment reading is an error */
  size_t budget; /* bytes that may still be read in this turn */

  char *out; /* owned: bytes that libssh2 sent and the kernel did not take */
  size_t out_start;
  size_t out_end;
  size_t out_capacity;

  idle_wire_stage stage;
  char banner[256]; /* the line in the making, then the banner without its line end */
  size_t banner_size;
  size_t banner_given;
  bool in_long_line;
  char greeting[128]; /* begin of what came before the banner, or instead of it */
  size_t greeting_size;
  size_t greeting_seen; /* bytes before the banner in all */

  unsigned char *kexinit; /* owned: the server's first packet; NULL before and after */
  size_t kexinit_size;
} idle_wire;

/* Takes over a connected, non-blocking socket. */
void idle_wire_open(idle_wire *wire, int fd);

/* Allows the reads of one turn of the loop: a peer that sends without pause
 * must not keep us from everything else. */
void idle_wire_begin_turn(idle_wire *wire);

/* Nothing more is read in this turn. */
void idle_wire_end_turn(idle_wire *wire);

/* From here on nothing is sent or received: libssh2 may be released at once,
 * whatever state it is in. */
void idle_wire_cut(idle_wire *wire);

/* Closes the socket and releases all memory. */
void idle_wire_close(idle_wire *wire);

/* As recv() and send(), with -errno as libssh2 wants it. */
ssize_t idle_wire_receive(idle_wire *wire, void *bytes, size_t size);
ssize_t idle_wire_send(idle_wire *wire, const void *bytes, size_t size);

/* Sends what waits, as far as the kernel takes it. */
void idle_wire_flush(idle_wire *wire);

/* Whether bytes wait for the kernel. */
bool idle_wire_is_clogged(const idle_wire *wire);

/* The payload of the server's KEXINIT, if all of it is there.
 * Returns: borrowed, NULL if it is not. */
const unsigned char *idle_wire_kexinit(const idle_wire *wire, size_t *size);

/* Releases the copy of the KEXINIT. */
void idle_wire_forget_kexinit(idle_wire *wire);

#endif
