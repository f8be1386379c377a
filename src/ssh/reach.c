#include "state.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static idle_ssh_status fail_resolve(const idle_ssh *ssh, idle_ssh_error *error) {
  if (ssh->gai_error == EAI_SYSTEM && idle_ssh_lacks_files(ssh->gai_errno)) return idle_ssh_fail_files(ssh, error);
  const char *reason = ssh->gai_error == EAI_SYSTEM ? strerror(ssh->gai_errno) : gai_strerror(ssh->gai_error);
  return idle_ssh_fail(error, "ssh.resolve", "cannot find an address of '%s': %s; check the name and the DNS servers",
                       ssh->host, reason);
}

static idle_ssh_status fail_dial(const idle_ssh *ssh, idle_ssh_error *error) {
  if (idle_ssh_lacks_files(ssh->dial.error)) return idle_ssh_fail_files(ssh, error);
  char reason[100];
  (void)snprintf(reason, sizeof reason, "%s", strerror(ssh->dial.error));
  *reason = (char)tolower((unsigned char)*reason);
  bool shows_addresses = strchr(ssh->dial.tried, ',') != NULL || strcmp(ssh->dial.tried, ssh->host) != 0;
  return idle_ssh_fail(error, "ssh.connect", "cannot reach '%s'%s%s%s: %s; check the name and that sshd listens",
                       ssh->url, shows_addresses ? " (" : "", shows_addresses ? ssh->dial.tried : "",
                       shows_addresses ? ")" : "", reason);
}

idle_ssh_status idle_reach_timeout(const idle_ssh *ssh, double elapsed_s, idle_ssh_error *error) {
  if (ssh->phase == IDLE_PHASE_RESOLVE)
    return idle_ssh_fail(error, "ssh.timeout", "no address of '%s' was found within %.1f s; check the DNS servers",
                         ssh->host, elapsed_s);
  return idle_ssh_fail(error, "ssh.timeout",
                       "'%s' (%s) did not accept the connection within %.1f s; check the "
                       "name, and firewalls on the way",
                       ssh->url, *ssh->dial.tried == '\0' ? ssh->dial.peer : ssh->dial.tried, elapsed_s);
}

idle_ssh_status idle_reach_step(idle_ssh *ssh, idle_ssh_error *error) {
  if (ssh->gai_error != 0) return fail_resolve(ssh, error);
  idle_ssh_status status = idle_dial_step(&ssh->dial, ssh->deadline_ms);
  if (status == IDLE_SSH_FAILED && ssh->dial.error == ETIMEDOUT && idle_now_ms() >= ssh->deadline_ms)
    return idle_reach_timeout(ssh, (double)(idle_now_ms() - ssh->started_ms) / 1000, error);
  if (status == IDLE_SSH_FAILED) return fail_dial(ssh, error);
  if (status == IDLE_SSH_AGAIN) return status;
  idle_ssh_trace(ssh, "connected to %s", ssh->dial.peer);
  return status;
}
