/* How dial.c goes through several addresses. */
#include "check.h"
#include "dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_on(int backlog, int *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, backlog) == 0);
  CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
  *port = ntohs(address.sin_port);
  return fd;
}

/* The list that getaddrinfo() would give for a name with loopback addresses at these ports. */
static struct addrinfo *addresses(const int *ports, size_t count) {
  struct addrinfo *first = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
  for (size_t i = count; i > 0; i--) {
    struct addrinfo *one;
    char port[8];
    snprintf(port, sizeof port, "%d", ports[i - 1]);
    CHECK(getaddrinfo("127.0.0.1", port, &hints, &one) == 0);
    one->ai_next = first;
    first = one;
  }
  return first;
}

static idle_ssh_status dial_all(idle_dial *dial, const int *ports, size_t count, int64_t timeout_ms) {
  int64_t deadline_ms = idle_now_ms() + timeout_ms;
  idle_dial_begin(dial, addresses(ports, count));
  idle_ssh_status status;
  while ((status = idle_dial_step(dial, deadline_ms)) == IDLE_SSH_AGAIN) {
    struct pollfd wait = {.fd = dial->fd, .events = POLLOUT};
    int64_t left = dial->until_ms - idle_now_ms();
    poll(&wait, 1, left > 0 ? (int)left : 0);
  }
  return status;
}

/* A port at which nobody listens. */
static int dead_port(void) {
  int port;
  close(listen_on(1, &port));
  return port;
}

/* A port at which connections are neither accepted nor refused: its queue is full. */
static int black_hole(int *fds, size_t count) {
  int port;
  fds[0] = listen_on(0, &port);
  for (size_t i = 1; i < count; i++) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(connect(fds[i], (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS);
  }
  return port;
}

static void takes_the_next_after_a_refusal(void) {
  int good, fd = listen_on(5, &good);
  int ports[] = {dead_port(), dead_port(), good};
  idle_dial dial;
  CHECK(dial_all(&dial, ports, 3, 10000) == IDLE_SSH_OK);
  CHECK(strcmp(dial.tried, "127.0.0.1, 127.0.0.1") == 0);
  idle_dial_close(&dial);
  close(fd);
}

static void leaves_a_black_hole_in_time(void) {
  int holes[8], good, fd = listen_on(5, &good);
  int ports[] = {black_hole(holes, 8), good};
  int64_t begun_ms = idle_now_ms();
  idle_dial dial;
  CHECK(dial_all(&dial, ports, 2, 600) == IDLE_SSH_OK);
  CHECK(idle_now_ms() - begun_ms >= 250);
  idle_dial_close(&dial);
  for (int i = 0; i < 8; i++) close(holes[i]);
  close(fd);
}

static void says_why_all_failed(void) {
  int holes[8];
  int refused = dead_port(), silent = black_hole(holes, 8);
  idle_dial dial;
  CHECK(dial_all(&dial, &refused, 1, 10000) == IDLE_SSH_FAILED && dial.error == ECONNREFUSED);
  idle_dial_close(&dial);
  CHECK(dial_all(&dial, &silent, 1, 100) == IDLE_SSH_FAILED && dial.error == ETIMEDOUT);
  idle_dial_close(&dial);
  for (int i = 0; i < 8; i++) close(holes[i]);
}

int main(void) {
  takes_the_next_after_a_refusal();
  leaves_a_black_hole_in_time();
  says_why_all_failed();
  return 0;
}
