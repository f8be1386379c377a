#include "ssh_tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* One tunnel must not keep the loop from everything else. */
enum { PIECE_BYTES = 32768, PIECES_A_TURN = 16 };

struct idle_tunnel {
  TAILQ_ENTRY(idle_tunnel) place; /* among those of the hop */
  idle_link *hop;                 /* NULL once cut */
  idle_link *inner;
  idle_ssh_channel *channel; /* of the hop; NULL once cut */
  int fd;                    /* our end; -1 before it is open, and once it is over */
  uv_poll_t *poll;           /* of it; freed by its close callback */
  int polled_events;
  idle_buffer down; /* came from the hop, and did not fit into the socket */
  bool is_over;
  bool has_ended; /* nothing more comes from the hop */
};

static void on_poll_closed(uv_handle_t *poll) { free(poll); }

static void close_socket(idle_tunnel *tunnel) {
  if (tunnel->poll != NULL) uv_close((uv_handle_t *)tunnel->poll, on_poll_closed);
  tunnel->poll = NULL;
  tunnel->polled_events = 0;
  if (tunnel->fd >= 0) close(tunnel->fd);
  tunnel->fd = -1;
  idle_buffer_free(&tunnel->down);
}

/* The channel ends as well: the inner client has closed its end. */
static void end(idle_tunnel *tunnel) {
  close_socket(tunnel);
  tunnel->is_over = true;
  idle_ssh_channel_free(tunnel->channel);
  tunnel->channel = NULL;
}

/* A stream with a hole in it is worse than none. */
static void fail(idle_tunnel *tunnel) {
  idle_ssh_way_refused(tunnel->inner->ssh, "ssh.lost", "there was not enough memory for the way through the hop");
  end(tunnel);
}

static void serve(idle_tunnel *tunnel);

static void on_socket(uv_poll_t *poll, int status, int events) {
  (void)events;
  idle_tunnel *tunnel = poll->data;
  if (status != 0) tunnel->polled_events = 0; /* libuv has stopped polling */
  serve(tunnel);
  if (idle_ssh_is_lost(tunnel->hop->ssh))
    (void)idle_link_serve(tunnel->hop); /* which tells all that run through it */
  else
    idle_link_watch(tunnel->hop);
}

static bool make_pair(idle_tunnel *tunnel, int *other) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) return false;
  uv_poll_t *poll = malloc(sizeof *poll);
  if (poll == NULL || uv_poll_init(tunnel->hop->loop, poll, ends[0]) != 0) {
    free(poll);
    close(ends[0]);
    close(ends[1]);
    return false;
  }
  poll->data = tunnel;
  tunnel->poll = poll;
  tunnel->fd = ends[0];
  *other = ends[1];
  return true;
}

/* From the inner client to the hop. Returns: whether there may be more. */
static bool move_up(idle_tunnel *tunnel) {
  char bytes[PIECE_BYTES];
  if (!idle_ssh_is_written(tunnel->channel)) return false;
  ssize_t size = recv(tunnel->fd, bytes, sizeof bytes, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  size_t taken = 0;
  if (size > 0) (void)idle_ssh_write(tunnel->channel, bytes, (size_t)size, &taken); /* it takes all, or nothing more */
  if (size > 0 && taken == (size_t)size) return true;
  /* What waits for the inner client is its last word, and of a hop that is lost it is told. */
  if (size <= 0 || tunnel->has_ended)
    end(tunnel);
  else if (idle_buffer_size(&tunnel->down) == 0 && !idle_ssh_is_lost(tunnel->hop->ssh))
    fail(tunnel);
  return false;
}

/* Returns: whether the socket took all that waited. */
static bool flush(idle_tunnel *tunnel) {
  size_t size = idle_buffer_size(&tunnel->down);
  if (size == 0) return true;
  ssize_t sent = send(tunnel->fd, idle_buffer_bytes(&tunnel->down), size, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) {
    end(tunnel);
    return false;
  }
  if (sent > 0) idle_buffer_drop(&tunnel->down, (size_t)sent);
  return sent == (ssize_t)size;
}

/* The inner client's socket has come to its end: it need not wait for the event. */
static void tell(idle_link *inner) {
  if (inner->is_open) {
    idle_ssh_hung_up(inner->ssh);
    (void)idle_link_serve(inner);
  }
  idle_queue_wake(&inner->waiting);
}

static void note_end(idle_tunnel *tunnel) {
  bool is_lost = idle_ssh_is_lost(tunnel->hop->ssh);
  tunnel->has_ended = true;
  if (is_lost) idle_ssh_way_lost(tunnel->inner->ssh, tunnel->hop->ssh);
  (void)shutdown(tunnel->fd, SHUT_WR);
  if (is_lost) tell(tunnel->inner);
}

/* From the hop to the inner client. Returns: whether there may be more. */
static bool move_down(idle_tunnel *tunnel) {
  if (!flush(tunnel) || tunnel->has_ended) return false;
  char *room = idle_buffer_room(&tunnel->down, IDLE_SSH_READ_BYTES);
  if (room == NULL) {
    fail(tunnel);
    return false;
  }
  size_t count;
  idle_ssh_status status = idle_ssh_read(tunnel->channel, IDLE_SSH_STDOUT, room, &count);
  idle_buffer_added(&tunnel->down, count);
  if (count == 0) idle_buffer_drop(&tunnel->down, 0); /* gives the memory back */
  if (status == IDLE_SSH_AGAIN) return false;
  if (count == 0) note_end(tunnel);
  return flush(tunnel);
}

static void watch(idle_tunnel *tunnel) {
  if (tunnel->poll == NULL) return;
  int events = (idle_ssh_is_written(tunnel->channel) ? UV_READABLE : 0) |
               (idle_buffer_size(&tunnel->down) > 0 ? UV_WRITABLE : 0);
  if (events == tunnel->polled_events) return;
  tunnel->polled_events = events;
  if (events == 0) {
    uv_poll_stop(tunnel->poll);
    return;
  }
  (void)uv_poll_start(tunnel->poll, events, on_socket);
  uv_unref((uv_handle_t *)tunnel->poll); /* those who wait on the inner connection keep the program alive */
}

static void refuse(idle_tunnel *tunnel, const char *kind, const char *text) {
  tunnel->is_over = true;
  idle_ssh_way_refused(tunnel->inner->ssh, kind, text);
  idle_queue_wake(&tunnel->inner->waiting);
}

static void begin(idle_tunnel *tunnel) {
  idle_ssh_error error;
  int other;
  switch (idle_ssh_started(tunnel->channel, &error)) {
  case IDLE_SSH_AGAIN:
    break;
  case IDLE_SSH_FAILED:
    refuse(tunnel, error.kind, error.message);
    break;
  case IDLE_SSH_OK:
    if (!make_pair(tunnel, &other)) {
      refuse(tunnel, "ssh.connect",
             "there is not enough memory for the way, or there are too many open files (ulimit -n)");
      break;
    }
    idle_ssh_way_opened(tunnel->inner->ssh, other);
    idle_queue_wake(&tunnel->inner->waiting);
  }
}

idle_tunnel *idle_tunnel_open(idle_link *hop, idle_link *inner, const char *host, int port) {
  idle_tunnel *tunnel = calloc(1, sizeof *tunnel);
  if (tunnel == NULL) return NULL;
  tunnel->channel = idle_ssh_forward(hop->ssh, host, port);
  if (tunnel->channel == NULL) {
    free(tunnel);
    return NULL;
  }
  tunnel->fd = -1;
  tunnel->hop = hop;
  tunnel->inner = inner;
  TAILQ_INSERT_TAIL(&hop->tunnels, tunnel, place);
  return tunnel;
}

bool idle_tunnel_is_pending(const idle_tunnel *tunnel) { return tunnel->fd < 0 && !tunnel->is_over; }

/* What the hop has sent is moved to the end, as no event tells of it again; its window limits it. */
static void serve(idle_tunnel *tunnel) {
  if (idle_tunnel_is_pending(tunnel)) begin(tunnel);
  while (tunnel->fd >= 0 && move_down(tunnel)) continue;
  for (int i = 0; i < PIECES_A_TURN && tunnel->fd >= 0 && move_up(tunnel); i++) continue;
  watch(tunnel);
}

void idle_tunnels_serve(idle_link *hop) {
  idle_tunnel *tunnel;
  TAILQ_FOREACH(tunnel, &hop->tunnels, place) serve(tunnel);
}

static void leave_hop(idle_tunnel *tunnel) {
  if (tunnel->hop == NULL) return;
  TAILQ_REMOVE(&tunnel->hop->tunnels, tunnel, place);
  tunnel->hop = NULL;
}

static void cut(idle_tunnel *tunnel) {
  idle_link *inner = tunnel->inner;
  leave_hop(tunnel);
  end(tunnel);
  idle_ssh_way_lost(inner->ssh, NULL);
  tell(inner);
}

void idle_tunnels_cut(idle_link *hop) {
  while (!TAILQ_EMPTY(&hop->tunnels)) cut(TAILQ_FIRST(&hop->tunnels));
}

void idle_tunnel_close(idle_tunnel *tunnel) {
  if (tunnel == NULL) return;
  idle_link *hop = tunnel->hop;
  leave_hop(tunnel);
  end(tunnel);
  free(tunnel);
  if (hop != NULL) (void)idle_link_serve(hop); /* others may have waited for this one to be opened */
}
