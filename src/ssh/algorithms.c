#include "algorithms.h"

#include "text.h"

#include <string.h>

/* No SHA-1 signatures of ours, no RC4, no DES, no CBC: every OpenSSH since 5.7
 * has one of these in each list. Those that libssh2 1.10 lacks are used by
 * later versions. */
static const char *const key_exchanges[] = {"curve25519-sha256",
                                            "curve25519-sha256@libssh.org",
                                            "ecdh-sha2-nistp256",
                                            "ecdh-sha2-nistp384",
                                            "ecdh-sha2-nistp521",
                                            "diffie-hellman-group16-sha512",
                                            "diffie-hellman-group18-sha512",
                                            "diffie-hellman-group14-sha256",
                                            "diffie-hellman-group-exchange-sha256",
                                            "diffie-hellman-group14-sha1",
                                            NULL};
static const char *const host_keys[] = {"ssh-ed25519",
                                        "ecdsa-sha2-nistp256",
                                        "ecdsa-sha2-nistp384",
                                        "ecdsa-sha2-nistp521",
                                        "rsa-sha2-512",
                                        "rsa-sha2-256",
                                        "ssh-rsa",
                                        NULL};
static const char *const ciphers[] = {
    "aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr", NULL};
static const char *const macs[] = {"hmac-sha2-256-etm@openssh.com",
                                   "hmac-sha2-512-etm@openssh.com",
                                   "hmac-sha2-256",
                                   "hmac-sha2-512",
                                   "hmac-sha1",
                                   NULL};

/* A row for each list of a KEXINIT that has to be agreed upon. */
static const struct {
  int method; /* libssh2's number */
  const char *what;
  const char *const *wanted;
} rows[IDLE_LIST_COUNT] = {
    [IDLE_LIST_KEX] = {LIBSSH2_METHOD_KEX, "key exchange", key_exchanges},
    [IDLE_LIST_HOSTKEY] = {LIBSSH2_METHOD_HOSTKEY, "host key", host_keys},
    [IDLE_LIST_CIPHER] = {LIBSSH2_METHOD_CRYPT_CS, "cipher", ciphers},
    [IDLE_LIST_CIPHER_BACK] = {LIBSSH2_METHOD_CRYPT_SC, "cipher", ciphers},
    [IDLE_LIST_MAC] = {LIBSSH2_METHOD_MAC_CS, "MAC", macs},
    [IDLE_LIST_MAC_BACK] = {LIBSSH2_METHOD_MAC_SC, "MAC", macs},
};

#define LIST_TEXT_BYTES 512

static bool is_supported(LIBSSH2_SESSION *session, int method, const char *name) {
  const char **names = NULL;
  int count = libssh2_session_supported_algs(session, method, &names);
  bool found = false;
  for (int i = 0; i < count && !found; i++) found = strcmp(names[i], name) == 0;
  if (count > 0) libssh2_free(session, (void *)names);
  return found;
}

static void add_name(char *list, const char *name) {
  idle_text_add(list, LIST_TEXT_BYTES, "%s%s", *list == '\0' ? "" : ",", name);
}

/* The names of a row that libssh2 has, too. Only these may be given to
 * libssh2_session_method_pref: 1.10 copies over itself when it strips others. */
static void list_ours(LIBSSH2_SESSION *session, int row, char list[LIST_TEXT_BYTES]) {
  *list = '\0';
  for (const char *const *name = rows[row].wanted; *name != NULL; name++)
    if (is_supported(session, rows[row].method, *name)) add_name(list, *name);
}

/* The key type that an algorithm needs: SHA-2 signatures are made with keys of type ssh-rsa. */
static const char *type_of(const char *algorithm) {
  return strncmp(algorithm, "rsa-sha2-", 9) == 0 ? "ssh-rsa" : algorithm;
}

static void list_hostkeys(LIBSSH2_SESSION *session, bool (*is_known)(const void *context, const char *type),
                          const void *context, char list[LIST_TEXT_BYTES]) {
  *list = '\0';
  for (int wanted = 1; wanted >= 0; wanted--)
    for (const char *const *name = host_keys; *name != NULL; name++)
      if (is_known(context, type_of(*name)) == (wanted == 1) && is_supported(session, LIBSSH2_METHOD_HOSTKEY, *name))
        add_name(list, *name);
}

bool idle_algorithms_offer(LIBSSH2_SESSION *session, bool (*is_known)(const void *context, const char *type),
                           const void *context) {
  for (int row = 0; row < IDLE_LIST_COUNT; row++) {
    char list[LIST_TEXT_BYTES];
    if (row == IDLE_LIST_HOSTKEY)
      list_hostkeys(session, is_known, context, list);
    else
      list_ours(session, row, list);
    if (libssh2_session_method_pref(session, rows[row].method, list) != 0) return false;
  }
  return true;
}

bool idle_kexinit_lists(const unsigned char *payload, size_t size, idle_name_list lists[IDLE_LIST_COUNT]) {
  enum { HEADER = 1 + 16 /* message number and cookie */, MSG_KEXINIT = 20 };
  if (size < HEADER || payload[0] != MSG_KEXINIT) return false;
  const unsigned char *at = payload + HEADER, *end = payload + size;
  for (int i = 0; i < IDLE_LIST_COUNT; i++) {
    if (end - at < 4) return false;
    size_t length = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    if (length > (size_t)(end - at) - 4) return false;
    lists[i] = (idle_name_list){(const char *)at + 4, length};
    at += 4 + length;
  }
  return true;
}

/* Calls `test` with each name. Returns: how many it said yes to. */
static size_t count_names(idle_name_list list, bool (*test)(const char *name, size_t size, const void *context),
                          const void *context, size_t *total) {
  size_t hits = 0;
  *total = 0;
  while (list.size > 0) {
    const char *comma = memchr(list.bytes, ',', list.size);
    size_t size = comma == NULL ? list.size : (size_t)(comma - list.bytes);
    hits += test(list.bytes, size, context);
    ++*total;
    size_t step = comma == NULL ? size : size + 1;
    list.bytes += step, list.size -= step;
  }
  return hits;
}

static bool is_name(const char *name, size_t size, const void *context) {
  return size == strlen(context) && memcmp(name, context, size) == 0;
}

bool idle_name_list_has(idle_name_list list, const char *name) {
  size_t total;
  return count_names(list, is_name, name, &total) > 0;
}

static bool is_in_list(const char *name, size_t size, const void *context) {
  idle_name_list ours = {context, strlen(context)};
  char copy[128];
  if (size >= sizeof copy) return false;
  memcpy(copy, name, size);
  copy[size] = '\0';
  return idle_name_list_has(ours, copy);
}

const char *idle_algorithms_next_type(LIBSSH2_SESSION *session, idle_name_list offered, const char *type,
                                      unsigned *tried) {
  const char *next = NULL;
  for (unsigned i = 0; host_keys[i] != NULL; i++) {
    const char *other = type_of(host_keys[i]);
    bool is_new = strcmp(other, type) != 0 && (*tried & 1u << i) == 0;
    if (next == NULL && is_new && idle_name_list_has(offered, host_keys[i]) &&
        is_supported(session, LIBSSH2_METHOD_HOSTKEY, host_keys[i]))
      next = other;
    if (strcmp(other, type) == 0 || other == next) *tried |= 1u << i;
  }
  return next;
}

/* Algorithms that came with libssh2 1.11, or that it still lacks; OpenSSH has them. */
static bool is_newer(const char *name, size_t size, const void *context) {
  (void)context;
  static const char *const marks[] = {"rsa-sha2-",        "-etm@",           "-gcm@", "chacha20-poly1305@",
                                      "sntrup761x25519-", "mlkem768x25519-", NULL};
  for (const char *const *mark = marks; *mark != NULL; mark++)
    if (memmem(name, size, *mark, strlen(*mark)) != NULL) return true;
  return false;
}

static bool has_newer(idle_name_list theirs) {
  size_t total;
  return count_names(theirs, is_newer, NULL, &total) > 0;
}

/* What to do, where only servers of a known kind fail in this way. */
static const char *way_out(int row, idle_name_list theirs) {
  size_t total;
  bool only_newer = count_names(theirs, is_newer, NULL, &total) == total;
  if (!only_newer || total == 0 || row == IDLE_LIST_KEX) return "";
  if (row == IDLE_LIST_HOSTKEY)
    return "; the server has only an RSA host key, and libssh2 1.10 can check RSA only with SHA-1: make an ed25519 "
           "host key on the server (ssh-keygen -A, then restart sshd) and add it to known_hosts, or use libssh2 1.11";
  if (row == IDLE_LIST_CIPHER || row == IDLE_LIST_CIPHER_BACK)
    return "; the server allows only AEAD ciphers, which came with libssh2 1.11: add aes256-ctr to Ciphers and "
           "hmac-sha2-256 to MACs in its sshd_config, or use libssh2 1.11";
  return "; the server allows only encrypt-then-MAC, which came with libssh2 1.11: add hmac-sha2-256 to MACs in its "
         "sshd_config, or use libssh2 1.11";
}

/* An AEAD cipher needs no MAC. */
static bool is_aead(LIBSSH2_SESSION *session, int row, const idle_name_list lists[IDLE_LIST_COUNT]) {
  if (row != IDLE_LIST_MAC && row != IDLE_LIST_MAC_BACK) return false;
  idle_name_list theirs = lists[row == IDLE_LIST_MAC ? IDLE_LIST_CIPHER : IDLE_LIST_CIPHER_BACK];
  char ours[LIST_TEXT_BYTES];
  list_ours(session, IDLE_LIST_CIPHER, ours);
  return (idle_name_list_has(theirs, ciphers[0]) && strstr(ours, ciphers[0]) != NULL) ||
         (idle_name_list_has(theirs, ciphers[1]) && strstr(ours, ciphers[1]) != NULL);
}

bool idle_algorithms_explain(LIBSSH2_SESSION *session, const char *server, const idle_name_list lists[IDLE_LIST_COUNT],
                             char *text, size_t capacity, bool *ssh_would_help) {
  for (int row = 0; row < IDLE_LIST_COUNT; row++) {
    char ours[LIST_TEXT_BYTES];
    size_t total;
    list_ours(session, row, ours);
    if (count_names(lists[row], is_in_list, ours, &total) > 0 || is_aead(session, row, lists)) continue;
    idle_text_add(text, capacity, "no common %s algorithm with %s: it offers ", rows[row].what, server);
    idle_text_add_foreign(text, capacity, lists[row].bytes, lists[row].size, 400);
    idle_text_add(text, capacity, ", libssh2 %s here knows %s%s", libssh2_version(0), ours, way_out(row, lists[row]));
    *ssh_would_help = has_newer(lists[row]);
    return true;
  }
  return false;
}
