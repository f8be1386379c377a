#include "agent.h"

#include "known_hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_ANSWER_BYTES (256u * 1024)

/* draft-miller-ssh-agent */
enum { REQUEST_IDENTITIES = 11, IDENTITIES_ANSWER = 12, SIGN_REQUEST = 13, SIGN_RESPONSE = 14 };

typedef struct {
  const unsigned char *bytes;
  size_t size;
} Slice;

static size_t read_u32(const unsigned char *b) {
  return (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
}

static unsigned char *write_u32(unsigned char *at, size_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) *at++ = (unsigned char)(value >> shift);
  return at;
}

static unsigned char *write_string(unsigned char *at, const unsigned char *bytes, size_t size) {
  at = write_u32(at, size);
  memcpy(at, bytes, size);
  return at + size;
}

static bool take_string(Slice *from, Slice *taken) {
  if (from->size < 4) return false;
  size_t size = read_u32(from->bytes);
  if (size > from->size - 4) return false;
  *taken = (Slice){from->bytes + 4, size};
  from->bytes += 4 + size, from->size -= 4 + size;
  return true;
}

int idle_agent_open(idle_agent *agent, const char *path) {
  *agent = (idle_agent){.fd = -1};
  if (path == NULL) path = getenv("SSH_AUTH_SOCK");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (path == NULL || *path == '\0' || strlen(path) >= sizeof address.sun_path) return ENOENT;
  strcpy(address.sun_path, path);
  agent->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (agent->fd < 0) return errno;
  return connect(agent->fd, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
}

static void drop_message(idle_agent *agent) {
  free(agent->message);
  agent->message = NULL;
  agent->size = agent->progress = 0;
  agent->is_answer = false;
}

void idle_agent_close(idle_agent *agent) {
  drop_message(agent);
  for (size_t i = 0; i < agent->key_count; i++) free(agent->keys[i].blob);
  if (agent->fd >= 0) close(agent->fd);
  *agent = (idle_agent){.fd = -1};
}

static idle_ssh_status is_over(ssize_t count) {
  if (count > 0) return IDLE_SSH_OK;
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) ? IDLE_SSH_AGAIN : IDLE_SSH_FAILED;
}

static idle_ssh_status send_request(idle_agent *agent) {
  while (agent->progress < agent->size) {
    ssize_t count = send(agent->fd, agent->message + agent->progress, agent->size - agent->progress, MSG_NOSIGNAL);
    idle_ssh_status status = is_over(count);
    if (status != IDLE_SSH_OK) return status;
    agent->progress += (size_t)count;
  }
  drop_message(agent);
  agent->message = malloc(4);
  if (agent->message == NULL) return IDLE_SSH_FAILED;
  agent->size = 4;
  agent->is_answer = true;
  return IDLE_SSH_OK;
}

/* The length field is there: makes room for the rest. */
static bool grow_answer(idle_agent *agent) {
  size_t length = read_u32(agent->message);
  if (length == 0 || length > MAX_ANSWER_BYTES) return false;
  unsigned char *grown = realloc(agent->message, 4 + length);
  if (grown == NULL) return false;
  agent->message = grown;
  agent->size = 4 + length;
  return true;
}

static idle_ssh_status receive_answer(idle_agent *agent) {
  while (agent->progress < agent->size) {
    ssize_t count = recv(agent->fd, agent->message + agent->progress, agent->size - agent->progress, 0);
    idle_ssh_status status = is_over(count);
    if (status != IDLE_SSH_OK) return status;
    agent->progress += (size_t)count;
    if (agent->progress == 4 && agent->size == 4 && !grow_answer(agent)) return IDLE_SSH_FAILED;
  }
  return IDLE_SSH_OK;
}

/* Neither is a request under way, nor is its answer still to come. */
static bool is_free(const idle_agent *agent) {
  return agent->message == NULL || (agent->is_answer && agent->size > 4 && agent->progress == agent->size);
}

/* Room for a request of `size` bytes behind the length field. */
static unsigned char *begin_request(idle_agent *agent, size_t size) {
  drop_message(agent);
  agent->message = malloc(4 + size);
  if (agent->message == NULL) return NULL;
  agent->size = 4 + size;
  return write_u32(agent->message, size);
}

/* Carries the request to its answer, of the given number. */
static idle_ssh_status exchange(idle_agent *agent, unsigned char number, Slice *answer) {
  idle_ssh_status status = agent->is_answer ? IDLE_SSH_OK : send_request(agent);
  if (status == IDLE_SSH_OK) status = receive_answer(agent);
  if (status != IDLE_SSH_OK) return status;
  *answer = (Slice){agent->message + 5, agent->size - 5};
  return agent->message[4] == number ? IDLE_SSH_OK : IDLE_SSH_FAILED;
}

/* Security keys and certificates are left out: libssh2 can't send them. */
static bool is_usable(const char *type) {
  return strcmp(type, "ssh-ed25519") == 0 || strcmp(type, "ssh-rsa") == 0 ||
         (strncmp(type, "ecdsa-sha2-nistp", 16) == 0 && strchr(type, '@') == NULL);
}

static bool add_key(idle_agent *agent, Slice blob) {
  idle_agent_key *key = &agent->keys[agent->key_count];
  if (agent->key_count == IDLE_AGENT_MAX_KEYS) return true;
  bool has_type = idle_key_type(blob.bytes, blob.size, key->type, sizeof key->type);
  if (!has_type || !is_usable(key->type)) {
    agent->foreign_count++;
    return true;
  }
  key->blob = malloc(blob.size);
  if (key->blob == NULL) return false;
  memcpy(key->blob, blob.bytes, blob.size);
  key->size = blob.size;
  agent->key_count++;
  return true;
}

idle_ssh_status idle_agent_list(idle_agent *agent) {
  if (is_free(agent)) {
    unsigned char *at = begin_request(agent, 1);
    if (at == NULL) return IDLE_SSH_FAILED;
    *at = REQUEST_IDENTITIES;
  }
  Slice answer, blob, comment;
  idle_ssh_status status = exchange(agent, IDENTITIES_ANSWER, &answer);
  if (status != IDLE_SSH_OK) return status;
  if (answer.size < 4) return IDLE_SSH_FAILED;
  size_t count = read_u32(answer.bytes);
  answer.bytes += 4, answer.size -= 4;
  for (; count > 0; count--)
    if (!take_string(&answer, &blob) || !take_string(&answer, &comment) || !add_key(agent, blob))
      return IDLE_SSH_FAILED;
  drop_message(agent);
  return IDLE_SSH_OK;
}

static bool request_signature(idle_agent *agent, const idle_agent_key *key, const unsigned char *data, size_t size) {
  unsigned char *at = begin_request(agent, 1 + 4 + key->size + 4 + size + 4);
  if (at == NULL) return false;
  *at++ = SIGN_REQUEST;
  at = write_string(at, key->blob, key->size);
  at = write_string(at, data, size);
  write_u32(at, 0); /* no flags */
  return true;
}

idle_ssh_status idle_agent_sign(idle_agent *agent, const idle_agent_key *key, const unsigned char *data, size_t size,
                                const unsigned char **signature, size_t *signature_size) {
  if (is_free(agent) && !request_signature(agent, key, data, size)) return IDLE_SSH_FAILED;
  Slice answer, whole, name, bare;
  idle_ssh_status status = exchange(agent, SIGN_RESPONSE, &answer);
  if (status != IDLE_SSH_OK) return status;
  if (!take_string(&answer, &whole) || !take_string(&whole, &name) || !take_string(&whole, &bare))
    return IDLE_SSH_FAILED;
  *signature = bare.bytes;
  *signature_size = bare.size;
  return IDLE_SSH_OK;
}
