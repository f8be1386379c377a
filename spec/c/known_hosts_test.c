/* What known_hosts.c makes of a file: names, markers, damage, verdicts. */
#include "check.h"
#include "known_hosts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Keys and names as ssh-keygen made them. */
#define ED "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIt7NyKJdbm67wvF2ZsjgmSH52F32xJW9D7ZfxTMGg1c"
#define ED_FINGERPRINT "SHA256:fOkOWCWKDvIstpRNWGd4qL6gfh8pwuNoEOTtQ9oq9To"
#define ED2 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPBwXKooh/sU8EMCbfUtXDlsTR2LIkcg33oUDMts7CHj"
#define EC                                                                                                             \
  "ecdsa-sha2-nistp256 "                                                                                               \
  "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBGwZPwCVHuchDegjqDW5/6V53JUdkMei8q7T"                           \
  "a9CKgyCDzMqteDRLJe/h29xic9jQmbqML4zRmm/8InjfmUe3glw="
#define HASHED_PLAIN "|1|eOLwiqvYxduKfbSEXYEwXeIaPwM=|oR/pZGfIp/XO1AysGLsBd/G6M9U=" /* dc1.example.org */
#define HASHED_PORT "|1|aJw6YjDmSvK5ZJvrlR4s0AYAFjY=|FvA+94v9Qedifs/Pa6o9taWonJs="  /* [dc1.example.org]:2222 */

/* The key of a line "x TYPE BASE64", taken apart by the parser itself. */
static idle_known_hosts key_of(const char *type_and_key) {
  char line[600];
  idle_known_hosts known;
  snprintf(line, sizeof line, "x %s", type_and_key);
  CHECK(idle_known_hosts_parse(line, strlen(line), "x", 22, &known) && known.count == 1);
  return known;
}

static idle_host_verdict judge(const char *text, const char *host, int port, const char *shown, unsigned *line) {
  idle_known_hosts known, key = key_of(shown);
  const idle_known_entry *entry;
  CHECK(idle_known_hosts_parse(text, strlen(text), host, port, &known));
  idle_host_verdict verdict =
      idle_known_hosts_judge(&known, key.entries[0].type, key.entries[0].key, key.entries[0].key_size, &entry);
  if (line != NULL) *line = entry == NULL ? 0 : entry->line;
  idle_known_hosts_free(&known);
  idle_known_hosts_free(&key);
  return verdict;
}

static bool matches(const char *text, const char *host, int port) {
  return judge(text, host, port, ED, NULL) == IDLE_HOST_MATCHES;
}

static void names(void) {
  CHECK(matches("dc1.example.org " ED, "dc1.example.org", 22));
  CHECK(matches("other,dc1.example.org,10.0.0.1 " ED " a comment\n", "dc1.example.org", 22));
  CHECK(matches("\n  \t dc1 " ED "\r\n", "dc1", 22));
  CHECK(matches("DC1.Example.org " ED, "dc1.example.ORG", 22));
  CHECK(matches("::1 " ED, "::1", 22));
  CHECK(!matches("dc1 " ED, "dc1.example.org", 22));
  CHECK(!matches("dc1.example.org.evil.com " ED, "dc1.example.org", 22));
  CHECK(!matches("#dc1 " ED, "dc1", 22));
  CHECK(!matches("", "dc1", 22));
}

static void wildcards(void) {
  CHECK(matches("*.example.org " ED, "dc1.example.org", 22));
  CHECK(matches("dc?.example.org " ED, "dc1.example.org", 22));
  CHECK(matches("*dc*1*org* " ED, "dc1.example.org", 22));
  CHECK(matches("* " ED, "dc1", 22));
  CHECK(!matches("*.example.org " ED, "example.org", 22));
  CHECK(!matches("dc?.example.org " ED, "dc12.example.org", 22));
  CHECK(!matches("**********************************b " ED, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 22));
}

static void negation(void) {
  CHECK(!matches("*.example.org,!dc1.example.org " ED, "dc1.example.org", 22));
  CHECK(!matches("!dc1.example.org,*.example.org " ED, "dc1.example.org", 22));
  CHECK(matches("*.example.org,!dc1.example.org " ED, "dc2.example.org", 22));
  CHECK(!matches("!dc1 " ED, "dc2", 22));
}

static void ports(void) {
  CHECK(matches("[dc1]:2222 " ED, "dc1", 2222));
  CHECK(matches("[::1]:2222 " ED, "::1", 2222));
  CHECK(matches("[dc*]:* " ED, "dc1", 2222));
  CHECK(!matches("[dc1]:2222 " ED, "dc1", 22));
  CHECK(!matches("[dc1]:2222 " ED, "dc1", 2223));
  /* As in ssh: a line without the port vouches for a key, but says nothing against another one. */
  CHECK(matches("dc1 " ED, "dc1", 2222));
  CHECK(judge("dc1 " ED2, "dc1", 2222, ED, NULL) == IDLE_HOST_UNKNOWN);
  CHECK(judge("[dc1]:2222 " ED2, "dc1", 2222, ED, NULL) == IDLE_HOST_CHANGED);
}

static void hashed(void) {
  CHECK(matches(HASHED_PLAIN " " ED, "dc1.example.org", 22));
  CHECK(matches(HASHED_PLAIN " " ED, "DC1.example.org", 22));
  CHECK(!matches(HASHED_PLAIN " " ED, "dc2.example.org", 22));
  CHECK(matches(HASHED_PORT " " ED, "dc1.example.org", 2222));
  CHECK(!matches(HASHED_PORT " " ED, "dc1.example.org", 22));
  CHECK(matches(HASHED_PLAIN " " ED, "dc1.example.org", 2222));
}

static void verdicts(void) {
  unsigned line;
  CHECK(judge("a " ED2 "\ndc1 " EC "\ndc1 " ED2 "\n", "dc1", 22, ED, &line) == IDLE_HOST_CHANGED && line == 3);
  CHECK(judge("dc1 " ED2 "\ndc1 " ED "\n", "dc1", 22, ED, &line) == IDLE_HOST_MATCHES && line == 2);
  CHECK(judge("dc1 " EC, "dc1", 22, ED, &line) == IDLE_HOST_OTHER_TYPE && line == 1);
  CHECK(judge("dc2 " ED, "dc1", 22, ED, &line) == IDLE_HOST_UNKNOWN && line == 0);
  CHECK(judge("dc1 " ED "\n@revoked * " ED, "dc1", 22, ED, &line) == IDLE_HOST_REVOKED && line == 2);
  CHECK(judge("dc1 " ED "\n@revoked * " ED2, "dc1", 22, ED, NULL) == IDLE_HOST_MATCHES);
  CHECK(judge("dc1 " ED "\n@revoked dc2 " ED, "dc1", 22, ED, NULL) == IDLE_HOST_MATCHES);
  CHECK(judge("@revoked dc1 " ED, "dc1", 2222, ED, NULL) == IDLE_HOST_REVOKED);
  CHECK(judge("@cert-authority dc1 " ED, "dc1", 22, ED, &line) == IDLE_HOST_ONLY_CA && line == 1);
  CHECK(judge("@cert-authority dc1 " ED2 "\ndc1 " ED, "dc1", 22, ED, NULL) == IDLE_HOST_MATCHES);
}

static void types(void) {
  static const char text[] = "dc1 " EC "\n@revoked dc1 " ED "\n@cert-authority dc1 " ED;
  idle_known_hosts known;
  CHECK(idle_known_hosts_parse(text, strlen(text), "dc1", 22, &known));
  CHECK(idle_known_hosts_has_type(&known, "ecdsa-sha2-nistp256"));
  CHECK(!idle_known_hosts_has_type(&known, "ssh-ed25519"));
  idle_known_hosts_free(&known);
}

/* A line that can't be understood is named, and hides none of those behind it. */
/* The type is a server's word, and it is printed. */
static void types_of_keys(void) {
  char type[64];
  CHECK(idle_key_type((const unsigned char *)"\0\0\0\7ssh-dss\0", 12, type, sizeof type) &&
        strcmp(type, "ssh-dss") == 0);
  CHECK(!idle_key_type((const unsigned char *)"\0\0\0\7ssh\33dss\0", 12, type, sizeof type));
  CHECK(!idle_key_type((const unsigned char *)"\0\0\0\7ssh dss\0", 12, type, sizeof type));
  CHECK(!idle_key_type((const unsigned char *)"\0\0\0\7\342\200\256xxx", 11, type, sizeof type));
  CHECK(!idle_key_type((const unsigned char *)"\0\0\0\11ssh-dss", 11, type, sizeof type));
}

static void damage(const char *bad, const char *reason) {
  char text[2000];
  idle_known_hosts known;
  snprintf(text, sizeof text, "# a comment\n%s\ndc1 %s\n", bad, ED);
  CHECK(idle_known_hosts_parse(text, strlen(text), "dc1", 22, &known));
  CHECK(known.count == 1 && known.entries[0].line == 3);
  CHECK(known.warning_count == 1 && known.warnings[0].line == 2);
  CHECK(strcmp(known.warnings[0].reason, reason) == 0);
  idle_known_hosts_free(&known);
}

static void damages(void) {
  damage("dc1", "the key is missing");
  damage("dc1 ssh-ed25519", "the key is missing");
  damage("@revoked", "the host name is missing");
  damage("@unknown dc1 " ED, "the marker is unknown");
  damage("dc1 ssh-ed25519 AAAA*AAA", "the key is not base64");
  damage("dc1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI", "the key is not base64");
  damage("dc1 ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIEB3EJo+Imp3UKA8Tsyk2YjkiS6i4uyaJ2HYz/QEv4Wf",
         "the key is not of the type that stands before it");
  damage("dc1 ssh-ed25519 AAAA", "the key is not of the type that stands before it");
  damage("|1|short|hash= " ED, "the hashed host name is damaged");
  damage("dc1 1024 35 1234567890", "a key of SSH 1");
}

static void limits(void) {
  size_t size = IDLE_KNOWN_HOSTS_MAX_LINE_BYTES + 100;
  char *text = malloc(size + 200);
  idle_known_hosts known;
  memset(text, 'x', size);
  strcpy(text + size, "\ndc1 " ED);
  CHECK(idle_known_hosts_parse(text, strlen(text), "dc1", 22, &known));
  CHECK(known.count == 1 && known.warning_count == 1);
  CHECK(strcmp(known.warnings[0].reason, "the line is too long") == 0);
  idle_known_hosts_free(&known);
  free(text);
}

static void files(void) {
  idle_known_hosts known;
  CHECK(idle_known_hosts_load("/nowhere/known_hosts", "dc1", 22, &known) == 0 && known.count == 0);
  idle_known_hosts_free(&known);
  CHECK(idle_known_hosts_load("/", "dc1", 22, &known) == EISDIR);
  idle_known_hosts_free(&known);
  char path[] = "/tmp/idle-known-hosts-XXXXXX";
  int fd = mkstemp(path);
  CHECK(fd >= 0 && ftruncate(fd, IDLE_KNOWN_HOSTS_MAX_BYTES + 1) == 0);
  CHECK(idle_known_hosts_load(path, "dc1", 22, &known) == EFBIG);
  idle_known_hosts_free(&known);
  close(fd);
  unlink(path);
}

static void fingerprints(void) {
  char fingerprint[IDLE_FINGERPRINT_SIZE];
  idle_known_hosts key = key_of(ED);
  idle_fingerprint(key.entries[0].key, key.entries[0].key_size, fingerprint);
  CHECK(strcmp(fingerprint, ED_FINGERPRINT) == 0);
  idle_known_hosts_free(&key);
}

int main(void) {
  names();
  wildcards();
  negation();
  ports();
  hashed();
  verdicts();
  types();
  types_of_keys();
  damages();
  limits();
  files();
  fingerprints();
  return 0;
}
