#include "dial.h"

#include "text.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t idle_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void idle_dial_begin(idle_dial *dial, struct addrinfo *addresses) {
  *dial = (idle_dial){.addresses = addresses, .current = addresses, .fd = -1};
}

static void set_option(int fd, int level, int option, int value) {
  /* A kernel that does not know one of them connects all the same. */
  (void)setsockopt(fd, level, option, &value, sizeof value);
}

static int at_least_1(int number) { return number < 1 ? 1 : number; }

/* So that a dead peer is noticed, with and without data under way. */
static void watch_peer(const idle_dial *dial) {
  int interval_s = at_least_1(dial->alive_interval_ms / 1000);
  set_option(dial->fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(dial->fd, IPPROTO_TCP, TCP_KEEPIDLE, interval_s);
  set_option(dial->fd, IPPROTO_TCP, TCP_KEEPINTVL, at_least_1(interval_s / 3));
  /* With it the kernel does not count probes: this is the time that may pass without an acknowledgement. */
  set_option(dial->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, dial->alive_interval_ms * dial->alive_count_max);
}

static int open_socket(const struct addrinfo *address) {
  int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); /* a handshake of libssh2 takes twice as long without it */
  return fd;
}

static int64_t share_of(const struct addrinfo *address, int64_t deadline_ms) {
  int64_t left = deadline_ms - idle_now_ms();
  int count = 0;
  for (; address != NULL; address = address->ai_next) count++;
  return count > 0 && left > 0 ? left / count : 0;
}

static void name_peer(idle_dial *dial) {
  if (getnameinfo(dial->current->ai_addr, dial->current->ai_addrlen, dial->peer, sizeof dial->peer, NULL, 0,
                  NI_NUMERICHOST) != 0)
    dial->peer[0] = '\0';
}

static void start(idle_dial *dial, int64_t deadline_ms) {
  name_peer(dial);
  dial->error = 0;
  dial->until_ms = idle_now_ms() + share_of(dial->current, deadline_ms);
  dial->fd = open_socket(dial->current);
  if (dial->fd < 0) {
    dial->error = errno;
    return;
  }
  watch_peer(dial);
  if (connect(dial->fd, dial->current->ai_addr, dial->current->ai_addrlen) != 0 && errno != EINPROGRESS)
    dial->error = errno;
}

static bool is_connected(idle_dial *dial) {
  struct pollfd poll_fd = {.fd = dial->fd, .events = POLLOUT};
  if (poll(&poll_fd, 1, 0) != 1) return false;
  socklen_t size = sizeof dial->error;
  if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &dial->error, &size) != 0) dial->error = errno;
  return dial->error == 0;
}

static void give_up(idle_dial *dial) {
  idle_text_add(dial->tried, sizeof dial->tried, "%s%s", dial->tried[0] == '\0' ? "" : ", ", dial->peer);
  if (dial->fd >= 0) close(dial->fd);
  dial->fd = -1;
  dial->current = dial->current->ai_next;
}

idle_ssh_status idle_dial_step(idle_dial *dial, int64_t deadline_ms) {
  while (dial->current != NULL) {
    if (dial->fd < 0) start(dial, deadline_ms);
    if (dial->error == 0 && is_connected(dial)) return IDLE_SSH_OK;
    if (dial->error == 0 && idle_now_ms() < dial->until_ms) return IDLE_SSH_AGAIN;
    if (dial->error == 0) dial->error = ETIMEDOUT;
    give_up(dial);
  }
  return IDLE_SSH_FAILED;
}

void idle_dial_close(idle_dial *dial) {
  if (dial->fd >= 0) close(dial->fd);
  if (dial->addresses != NULL) freeaddrinfo(dial->addresses);
  dial->addresses = NULL;
  dial->current = NULL;
  dial->fd = -1;
}
