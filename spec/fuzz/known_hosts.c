/* Fuzz target: a known_hosts file, and the verdicts that it leads to. */
#include "known_hosts.h"

#include "target.h"

#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  return 0;
}

static void check_entry(const idle_known_hosts *known, const idle_known_entry *entry, unsigned lines) {
  char type[sizeof entry->type];
  MUST(entry->line >= 1 && entry->line <= lines);
  MUST(idle_key_type(entry->key, entry->key_size, type, sizeof type) && strcmp(type, entry->type) == 0);
  const idle_known_entry *deciding;
  idle_host_verdict verdict = idle_known_hosts_judge(known, type, entry->key, entry->key_size, &deciding);
  MUST(verdict != IDLE_HOST_UNKNOWN && deciding != NULL);
  if (entry->kind == IDLE_KNOWN_REVOKED) MUST(verdict == IDLE_HOST_REVOKED);
  if (entry->kind == IDLE_KNOWN_KEY) MUST(verdict == IDLE_HOST_MATCHES || verdict == IDLE_HOST_REVOKED);
  char fingerprint[IDLE_FINGERPRINT_SIZE];
  idle_fingerprint(entry->key, entry->key_size, fingerprint);
  MUST(strlen(fingerprint) == IDLE_FINGERPRINT_SIZE - 2);
}

static void check_host(const char *text, size_t size, const char *host, int port) {
  unsigned lines = 1;
  for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
  idle_known_hosts known;
  MUST(idle_known_hosts_parse(text, size, host, port, &known));
  for (size_t i = 0; i < known.count; i++) check_entry(&known, &known.entries[i], lines);
  for (size_t i = 0; i < known.warning_count && i < IDLE_KNOWN_HOSTS_MAX_WARNINGS; i++)
    MUST(known.warnings[i].line >= 1 && known.warnings[i].line <= lines && known.warnings[i].reason != NULL);
  MUST(known.count + known.warning_count <= lines);
  idle_known_hosts_free(&known);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const char *text = (const char *)bytes;
  check_host(text, size, "dc1.example.org", 22);
  check_host(text, size, "dc1.example.org", 2222);
  check_host(text, size, "::1", 22);
  return 0;
}
