/* The peer of bench/ssh_connect.lua: libssh2 as its examples use it, blocking,
 * with TCP_NODELAY. Prints how long connecting and logging in takes, in
 * seconds, once for each line that it reads.
 * Usage: ssh_connect PORT USER IDENTITY_FILE */
#include <arpa/inet.h>
#include <libssh2.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what) {
  fprintf(stderr, "ssh_connect: %s failed\n", what);
  exit(EXIT_FAILURE);
}

static int connect_to(int port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((unsigned short)port)};
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  return fd;
}

static void log_in_and_out(int port, const char *user, const char *identity_file) {
  double begun = now();
  int fd = connect_to(port);
  LIBSSH2_SESSION *session = libssh2_session_init();
  if (libssh2_session_handshake(session, fd) != 0) fail("handshake");
  if (libssh2_userauth_publickey_fromfile(session, user, NULL, identity_file, "") != 0) fail("login");
  printf("%.6f\n", now() - begun);
  fflush(stdout);
  libssh2_session_disconnect(session, "done");
  libssh2_session_free(session);
  close(fd);
}

int main(int count, char **arguments) {
  char line[16];
  if (count != 4 || libssh2_init(0) != 0) fail("start");
  while (fgets(line, sizeof line, stdin) != NULL) log_in_and_out(atoi(arguments[1]), arguments[2], arguments[3]);
  return 0;
}
