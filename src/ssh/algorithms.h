/* Which algorithms are offered, and why none was found. One thread at a time. */
#ifndef IDLE_ALGORITHMS_H
#define IDLE_ALGORITHMS_H

#include <libssh2.h>
#include <stdbool.h>
#include <stddef.h>

/* What a server offers, each a comma-separated list borrowed from its KEXINIT. */
typedef struct {
  const char *bytes;
  size_t size;
} idle_name_list;

enum {
  IDLE_LIST_KEX,
  IDLE_LIST_HOSTKEY,
  IDLE_LIST_CIPHER,
  IDLE_LIST_CIPHER_BACK,
  IDLE_LIST_MAC,
  IDLE_LIST_MAC_BACK,
  IDLE_LIST_COUNT
};

/* Takes the lists out of the payload of a KEXINIT.
 * Returns: false if it is damaged. */
bool idle_kexinit_lists(const unsigned char *payload, size_t size, idle_name_list lists[IDLE_LIST_COUNT]);

bool idle_name_list_has(idle_name_list list, const char *name);

/* Offers what is safe today out of what libssh2 knows.
 * is_known: tells which key types to ask for first, because a key of them is known; then the others.
 * Returns: false when memory is short. */
bool idle_algorithms_offer(LIBSSH2_SESSION *session, bool (*is_known)(const void *context, const char *type),
                           const void *context);

/* A host key type that the server offers and libssh2 knows, other than those already tried.
 * tried:   bits, kept by the caller; those of `type`, the one just seen, and of the result are added.
 * Returns: static, as "ssh-rsa"; NULL if there is none. */
const char *idle_algorithms_next_type(LIBSSH2_SESSION *session, idle_name_list offered, const char *type,
                                      unsigned *tried);

/* Explains why no common algorithm was found: both sides' lists and the way out.
 * server:         a phrase for the server, like "'ssh://dc1:22'".
 * ssh_would_help: out: whether the system's ssh(1) has what the server offers.
 * Returns: false if there is a common one in every list: that was not the reason. */
bool idle_algorithms_explain(LIBSSH2_SESSION *session, const char *server, const idle_name_list lists[IDLE_LIST_COUNT],
                             char *text, size_t capacity, bool *ssh_would_help);

#endif
