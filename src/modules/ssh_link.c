#include "ssh_link.h"

#include "ssh_tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STDERR_LIMIT = 1024 * 1024, MAX_TRACE_BYTES = 256 * 1024 };

static void on_trace(void *context, const char *line) {
  idle_link *link = context;
  if (idle_buffer_size(&link->trace) > MAX_TRACE_BYTES) return;
  if (idle_buffer_append(&link->trace, line, strlen(line))) (void)idle_buffer_append(&link->trace, "\n", 1);
}

static void let_go(idle_link *link) {
  if (--link->holders > 0) return;
  idle_buffer_free(&link->trace);
  free(link->host);
  free(link);
}

/* Reads one stream into its buffer. Returns: whether anything is new. */
static bool fill(idle_link_pipe *pipe, idle_ssh_stream stream, idle_buffer *buffer, bool *is_ended) {
  if (*is_ended || pipe->is_lost) return false;
  char *room = idle_buffer_room(buffer, IDLE_SSH_READ_BYTES);
  if (room == NULL) return pipe->is_lost = pipe->is_short = true; /* no event would tell of it again */
  size_t count;
  idle_ssh_status status = idle_ssh_read(pipe->channel, stream, room, &count);
  idle_buffer_added(buffer, count);
  if (count == 0) idle_buffer_drop(buffer, 0); /* gives an empty buffer's memory back */
  if (status == IDLE_SSH_AGAIN) return false;
  pipe->is_lost = status == IDLE_SSH_FAILED;
  *is_ended = status == IDLE_SSH_OK && count == 0;
  return true;
}

static bool fill_out(idle_link_pipe *pipe) {
  bool is_new = false;
  while (idle_buffer_size(&pipe->out) < pipe->out_mark && fill(pipe, IDLE_SSH_STDOUT, &pipe->out, &pipe->is_out_ended))
    is_new = true;
  return is_new;
}

/* Stderr is always read: a command that talks there must not stop for it. */
static bool fill_err(idle_link_pipe *pipe) {
  bool is_new = false;
  while (fill(pipe, IDLE_SSH_STDERR, &pipe->err, &pipe->is_err_ended)) {
    is_new = true;
    idle_buffer_keep_last(&pipe->err, STDERR_LIMIT);
  }
  return is_new;
}

static bool has_flipped(bool *state, bool now) {
  bool has = !*state && now;
  *state = now;
  return has;
}

static bool serve_pipe(idle_link_pipe *pipe) {
  idle_ssh_error ignored;
  idle_ssh_exit exit;
  bool is_new = has_flipped(&pipe->is_started, idle_ssh_started(pipe->channel, &ignored) != IDLE_SSH_AGAIN);
  if (idle_ssh_started(pipe->channel, &ignored) == IDLE_SSH_OK) {
    is_new |= fill_out(pipe);
    is_new |= fill_err(pipe);
  }
  is_new |= has_flipped(&pipe->is_written, idle_ssh_is_written(pipe->channel));
  is_new |= has_flipped(&pipe->is_over, idle_ssh_exit_of(pipe->channel, &exit) != IDLE_SSH_AGAIN);
  return is_new;
}

static void on_poll_closed(uv_handle_t *poll) {
  let_go(poll->data);
  free(poll);
}

static void stop_polling(idle_link *link) {
  if (link->poll != NULL) uv_close((uv_handle_t *)link->poll, on_poll_closed);
  link->poll = NULL;
  link->polled_events = 0;
  idle_timer_stop(link->clock, &link->timer);
}

/* Of a connection in the making: the task does the rest. */
static void on_step(uv_poll_t *poll, int status, int events) {
  (void)status, (void)events;
  idle_link *link = poll->data;
  stop_polling(link); /* the next step may close the socket */
  idle_queue_wake(&link->waiting);
}

static void on_step_timeout(void *context) {
  idle_link *link = context;
  stop_polling(link);
  idle_queue_wake(&link->waiting);
}

static bool open_poll(idle_link *link, int fd) {
  uv_poll_t *poll = malloc(sizeof *poll);
  if (poll == NULL) return false;
  if (uv_poll_init(link->loop, poll, fd) != 0) {
    free(poll);
    return false;
  }
  poll->data = link;
  link->holders++;
  link->poll = poll;
  return true;
}

static int events_of(idle_ssh_interest interest) {
  return (interest.read ? UV_READABLE : 0) | (interest.write ? UV_WRITABLE : 0);
}

/* Wakes the connecting task at the next event, or when its time has come.
 * Returns: false when memory is short: nothing would wake it. */
static bool watch_step(idle_link *link) {
  idle_ssh_interest interest = idle_ssh_interest_of(link->ssh);
  int64_t delay_ms = interest.until_ms - idle_ssh_now_ms();
  if (interest.fd >= 0) {
    if (!open_poll(link, interest.fd)) return false;
    (void)uv_poll_start(link->poll, events_of(interest), on_step);
  }
  link->timer = link->clock->start(link->clock, delay_ms > 0 ? (uint64_t)delay_ms : 0, on_step_timeout, link);
  return link->timer != NULL;
}

static void on_event(uv_poll_t *poll, int status, int events) {
  idle_link *link = poll->data;
  if (status != 0 || (events & UV_DISCONNECT) != 0) idle_ssh_hung_up(link->ssh);
  if (status != 0) link->polled_events = 0; /* libuv has stopped polling */
  (void)idle_link_serve(link);
  idle_queue_wake(&link->waiting);
}

/* Keeps the poll of an open connection at what it waits for now. An idle connection
 * does not keep the program alive. */
void idle_link_watch(idle_link *link) {
  if (idle_ssh_is_lost(link->ssh)) {
    stop_polling(link);
    uv_timer_stop(&link->keepalive);
    return;
  }
  idle_ssh_interest interest = idle_ssh_interest_of(link->ssh);
  int events = events_of(interest) | UV_DISCONNECT;
  if (link->poll == NULL && !open_poll(link, interest.fd)) return;
  if (events == link->polled_events) return;
  link->polled_events = events;
  (void)uv_poll_start(link->poll, events, on_event);
  uv_unref((uv_handle_t *)link->poll);
}

static void on_keepalive(uv_timer_t *timer) {
  idle_link *link = timer->data;
  idle_ssh_keepalive(link->ssh);
  (void)idle_link_serve(link);
}

static void on_resolved(void *context) {
  idle_link *link = context;
  idle_addresses found = idle_resolve_take(link->resolve);
  idle_resolve_drop(link->resolve);
  link->resolve = NULL;
  idle_ssh_resolved(link->ssh, found.addresses, found.gai_error, found.system_error);
  stop_polling(link);
  idle_queue_wake(&link->waiting);
}

/* Keeps what is needed to go through the hop, once or twice. */
static bool go_through(idle_link *link, const idle_ssh_options *options, idle_link *hop) {
  link->host = strdup(options->host);
  link->port = options->port;
  link->hop = hop;
  hop->holders++;
  return link->host != NULL;
}

static void open_way(idle_link *link) {
  idle_tunnel_close(link->tunnel);
  link->tunnel = NULL;
  if (link->hop->ssh == NULL) {
    idle_ssh_way_lost(link->ssh, NULL);
    return;
  }
  link->tunnel = idle_tunnel_open(link->hop, link, link->host, link->port);
  if (link->tunnel != NULL)
    (void)idle_link_serve(link->hop);
  else
    idle_ssh_way_refused(link->ssh, "ssh.connect", "there is not enough memory");
}

static bool lacks_way(const idle_link *link) {
  return idle_ssh_wants_way(link->ssh) && (link->tunnel == NULL || !idle_tunnel_is_pending(link->tunnel));
}

static bool resolve(idle_link *link, const idle_ssh_options *options) {
  idle_addresses found;
  if (idle_resolve_now(options->host, options->port, &found)) {
    idle_ssh_resolved(link->ssh, found.addresses, 0, 0);
    return true;
  }
  link->resolve = idle_resolve_start(link->loop, options->host, options->port, on_resolved, link);
  return link->resolve != NULL;
}

static void on_keepalive_closed(uv_handle_t *timer) { let_go(timer->data); }

static idle_link *make(lua_State *L) {
  idle_link *link = calloc(1, sizeof *link);
  if (link == NULL) return NULL;
  link->loop = idle_loop(L);
  link->clock = idle_clock_of(L);
  link->holders = 2; /* the owner and the timer */
  TAILQ_INIT(&link->waiting);
  TAILQ_INIT(&link->pipes);
  TAILQ_INIT(&link->tunnels);
  uv_timer_init(link->loop, &link->keepalive);
  uv_unref((uv_handle_t *)&link->keepalive);
  link->keepalive.data = link;
  return link;
}

idle_link *idle_link_start(lua_State *L, idle_ssh_options *options, bool traces, idle_link *hop,
                           idle_ssh_error *error) {
  idle_link *link = make(L);
  *error = (idle_ssh_error){.kind = "ssh.connect", .message = "not enough memory for a connection"};
  if (link == NULL) return NULL;
  options->trace = traces ? on_trace : NULL;
  options->trace_context = link;
  options->via = hop == NULL ? NULL : hop->ssh;
  link->ssh = idle_ssh_new(options, error);
  if (link->ssh != NULL && (hop == NULL ? resolve(link, options) : go_through(link, options, hop))) return link;
  idle_link_close(link);
  idle_link_release(link);
  return NULL;
}

static idle_ssh_status fail_watch(const idle_link *link, idle_ssh_error *error) {
  *error = (idle_ssh_error){.kind = "ssh.connect", .is_before_sending = true};
  (void)snprintf(error->message, sizeof error->message, "not enough memory to wait for '%s'", idle_ssh_url(link->ssh));
  return IDLE_SSH_FAILED;
}

idle_ssh_status idle_link_connect(idle_link *link, idle_ssh_error *error) {
  stop_polling(link);
  idle_ssh_status status = idle_ssh_connect(link->ssh, error);
  if (status == IDLE_SSH_AGAIN && lacks_way(link)) {
    open_way(link);
    status = idle_ssh_connect(link->ssh, error); /* it may be there already, or refused */
  }
  if (status == IDLE_SSH_AGAIN && !watch_step(link)) return fail_watch(link, error);
  if (status != IDLE_SSH_OK) return status;
  link->is_open = true;
  idle_link_watch(link);
  if (link->poll == NULL && !idle_ssh_is_lost(link->ssh)) return fail_watch(link, error);
  uint64_t interval_ms = idle_ssh_alive_interval_ms(link->ssh);
  uv_timer_start(&link->keepalive, on_keepalive, interval_ms, interval_ms);
  return IDLE_SSH_OK;
}

void idle_link_close(idle_link *link) {
  if (link->ssh == NULL && uv_is_closing((uv_handle_t *)&link->keepalive)) return;
  stop_polling(link);
  idle_resolve_drop(link->resolve);
  link->resolve = NULL;
  idle_tunnels_cut(link);
  idle_tunnel_close(link->tunnel);
  link->tunnel = NULL;
  if (link->hop != NULL) let_go(link->hop);
  link->hop = NULL;
  uv_close((uv_handle_t *)&link->keepalive, on_keepalive_closed);
  idle_ssh_free(link->ssh);
  link->ssh = NULL;
  idle_queue_wake(&link->waiting);
}

void idle_link_release(idle_link *link) { let_go(link); }

bool idle_link_serve(idle_link *link) {
  if (link->ssh == NULL) return false;
  idle_ssh_pump(link->ssh);
  bool is_new = false;
  idle_link_pipe *pipe;
  TAILQ_FOREACH(pipe, &link->pipes, place) is_new |= serve_pipe(pipe);
  idle_tunnels_serve(link);
  idle_link_watch(link);
  if (is_new) idle_queue_wake(&link->waiting);
  return is_new;
}

idle_link_pipe *idle_link_exec(idle_link *link, const char *command, size_t size) {
  idle_link_pipe *pipe = calloc(1, sizeof *pipe);
  if (pipe == NULL) return NULL;
  pipe->channel = idle_ssh_exec(link->ssh, command, size);
  if (pipe->channel == NULL) {
    free(pipe);
    return NULL;
  }
  pipe->link = link;
  link->holders++;
  TAILQ_INSERT_TAIL(&link->pipes, pipe, place);
  return pipe;
}

void idle_link_pipe_close(idle_link_pipe *pipe) {
  idle_link *link = pipe->link;
  if (link == NULL) return;
  pipe->link = NULL;
  TAILQ_REMOVE(&link->pipes, pipe, place);
  idle_ssh_channel_free(pipe->channel);
  pipe->channel = NULL;
  idle_buffer_free(&pipe->out);
  idle_buffer_free(&pipe->err);
  if (link->ssh != NULL) idle_link_watch(link);
  idle_queue_wake(&link->waiting);
  let_go(link);
}
