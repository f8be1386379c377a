#include "file.h"
#include "state.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libssh2 sends no sign of life sooner than 2 s after the last. */
enum { MIN_ALIVE_MS = 2000, MAX_ALIVE_MS = 3600 * 1000, MAX_ALIVE_COUNT = 100 };

static bool copy(char **to, const char *text) {
  *to = text == NULL ? NULL : strdup(text);
  return text == NULL || *to != NULL;
}

static bool copy_secret(char **to, const char *text) {
  bool is_copied = copy(to, text);
  if (*to != NULL) idle_memory_hide(*to, strlen(*to));
  return is_copied;
}

static bool copy_path(char **to, const char *path) {
  *to = path == NULL ? NULL : idle_expand_home(path);
  return path == NULL || *to != NULL;
}

static bool copy_known_hosts(idle_ssh *ssh, const idle_ssh_options *options) {
  const idle_ssh_paths *more = &options->more_known_hosts;
  ssh->known_hosts_files = calloc(1 + more->count, sizeof *ssh->known_hosts_files);
  if (ssh->known_hosts_files == NULL) return false;
  ssh->known_hosts_count = 1 + more->count;
  for (size_t i = 0; i <= more->count; i++)
    if (!copy_path(&ssh->known_hosts_files[i], i == 0 ? options->known_hosts : more->paths[i - 1])) return false;
  return true;
}

static int otherwise(int value, int fallback) { return value == 0 ? fallback : value; }

bool idle_options_copy(idle_ssh *ssh, const idle_ssh_options *options) {
  ssh->port = options->port;
  ssh->use_agent = options->use_agent;
  ssh->identities_only = options->identities_only;
  ssh->accept_new = options->accept_new;
  ssh->alive_interval_ms = otherwise(options->alive_interval_ms, IDLE_SSH_ALIVE_INTERVAL_MS);
  ssh->alive_count_max = otherwise(options->alive_count_max, IDLE_SSH_ALIVE_COUNT_MAX);
  ssh->trace = options->trace;
  ssh->trace_context = options->trace_context;
  ssh->started_ms = idle_now_ms();
  ssh->deadline_ms = ssh->started_ms + options->timeout_ms;
  return idle_way_name(ssh, options) && copy(&ssh->host, options->host) && copy(&ssh->user, options->user) &&
         copy_secret(&ssh->passphrase, options->passphrase) && copy_secret(&ssh->password, options->password) &&
         copy(&ssh->host_key, options->host_key) && copy(&ssh->host_key_alias, options->host_key_alias) &&
         copy_path(&ssh->agent_socket, options->agent_socket) && copy_known_hosts(ssh, options);
}

/* The name appears in a command line that people are told to copy. */
static bool is_host(const char *host) {
  size_t size = strlen(host);
  if (size == 0 || size > 253 || *host == '-') return false;
  for (const char *c = host; *c != '\0'; c++)
    if (!isalnum((unsigned char)*c) && strchr("._-:%", *c) == NULL) return false;
  return true;
}

static bool is_fingerprint(const char *text) {
  return strncmp(text, "SHA256:", 7) == 0 && strlen(text) == IDLE_FINGERPRINT_SIZE - 2;
}

bool idle_options_check(const idle_ssh_options *options, idle_ssh_error *error) {
  if (!is_host(options->host))
    idle_ssh_fail(error, "input.session", "host is not a name or an address; give it without user, port and brackets");
  else if (options->port < 1 || options->port > 65535)
    idle_ssh_fail(error, "input.session", "port %d is not between 1 and 65535", options->port);
  else if (*options->user == '\0' || strlen(options->user) > 255)
    idle_ssh_fail(error, "input.session", "user is empty or too long");
  else if (options->host_key_alias != NULL && !is_host(options->host_key_alias))
    idle_ssh_fail(error, "input.session", "host_key_alias is not a name or an address, as it stands in known_hosts");
  else if (options->alive_interval_ms != 0 &&
           (options->alive_interval_ms < MIN_ALIVE_MS || options->alive_interval_ms > MAX_ALIVE_MS))
    idle_ssh_fail(error, "input.session", "alive_interval_ms %d is not between %d and %d", options->alive_interval_ms,
                  MIN_ALIVE_MS, MAX_ALIVE_MS);
  else if (options->alive_count_max < 0 || options->alive_count_max > MAX_ALIVE_COUNT)
    idle_ssh_fail(error, "input.session", "alive_count_max %d is not between 1 and %d", options->alive_count_max,
                  MAX_ALIVE_COUNT);
  else if (options->host_key != NULL && !is_fingerprint(options->host_key))
    idle_ssh_fail(error, "input.session", "host_key is not a fingerprint like 'SHA256:…', as ssh-keygen -l prints it");
  else
    return true;
  return false;
}

static bool fail_memory(const idle_ssh *ssh, idle_ssh_error *error) {
  idle_ssh_fail(error, "ssh.connect", "not enough memory to connect to '%s'", ssh->host);
  return false;
}

static bool fail_identity(const idle_identity *identity, const char *fault, idle_ssh_error *error) {
  bool is_wrong_passphrase = strstr(fault, "passphrase is wrong") != NULL;
  idle_ssh_fail(error, is_wrong_passphrase ? "ssh.auth" : "input.session", "identity file '%s' %s", identity->path,
                fault);
  error->ssh_would_help = strncmp(identity->type, "sk-", 3) == 0;
  return false;
}

/* Of the key that the caller counts on, everything that keeps it from being used is an error. */
static bool check_required(const idle_ssh *ssh, const idle_identity *identity, idle_ssh_error *error) {
  if (identity->fault != NULL) return fail_identity(identity, identity->fault, error);
  if (!idle_identity_is_locked(identity, ssh->passphrase) || ssh->use_agent) return true;
  return fail_identity(identity,
                       "is protected by a passphrase; give it (passphrase, or --passphrase-file), or allow the agent "
                       "and add the key to it (ssh-add)",
                       error);
}

static bool is_named(const idle_ssh *ssh, const char *path) {
  for (size_t i = 0; i < ssh->identity_count; i++) {
    const char *named = ssh->identities[i].path;
    if (named != NULL && strcmp(named, path) == 0) return true;
  }
  return false;
}

/* A key that can't be read for want of open files is not passed over: the login would be refused without it. */
static bool add_identity(idle_ssh *ssh, const char *path, bool is_required, idle_ssh_error *error) {
  if (is_named(ssh, path)) return true;
  idle_identity *identity = &ssh->identities[ssh->identity_count];
  if (!idle_identity_load(identity, path, ssh->passphrase)) return fail_memory(ssh, error);
  if (idle_ssh_lacks_files(identity->file_error)) {
    idle_identity_free(identity);
    return idle_ssh_fail_files(ssh, error) == IDLE_SSH_OK;
  }
  identity->is_required = is_required;
  if (identity->is_public && !is_required) identity->fault = NULL;
  if (!identity->is_missing || is_required) {
    ssh->identity_count++;
    return true;
  }
  idle_ssh_trace(ssh, "there is no identity file '%s'", path);
  idle_identity_free(identity);
  return true;
}

static bool load_identity(idle_ssh *ssh, const char *path, bool is_required, idle_ssh_error *error) {
  char *expanded = idle_expand_home(path);
  bool is_loaded = expanded == NULL ? fail_memory(ssh, error) : add_identity(ssh, expanded, is_required, error);
  free(expanded);
  return is_loaded;
}

bool idle_options_load_identities(idle_ssh *ssh, const idle_ssh_options *options, idle_ssh_error *error) {
  const idle_ssh_paths *more = &options->identity_files;
  ssh->identities = calloc(1 + more->count, sizeof *ssh->identities);
  if (ssh->identities == NULL) return fail_memory(ssh, error);
  if (options->identity_file != NULL &&
      (!load_identity(ssh, options->identity_file, true, error) || !check_required(ssh, &ssh->identities[0], error)))
    return false;
  for (size_t i = 0; i < more->count; i++)
    if (!load_identity(ssh, more->paths[i], false, error)) return false;
  return true;
}

void idle_options_forget_identities(idle_ssh *ssh) {
  for (size_t i = 0; i < ssh->identity_count; i++) idle_identity_free(&ssh->identities[i]);
  free(ssh->identities);
  ssh->identities = NULL;
  ssh->identity_count = 0;
}
