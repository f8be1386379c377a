#include "algorithms.h"
#include "file.h"
#include "state.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PORT 22

/* For another program to read and write a file. */
#define LOCK_PATIENCE_MS 2000

/* The name that known_hosts is searched for; with an alias the port does not count, as in ssh. */
static const char *known_name(const idle_ssh *ssh, int *port) {
  *port = ssh->host_key_alias == NULL ? ssh->port : DEFAULT_PORT;
  return ssh->host_key_alias == NULL ? ssh->host : ssh->host_key_alias;
}

static int load_file(idle_ssh *ssh, unsigned file) {
  int port;
  const char *name = known_name(ssh, &port);
  idle_known_hosts known;
  int code = idle_known_hosts_load(ssh->known_hosts_files[file], name, port, &known);
  bool is_whole = idle_known_hosts_join(&ssh->known, &known, file);
  return code == 0 && !is_whole ? ENOMEM : code;
}

bool idle_hostkey_load(idle_ssh *ssh, idle_ssh_error *error) {
  for (unsigned i = 0; i < ssh->known_hosts_count; i++) {
    int code = load_file(ssh, i);
    if (code == 0) continue;
    if (idle_ssh_lacks_files(code))
      (void)idle_ssh_fail_files(ssh, error);
    else if (code == EFBIG)
      idle_ssh_fail(error, "input.session", "known_hosts file '%s' has more than %u bytes", ssh->known_hosts_files[i],
                    IDLE_KNOWN_HOSTS_MAX_BYTES);
    else
      idle_ssh_fail(error, "input.session", "known_hosts file '%s' can't be read: %s", ssh->known_hosts_files[i],
                    strerror(code));
    return false;
  }
  return true;
}

/* The file in which a line stands. */
static const char *file_of(const idle_ssh *ssh, const idle_known_entry *entry) {
  return ssh->known_hosts_files[entry->file];
}

static size_t bad_lines(const idle_ssh *ssh) {
  size_t count = ssh->known.warning_count;
  return count < IDLE_KNOWN_HOSTS_MAX_WARNINGS ? count : IDLE_KNOWN_HOSTS_MAX_WARNINGS;
}

bool idle_ssh_warning(const idle_ssh *ssh, size_t number, char *text, size_t capacity) {
  *text = '\0';
  size_t count = bad_lines(ssh);
  if (number < count)
    idle_text_add(text, capacity, "%s:%u: %s; the line is ignored",
                  ssh->known_hosts_files[ssh->known.warnings[number].file], ssh->known.warnings[number].line,
                  ssh->known.warnings[number].reason);
  else if (number == count)
    idle_text_add(text, capacity, "%s", ssh->learned);
  return *text != '\0';
}

bool idle_hostkey_is_wanted(const void *context, const char *type) {
  const idle_ssh *ssh = context;
  if (ssh->wanted_type != NULL) return strcmp(type, ssh->wanted_type) == 0;
  return idle_known_hosts_has_type(&ssh->known, type);
}

/* A damaged line may be the very one that is missed. */
static void add_warnings(const idle_ssh *ssh, idle_ssh_error *error) {
  char line[512];
  for (size_t i = 0; idle_ssh_warning(ssh, i, line, sizeof line); i++)
    idle_text_add(error->message, sizeof error->message, "; %s", line);
}

/* As in the names of the server's key files. */
static const char *short_type(const char *type) {
  if (strncmp(type, "ecdsa", 5) == 0) return "ecdsa";
  return strncmp(type, "ssh-", 4) == 0 ? type + 4 : type;
}

/* How to look at the key that the server has, and how to add it. */
static void add_keyscan(const idle_ssh *ssh, idle_ssh_error *error) {
  idle_text_add(error->message, sizeof error->message,
                "compare it with the server's own (there: ssh-keygen -l -f /etc/ssh/ssh_host_%s_key.pub, on Windows in "
                "C:\\ProgramData\\ssh), then add it: ",
                short_type(ssh->key_type));
  idle_way_add_hop(ssh, error->message, sizeof error->message);
  idle_text_add(error->message, sizeof error->message, "ssh-keyscan -p %d %s ", ssh->port, ssh->host);
  if (ssh->host_key_alias != NULL)
    idle_text_add(error->message, sizeof error->message, "| sed 's/^[^ ]*/%s/' ", ssh->host_key_alias);
  idle_text_add(error->message, sizeof error->message, ">> '%s'", ssh->known_hosts_files[0]);
}

static idle_ssh_status fail_unknown(const idle_ssh *ssh, idle_ssh_error *error) {
  char files[600] = "";
  for (size_t i = 0; i < ssh->known_hosts_count; i++)
    idle_text_add(files, sizeof files, "%s'%s'", i == 0 ? "" : ", ", ssh->known_hosts_files[i]);
  idle_ssh_fail(error, "ssh.hostkey_unknown",
                ssh->known_hosts_count > 1 ? "the host key of '%s' is in none of %s: it is %s %s; "
                : ssh->known.is_missing
                    ? "the host key of '%s' is not known, because known_hosts file %s does not exist: it is %s %s; "
                    : "the host key of '%s' is not in %s: it is %s %s; ",
                ssh->url, files, ssh->key_type, ssh->fingerprint);
  add_keyscan(ssh, error);
  add_warnings(ssh, error);
  return IDLE_SSH_FAILED;
}

static void known_fingerprint(const idle_known_entry *entry, char fingerprint[IDLE_FINGERPRINT_SIZE]) {
  idle_fingerprint(entry->key, entry->key_size, fingerprint);
}

static idle_ssh_status fail_changed(const idle_ssh *ssh, const idle_known_entry *entry, idle_ssh_error *error) {
  char known[IDLE_FINGERPRINT_SIZE];
  known_fingerprint(entry, known);
  return idle_ssh_fail(error, "ssh.hostkey_changed",
                       "the host key of '%s' has changed: it is %s %s, but %s:%u has %s; somebody may be listening in: "
                       "ask the server's administrator, and remove that line only if the new key is the server's own",
                       ssh->url, ssh->key_type, ssh->fingerprint, file_of(ssh, entry), entry->line, known);
}

/* OpenSSH signs with its RSA key only by SHA-2, for which libssh2 1.10 has no
 * name: so it shows another key than the one that is known. */
static bool has_rsa_out_of_reach(const idle_ssh *ssh) {
  size_t size;
  idle_name_list lists[IDLE_LIST_COUNT];
  const unsigned char *kexinit = idle_wire_kexinit(&ssh->wire, &size);
  return kexinit != NULL && idle_kexinit_lists(kexinit, size, lists) && libssh2_version(0x010b00) == NULL &&
         idle_name_list_has(lists[IDLE_LIST_HOSTKEY], "rsa-sha2-512");
}

static idle_ssh_status fail_other_type(const idle_ssh *ssh, const idle_known_entry *entry, idle_ssh_error *error) {
  char known[IDLE_FINGERPRINT_SIZE];
  if (strcmp(entry->type, "ssh-rsa") != 0 || !has_rsa_out_of_reach(ssh)) {
    known_fingerprint(entry, known);
    idle_ssh_fail(error, "ssh.hostkey_changed",
                  "'%s' shows the host key %s %s, but %s:%u knows it by %s %s, which it does not offer; ", ssh->url,
                  ssh->key_type, ssh->fingerprint, file_of(ssh, entry), entry->line, entry->type, known);
  } else {
    idle_ssh_fail(error, "ssh.hostkey_unsupported",
                  "'%s' is known only by its RSA key (%s:%u), which libssh2 %s can't check, because the server signs "
                  "with SHA-2; its other key is %s %s: ",
                  ssh->url, file_of(ssh, entry), entry->line, libssh2_version(0), ssh->key_type, ssh->fingerprint);
    error->ssh_would_help = true;
  }
  add_keyscan(ssh, error);
  return IDLE_SSH_FAILED;
}

static idle_ssh_status fail_authority(const idle_ssh *ssh, const idle_known_entry *entry, idle_ssh_error *error) {
  idle_ssh_fail(error, "ssh.hostkey_unsupported",
                "'%s' is known only by a certificate authority (%s:%u), and host certificates are not supported; its "
                "key is %s %s: ",
                ssh->url, file_of(ssh, entry), entry->line, ssh->key_type, ssh->fingerprint);
  error->ssh_would_help = true;
  add_keyscan(ssh, error);
  return IDLE_SSH_FAILED;
}

static idle_host_verdict judge(const idle_ssh *ssh, const unsigned char *key, size_t size,
                               const idle_known_entry **entry) {
  return idle_known_hosts_judge(&ssh->known, ssh->key_type, key, size, entry);
}

/* As ssh does, a key that can't be kept is accepted all the same, with a warning. */
static void note_learned(idle_ssh *ssh, int code) {
  ssh->learned[0] = '\0';
  idle_text_add(ssh->learned, sizeof ssh->learned, "the host key of '%s', %s %s, was not known, and is accepted",
                ssh->url, ssh->key_type, ssh->fingerprint);
  if (code == 0)
    idle_text_add(ssh->learned, sizeof ssh->learned, "; it was added to '%s'", ssh->known_hosts_files[0]);
  else if (code == EWOULDBLOCK)
    idle_text_add(ssh->learned, sizeof ssh->learned,
                  ", but it can't be added to '%s': another program has locked it for %.1f s",
                  ssh->known_hosts_files[0], LOCK_PATIENCE_MS / 1000.0);
  else
    idle_text_add(ssh->learned, sizeof ssh->learned, ", but it can't be added to '%s': %s", ssh->known_hosts_files[0],
                  code == EINVAL ? "that is no regular file" : strerror(code));
  idle_ssh_trace(ssh, "%s", ssh->learned);
}

bool idle_hostkey_is_locked_out(const idle_ssh *ssh) { return ssh->lock_until_ms != 0; }

idle_ssh_status idle_hostkey_timeout(const idle_ssh *ssh, idle_ssh_error *error) {
  return idle_ssh_fail(error, "ssh.timeout",
                       "the host key of '%s' is new, and known_hosts file '%s' was locked by another program until the "
                       "time was over",
                       ssh->url, ssh->known_hosts_files[0]);
}

/* Whether to wait for another program that adds something to the file. */
static bool is_lock_awaited(idle_ssh *ssh, int code) {
  int64_t now_ms = idle_now_ms();
  if (code == EWOULDBLOCK && ssh->lock_until_ms == 0) ssh->lock_until_ms = now_ms + LOCK_PATIENCE_MS;
  if (code == EWOULDBLOCK && now_ms < ssh->lock_until_ms) return true;
  ssh->lock_until_ms = 0;
  return false;
}

static int append(const idle_ssh *ssh, int fd, const unsigned char *key, size_t size) {
  int port;
  const char *name = known_name(ssh, &port);
  char *line = idle_known_hosts_line(name, port, ssh->key_type, key, size);
  int code = line == NULL ? ENOMEM : idle_append_line(fd, line);
  free(line);
  return code;
}

/* Adds the key of a host of which nothing is known. Another connection may have done so in the meantime, with the same
 * key or not: behind the lock the files are read once more. */
static idle_ssh_status learn(idle_ssh *ssh, const unsigned char *key, size_t size, idle_ssh_error *error) {
  const idle_known_entry *entry;
  int fd, code = idle_lock_to_append(ssh->known_hosts_files[0], &fd);
  if (is_lock_awaited(ssh, code)) return IDLE_SSH_AGAIN;
  idle_known_hosts_free(&ssh->known);
  bool is_read = idle_hostkey_load(ssh, error);
  bool is_new = is_read && judge(ssh, key, size, &entry) == IDLE_HOST_UNKNOWN;
  if (is_new && code == 0) code = append(ssh, fd, key, size);
  if (is_new) note_learned(ssh, code);
  if (fd >= 0) close(fd);
  return is_read ? IDLE_SSH_OK : IDLE_SSH_FAILED;
}

/* The pinned key may be another one of the server's keys: finds a type that was not looked at. */
static const char *next_type(idle_ssh *ssh) {
  size_t size;
  idle_name_list lists[IDLE_LIST_COUNT];
  const unsigned char *kexinit = idle_wire_kexinit(&ssh->wire, &size);
  if (kexinit == NULL || !idle_kexinit_lists(kexinit, size, lists)) return NULL;
  return idle_algorithms_next_type(ssh->session, lists[IDLE_LIST_HOSTKEY], ssh->key_type, &ssh->tried_types);
}

static idle_ssh_status check_pin(idle_ssh *ssh, idle_ssh_error *error) {
  if (strcmp(ssh->host_key, ssh->fingerprint) == 0) return IDLE_SSH_OK;
  ssh->wanted_type = next_type(ssh);
  if (ssh->wanted_type != NULL) return IDLE_SSH_AGAIN;
  idle_ssh_fail(error, "ssh.hostkey_changed",
                "the host key of '%s' is %s %s, but the one to accept (host_key, or --host-key) is %s; somebody may be "
                "listening in: ask the "
                "server's administrator which is right",
                ssh->url, ssh->key_type, ssh->fingerprint, ssh->host_key);
  if (has_rsa_out_of_reach(ssh))
    idle_text_add(error->message, sizeof error->message,
                  " (its RSA key can't be pinned: libssh2 %s can't check it, because the server signs with SHA-2)",
                  libssh2_version(0));
  return IDLE_SSH_FAILED;
}

static idle_ssh_status check(idle_ssh *ssh, const unsigned char *key, size_t size, idle_ssh_error *error) {
  const idle_known_entry *entry;
  idle_host_verdict verdict = judge(ssh, key, size, &entry);
  if (verdict == IDLE_HOST_UNKNOWN && ssh->accept_new && ssh->host_key == NULL) {
    idle_ssh_status status = learn(ssh, key, size, error);
    if (status != IDLE_SSH_OK) return status;
    verdict = judge(ssh, key, size, &entry);
    if (verdict == IDLE_HOST_UNKNOWN) return IDLE_SSH_OK; /* what was added is not read again */
  }
  if (verdict == IDLE_HOST_REVOKED)
    return idle_ssh_fail(error, "ssh.hostkey_revoked",
                         "the host key of '%s', %s %s, is revoked by %s:%u; the server needs a new one", ssh->url,
                         ssh->key_type, ssh->fingerprint, file_of(ssh, entry), entry->line);
  if (ssh->host_key != NULL) return check_pin(ssh, error);
  switch (verdict) {
  case IDLE_HOST_MATCHES:
    return IDLE_SSH_OK;
  case IDLE_HOST_CHANGED:
    return fail_changed(ssh, entry, error);
  case IDLE_HOST_OTHER_TYPE:
    return fail_other_type(ssh, entry, error);
  case IDLE_HOST_ONLY_CA:
    return fail_authority(ssh, entry, error);
  default:
    return fail_unknown(ssh, error);
  }
}

static const unsigned char *shown_key(const idle_ssh *ssh, size_t *size) {
  int kind;
  *size = 0;
  return (const unsigned char *)libssh2_session_hostkey(ssh->session, size, &kind);
}

idle_ssh_status idle_hostkey_note(idle_ssh *ssh, idle_ssh_error *error) {
  size_t size;
  const unsigned char *key = shown_key(ssh, &size);
  if (key == NULL || !idle_key_type(key, size, ssh->key_type, sizeof ssh->key_type))
    return idle_ssh_fail(error, "ssh.handshake", "'%s' showed no host key that can be read", ssh->url);
  idle_fingerprint(key, size, ssh->fingerprint);
  idle_ssh_trace(ssh, "host key %s %s", ssh->key_type, ssh->fingerprint);
  return IDLE_SSH_OK;
}

idle_ssh_status idle_hostkey_check(idle_ssh *ssh, idle_ssh_error *error) {
  size_t size;
  const unsigned char *key = shown_key(ssh, &size);
  idle_ssh_status status = check(ssh, key, size, error);
  if (status == IDLE_SSH_OK) idle_ssh_trace(ssh, "host key accepted");
  return status;
}
