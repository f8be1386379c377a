#include "file.h"
#include "state.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool copy(char **to, const char *text) {
  *to = text == NULL ? NULL : strdup(text);
  return text == NULL || *to != NULL;
}

static bool copy_path(char **to, const char *path) {
  *to = path == NULL ? NULL : idle_expand_home(path);
  return path == NULL || *to != NULL;
}

bool idle_options_copy(idle_ssh *ssh, const idle_ssh_options *options) {
  ssh->port = options->port;
  ssh->use_agent = options->use_agent;
  ssh->trace = options->trace;
  ssh->trace_context = options->trace_context;
  ssh->started_ms = idle_now_ms();
  ssh->deadline_ms = ssh->started_ms + options->timeout_ms;
  bool is_address6 = strchr(options->host, ':') != NULL;
  if (asprintf(&ssh->url, is_address6 ? "ssh://[%s]:%d" : "ssh://%s:%d", options->host, options->port) < 0)
    ssh->url = NULL;
  return ssh->url != NULL && copy(&ssh->host, options->host) && copy(&ssh->user, options->user) &&
         copy(&ssh->passphrase, options->passphrase) && copy(&ssh->password, options->password) &&
         copy(&ssh->host_key, options->host_key) && copy_path(&ssh->identity_file, options->identity_file) &&
         copy_path(&ssh->known_hosts_file, options->known_hosts);
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
  else if (options->host_key != NULL && !is_fingerprint(options->host_key))
    idle_ssh_fail(error, "input.session", "host_key is not a fingerprint like 'SHA256:…', as ssh-keygen -l prints it");
  else
    return true;
  return false;
}

bool idle_options_load_identity(idle_ssh *ssh, idle_ssh_error *error) {
  if (ssh->identity_file == NULL) return true;
  const char *fault = idle_identity_load(ssh->identity_file, ssh->passphrase, &ssh->identity);
  bool is_locked = fault == NULL && ssh->identity.is_encrypted && ssh->passphrase == NULL && !ssh->use_agent;
  if (is_locked)
    fault = "is protected by a passphrase; give it (passphrase, or --passphrase-file), or allow the agent and add the "
            "key to it (ssh-add)";
  if (fault == NULL) return true;
  bool is_wrong_passphrase = strstr(fault, "passphrase is wrong") != NULL;
  idle_ssh_fail(error, is_wrong_passphrase ? "ssh.auth" : "input.session", "identity file '%s' %s", ssh->identity_file,
                fault);
  return false;
}
