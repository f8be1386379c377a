#include "known_hosts.h"

#include "file.h"

#include <ctype.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *bytes;
  size_t size;
} Slice;

/* The names that a line may match: with the port if that is not 22, else alone. */
typedef struct {
  char full[300];
  char bare[256];
  bool has_port;
} Names;

static const char NO_MEMORY[] = "not enough memory";

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static Slice next_field(Slice *line) {
  while (line->size > 0 && is_blank(*line->bytes)) line->bytes++, line->size--;
  Slice field = {line->bytes, 0};
  while (line->size > 0 && !is_blank(*line->bytes)) line->bytes++, line->size--, field.size++;
  return field;
}

static bool slice_is(Slice slice, const char *text) {
  return slice.size == strlen(text) && memcmp(slice.bytes, text, slice.size) == 0;
}

/* Decodes base64. bytes: room for 3/4 of the text. Returns: bytes written, 0 if it is not base64. */
static size_t decode_base64(Slice text, unsigned char *bytes) {
  if (text.size == 0 || text.size % 4 != 0) return 0;
  int size = EVP_DecodeBlock(bytes, (const unsigned char *)text.bytes, (int)text.size);
  if (size < 0) return 0;
  /* EVP_DecodeBlock counts the padding as bytes. */
  for (size_t i = text.size; i > text.size - 2 && text.bytes[i - 1] == '='; i--) size--;
  return (size_t)size;
}

bool idle_key_type(const unsigned char *key, size_t key_size, char *type, size_t capacity) {
  if (key_size < 4) return false;
  size_t size = (size_t)key[0] << 24 | (size_t)key[1] << 16 | (size_t)key[2] << 8 | key[3];
  if (size == 0 || size > key_size - 4 || size >= capacity) return false;
  /* It is printed, so it is a name as RFC 4251 has them. */
  for (size_t i = 0; i < size; i++)
    if (key[4 + i] <= ' ' || key[4 + i] > '~') return false;
  memcpy(type, key + 4, size);
  type[size] = '\0';
  return true;
}

void idle_fingerprint(const unsigned char *key, size_t key_size, char fingerprint[IDLE_FINGERPRINT_SIZE]) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(key, key_size, hash);
  memcpy(fingerprint, "SHA256:", 7);
  int size = EVP_EncodeBlock((unsigned char *)fingerprint + 7, hash, sizeof hash);
  while (fingerprint[7 + size - 1] == '=') size--;
  fingerprint[7 + size] = '\0';
}

/* `*` matches any bytes, `?` one. Names are lower-case already, patterns need not be. */
static bool match_wildcards(Slice pattern, const char *name) {
  size_t at = 0, star = pattern.size;
  const char *resume = NULL;
  while (*name != '\0') {
    char c = at < pattern.size ? (char)tolower((unsigned char)pattern.bytes[at]) : '\0';
    if (c == '*') {
      star = at++;
      resume = name;
    } else if (at < pattern.size && (c == '?' || c == *name)) {
      at++, name++;
    } else if (resume != NULL) {
      at = star + 1;
      name = ++resume;
    } else {
      return false;
    }
  }
  while (at < pattern.size && pattern.bytes[at] == '*') at++;
  return at == pattern.size;
}

/* A comma-separated list. One negated pattern that matches makes the line another host's. */
static bool match_list(Slice list, const char *name) {
  bool matches = false;
  while (list.size > 0) {
    Slice pattern = {list.bytes, 0};
    while (pattern.size < list.size && list.bytes[pattern.size] != ',') pattern.size++;
    size_t step = pattern.size < list.size ? pattern.size + 1 : pattern.size;
    list.bytes += step, list.size -= step;
    bool negated = pattern.size > 0 && *pattern.bytes == '!';
    if (negated) pattern.bytes++, pattern.size--;
    if (!match_wildcards(pattern, name)) continue;
    if (negated) return false;
    matches = true;
  }
  return matches;
}

typedef struct {
  unsigned char salt[SHA_DIGEST_LENGTH];
  unsigned char hash[SHA_DIGEST_LENGTH];
} HashedName;

/* `|1|SALT|HASH`, both base64 of 20 bytes. */
static bool parse_hashed(Slice field, HashedName *hashed) {
  enum { BASE64_SIZE = 28, FIELD_SIZE = 3 + BASE64_SIZE + 1 + BASE64_SIZE };
  if (field.size != FIELD_SIZE || memcmp(field.bytes, "|1|", 3) != 0 || field.bytes[3 + BASE64_SIZE] != '|')
    return false;
  unsigned char bytes[BASE64_SIZE / 4 * 3];
  if (decode_base64((Slice){field.bytes + 3, BASE64_SIZE}, bytes) != SHA_DIGEST_LENGTH) return false;
  memcpy(hashed->salt, bytes, SHA_DIGEST_LENGTH);
  if (decode_base64((Slice){field.bytes + 4 + BASE64_SIZE, BASE64_SIZE}, bytes) != SHA_DIGEST_LENGTH) return false;
  memcpy(hashed->hash, bytes, SHA_DIGEST_LENGTH);
  return true;
}

static bool match_hashed(const HashedName *hashed, const char *name) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (HMAC(EVP_sha1(), hashed->salt, SHA_DIGEST_LENGTH, (const unsigned char *)name, strlen(name), hash, &size) == NULL)
    return false;
  return size == SHA_DIGEST_LENGTH && memcmp(hash, hashed->hash, size) == 0;
}

static bool add_entry(idle_known_hosts *known, const idle_known_entry *entry) {
  idle_known_entry *entries = realloc(known->entries, (known->count + 1) * sizeof *entries);
  if (entries == NULL) return false;
  known->entries = entries;
  entries[known->count++] = *entry;
  return true;
}

/* Fills in type and key from their fields. Returns: NULL, or what is wrong with them. */
static const char *parse_key(Slice type, Slice base64, idle_known_entry *entry) {
  if (type.size == 0 || base64.size == 0) return "the key is missing";
  if (type.size >= sizeof entry->type) return "the key type is too long";
  if (isdigit((unsigned char)*type.bytes)) return "a key of SSH 1";
  memcpy(entry->type, type.bytes, type.size);
  entry->type[type.size] = '\0';
  entry->key = malloc(base64.size / 4 * 3 + 3);
  if (entry->key == NULL) return NO_MEMORY;
  entry->key_size = decode_base64(base64, entry->key);
  if (entry->key_size == 0) return "the key is not base64";
  char inside[sizeof entry->type];
  if (!idle_key_type(entry->key, entry->key_size, inside, sizeof inside) || strcmp(inside, entry->type) != 0)
    return "the key is not of the type that stands before it";
  return NULL;
}

static const char *parse_marker(Slice *line, idle_known_kind *kind) {
  *kind = IDLE_KNOWN_KEY;
  if (*line->bytes != '@') return NULL;
  Slice marker = next_field(line);
  if (slice_is(marker, "@revoked"))
    *kind = IDLE_KNOWN_REVOKED;
  else if (slice_is(marker, "@cert-authority"))
    *kind = IDLE_KNOWN_CA;
  else
    return "the marker is unknown";
  return NULL;
}

/* Whether the names match. Returns: NULL, or what is wrong with them. */
static const char *match_names(Slice field, const Names *names, bool *matches, bool *without_port) {
  *matches = *without_port = false;
  if (field.size == 0) return "the host name is missing";
  HashedName hashed;
  bool is_hashed = *field.bytes == '|';
  if (is_hashed && !parse_hashed(field, &hashed)) return "the hashed host name is damaged";
  *matches = is_hashed ? match_hashed(&hashed, names->full) : match_list(field, names->full);
  if (*matches || !names->has_port) return NULL;
  *matches = is_hashed ? match_hashed(&hashed, names->bare) : match_list(field, names->bare);
  *without_port = *matches;
  return NULL;
}

/* Returns: NULL, or what is wrong with the line. */
static const char *parse_line(Slice line, unsigned number, const Names *names, idle_known_hosts *known) {
  while (line.size > 0 && is_blank(*line.bytes)) line.bytes++, line.size--;
  if (line.size > 0 && line.bytes[line.size - 1] == '\r') line.size--;
  if (line.size == 0 || *line.bytes == '#') return NULL;
  if (line.size > IDLE_KNOWN_HOSTS_MAX_LINE_BYTES) return "the line is too long";
  idle_known_entry entry = {.line = number};
  const char *fault = parse_marker(&line, &entry.kind);
  if (fault != NULL) return fault;
  bool matches;
  fault = match_names(next_field(&line), names, &matches, &entry.without_port);
  if (fault != NULL) return fault;
  Slice type = next_field(&line), base64 = next_field(&line);
  fault = parse_key(type, base64, &entry);
  if (fault == NULL && matches && !add_entry(known, &entry)) fault = NO_MEMORY;
  if (fault != NULL || !matches) free(entry.key);
  return fault;
}

static void warn(idle_known_hosts *known, unsigned file, unsigned line, const char *reason) {
  if (known->warning_count < IDLE_KNOWN_HOSTS_MAX_WARNINGS) {
    known->warnings[known->warning_count].file = file;
    known->warnings[known->warning_count].line = line;
    known->warnings[known->warning_count].reason = reason;
  }
  known->warning_count++;
}

static void lower_case(char *text) {
  for (; *text != '\0'; text++) *text = (char)tolower((unsigned char)*text);
}

static void make_names(const char *host, int port, Names *names) {
  names->has_port = port != 22;
  (void)snprintf(names->bare, sizeof names->bare, "%s", host);
  (void)snprintf(names->full, sizeof names->full, names->has_port ? "[%s]:%d" : "%s", host, port);
  lower_case(names->bare);
  lower_case(names->full);
}

bool idle_known_hosts_parse(const char *text, size_t size, const char *host, int port, idle_known_hosts *known) {
  *known = (idle_known_hosts){0};
  Names names;
  make_names(host, port, &names);
  const char *end = text + size;
  for (unsigned number = 1; text < end; number++) {
    const char *feed = memchr(text, '\n', (size_t)(end - text));
    Slice line = {text, (size_t)((feed == NULL ? end : feed) - text)};
    const char *fault = parse_line(line, number, &names, known);
    if (fault == NO_MEMORY) return false;
    if (fault != NULL) warn(known, 0, number, fault);
    text = feed == NULL ? end : feed + 1;
  }
  return true;
}

int idle_known_hosts_load(const char *path, const char *host, int port, idle_known_hosts *known) {
  *known = (idle_known_hosts){0};
  char *text;
  size_t size;
  int error = idle_read_file(path, IDLE_KNOWN_HOSTS_MAX_BYTES, &text, &size, NULL);
  known->is_missing = error == ENOENT || error == ENOTDIR;
  if (error != 0) return known->is_missing ? 0 : error;
  if (!idle_known_hosts_parse(text, size, host, port, known)) error = ENOMEM;
  free(text);
  return error;
}

bool idle_known_hosts_join(idle_known_hosts *known, idle_known_hosts *more, unsigned file) {
  known->is_missing = more->is_missing && (known->is_missing || file == 0);
  bool is_whole = true;
  for (size_t i = 0; i < more->count; i++) {
    more->entries[i].file = file;
    is_whole = is_whole && add_entry(known, &more->entries[i]);
    if (!is_whole) free(more->entries[i].key);
  }
  for (size_t i = 0; i < more->warning_count && i < IDLE_KNOWN_HOSTS_MAX_WARNINGS; i++)
    warn(known, file, more->warnings[i].line, more->warnings[i].reason);
  free(more->entries);
  *more = (idle_known_hosts){0};
  return is_whole;
}

char *idle_known_hosts_line(const char *host, int port, const char *type, const unsigned char *key, size_t key_size) {
  Names names;
  make_names(host, port, &names);
  char *line = NULL;
  unsigned char *base64 = malloc(key_size / 3 * 4 + 5);
  if (base64 == NULL) return NULL;
  EVP_EncodeBlock(base64, key, (int)key_size);
  if (asprintf(&line, "%s %s %s\n", names.full, type, (const char *)base64) < 0) line = NULL;
  free(base64);
  return line;
}

void idle_known_hosts_free(idle_known_hosts *known) {
  for (size_t i = 0; i < known->count; i++) free(known->entries[i].key);
  free(known->entries);
  *known = (idle_known_hosts){0};
}

bool idle_known_hosts_has_type(const idle_known_hosts *known, const char *type) {
  for (size_t i = 0; i < known->count; i++)
    if (known->entries[i].kind == IDLE_KNOWN_KEY && strcmp(known->entries[i].type, type) == 0) return true;
  return false;
}

static bool has_key(const idle_known_entry *entry, const unsigned char *key, size_t key_size) {
  return entry->key_size == key_size && memcmp(entry->key, key, key_size) == 0;
}

/* What one line says about a key. A line for the host
 * without its port vouches for a key, but does not rule others out, as in ssh. */
static idle_host_verdict judge_entry(const idle_known_entry *entry, const char *type, const unsigned char *key,
                                     size_t key_size) {
  if (entry->kind == IDLE_KNOWN_REVOKED) return has_key(entry, key, key_size) ? IDLE_HOST_REVOKED : IDLE_HOST_UNKNOWN;
  if (entry->kind == IDLE_KNOWN_CA) return IDLE_HOST_ONLY_CA;
  if (has_key(entry, key, key_size)) return IDLE_HOST_MATCHES;
  if (entry->without_port) return IDLE_HOST_UNKNOWN;
  return strcmp(entry->type, type) == 0 ? IDLE_HOST_CHANGED : IDLE_HOST_OTHER_TYPE;
}

idle_host_verdict idle_known_hosts_judge(const idle_known_hosts *known, const char *type, const unsigned char *key,
                                         size_t key_size, const idle_known_entry **entry) {
  idle_host_verdict verdict = IDLE_HOST_UNKNOWN;
  *entry = NULL;
  for (size_t i = 0; i < known->count; i++) {
    idle_host_verdict says = judge_entry(&known->entries[i], type, key, key_size);
    if (says <= verdict) continue;
    verdict = says;
    *entry = &known->entries[i];
  }
  return verdict;
}
