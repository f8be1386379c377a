#include "state.h"
#include "text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *format_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Owned by the caller; NULL when memory is short. */
static char *format_text(const char *format, ...) {
  char *text;
  va_list arguments;
  va_start(arguments, format);
  int size = vasprintf(&text, format, arguments);
  va_end(arguments);
  return size < 0 ? NULL : text;
}

/* It goes into a command line that people are told to copy. */
static bool is_plain_word(const char *word) {
  for (const char *c = word; *c != '\0'; c++)
    if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL) return false;
  return true;
}

bool idle_way_name(idle_ssh *ssh, const idle_ssh_options *options) {
  if (options->via != NULL) ssh->phase = IDLE_PHASE_WAY;
  const idle_ssh *via = options->via;
  bool is_address6 = strchr(options->host, ':') != NULL;
  ssh->name = format_text(is_address6 ? "ssh://[%s]:%d" : "ssh://%s:%d", options->host, options->port);
  if (ssh->name == NULL) return false;
  ssh->url = via == NULL ? strdup(ssh->name) : format_text("%s' through '%s", ssh->name, via->url);
  if (ssh->url == NULL || via == NULL) return ssh->url != NULL;
  bool has_user = is_plain_word(via->user);
  ssh->hops = format_text("%s%sssh://%s%s%s", via->hops == NULL ? "" : via->hops, via->hops == NULL ? "" : ",",
                          has_user ? via->user : "", has_user ? "@" : "", via->name + strlen("ssh://"));
  return ssh->hops != NULL;
}

void idle_way_add_hop(const idle_ssh *ssh, char *text, size_t capacity) {
  if (ssh->hops == NULL) return;
  const char *comma = strrchr(ssh->hops, ',');
  if (comma == NULL)
    idle_text_add(text, capacity, "ssh %s ", ssh->hops);
  else
    idle_text_add(text, capacity, "ssh -J %.*s %s ", (int)(comma - ssh->hops), ssh->hops, comma + 1);
}

static const char *way_text(const idle_ssh *ssh) {
  return ssh->way_text == NULL ? "there was not enough memory" : ssh->way_text;
}

bool idle_ssh_wants_way(const idle_ssh *ssh) { return ssh->phase == IDLE_PHASE_WAY; }

void idle_ssh_way_opened(idle_ssh *ssh, int fd) { ssh->dial.fd = fd; }

void idle_ssh_way_refused(idle_ssh *ssh, const char *kind, const char *text) {
  ssh->way_kind = kind;
  free(ssh->way_text);
  ssh->way_text = strdup(text);
}

void idle_ssh_add_loss(const idle_ssh *ssh, char *text, size_t capacity) {
  if (*ssh->last_words != '\0')
    idle_text_add(text, capacity, "the server said '%s'", ssh->last_words);
  else if (ssh->is_damaged)
    idle_text_add(text, capacity, "a packet was changed on the way");
  else if (ssh->way_kind != NULL)
    idle_text_add(text, capacity, "%s", way_text(ssh));
  else if (ssh->is_disconnected || (ssh->wire.ended && ssh->wire.error == 0))
    idle_text_add(text, capacity, "the server closed it");
  else
    idle_text_add(text, capacity, "%s", ssh->wire.ended ? strerror(ssh->wire.error) : idle_ssh_last_error(ssh));
}

void idle_ssh_way_lost(idle_ssh *ssh, const idle_ssh *hop) {
  char text[600] = "";
  if (hop == NULL) {
    idle_text_add(text, sizeof text, "this program closed the connection to the hop");
  } else {
    idle_text_add(text, sizeof text, "the one to '%s' was lost first: ", hop->url);
    idle_ssh_add_loss(hop, text, sizeof text);
  }
  idle_ssh_way_refused(ssh, "ssh.lost", text);
}

idle_ssh_status idle_way_step(idle_ssh *ssh, idle_ssh_error *error) {
  if (ssh->way_kind != NULL)
    return idle_ssh_fail(error, ssh->way_kind, "cannot reach '%s': %s", ssh->url, way_text(ssh));
  if (ssh->dial.fd < 0) return IDLE_SSH_AGAIN;
  idle_ssh_trace(ssh, "connected through the hop");
  return IDLE_SSH_OK;
}

idle_ssh_status idle_way_timeout(const idle_ssh *ssh, double elapsed_s, idle_ssh_error *error) {
  return idle_ssh_fail(error, "ssh.timeout",
                       "cannot reach '%s': the hop did not open the way within %.1f s; check the name, which the hop "
                       "looks up, and firewalls behind it",
                       ssh->url, elapsed_s);
}
