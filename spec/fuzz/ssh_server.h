/* The far end of the SSH fuzz target: a server as small as one can be, over one
 * socket, that does nothing by itself. It exchanges real keys, so that bytes of
 * the fuzzer can be the payload of packets that the client believes. One key
 * exchange: curve25519-sha256, ssh-ed25519, aes128-ctr, hmac-sha2-256. */
#ifndef IDLE_FUZZ_SSH_SERVER_H
#define IDLE_FUZZ_SSH_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fuzz_server fuzz_server; /* opaque */

/* What its account may do; the first bits of an input say it, for all but the last: a password that has expired. */
typedef enum { FUZZ_PASSWORD, FUZZ_NOTHING, FUZZ_KEYBOARD, FUZZ_PUBLICKEY, FUZZ_EXPIRED } fuzz_login;

/* fd: taken over; non-blocking. */
fuzz_server *fuzz_server_new(int fd, fuzz_login login);
void fuzz_server_free(fuzz_server *server);

/* Sends the banner. */
void fuzz_server_greet(fuzz_server *server);

/* Takes the client's next packet. answers: and does what a real server would.
 * Returns: false if there is none. */
bool fuzz_server_next(fuzz_server *server, bool answers);

/* The number of the message that was taken last. */
uint8_t fuzz_server_last_message(const fuzz_server *server);

/* Sends a payload as a packet, encrypted as the state demands.
 * is_damaged: with a wrong MAC. */
void fuzz_server_send(fuzz_server *server, const uint8_t *payload, size_t size, bool is_damaged);

/* Sends bytes as they are. */
void fuzz_server_send_raw(fuzz_server *server, const uint8_t *bytes, size_t size);

/* Begins a key exchange, unless one is under way. */
void fuzz_server_rekey(fuzz_server *server);

/* "SHA256:…" of its host key. */
const char *fuzz_server_fingerprint(void);

#endif
