/* An SSH server that answers a password by asking for a new one, by
 * SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, which OpenSSH's never does; others do, and
 * Windows' did. It listens on loopback, prints its port and its fingerprint, and
 * for each connection a line: the numbers of the client's messages. */
#include "ssh_server.h"
#include "target.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

static bool is_over(int fd) {
  char byte;
  struct pollfd wait = {.fd = fd, .events = POLLIN};
  MUST(poll(&wait, 1, -1) == 1);
  return recv(fd, &byte, 1, MSG_PEEK) <= 0;
}

static void serve(int fd) {
  fuzz_server *server = fuzz_server_new(fd, FUZZ_EXPIRED);
  fuzz_server_greet(server);
  do {
    while (fuzz_server_next(server, true)) printf("%d ", fuzz_server_last_message(server));
  } while (!is_over(fd));
  puts("end");
  (void)fflush(stdout);
  fuzz_server_free(server);
}

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  MUST(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 8) == 0);
  MUST(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
  printf("%d %s\n", ntohs(address.sin_port), fuzz_server_fingerprint());
  (void)fflush(stdout);
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    MUST(fd >= 0);
    serve(fd);
  }
}
