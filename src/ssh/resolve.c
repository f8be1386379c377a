#include "resolve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STACK_BYTES (512u * 1024)

struct idle_resolve {
  uv_async_t async;
  void (*on_done)(void *context);
  void *context;
  char *host;
  char port[8];
  idle_addresses found;

  pthread_mutex_t lock; /* of the rest */
  bool is_dropped;      /* the loop's side is gone: no call of `async` any more */
  int holders;          /* the thread, and the handle */
};

static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV};

bool idle_resolve_now(const char *host, int port, idle_addresses *found) {
  struct addrinfo numeric = hints;
  numeric.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  char service[8];
  (void)snprintf(service, sizeof service, "%d", port);
  *found = (idle_addresses){0};
  return getaddrinfo(host, service, &numeric, &found->addresses) == 0;
}

static void release(idle_resolve *resolve) {
  pthread_mutex_lock(&resolve->lock);
  bool is_last = --resolve->holders == 0;
  pthread_mutex_unlock(&resolve->lock);
  if (!is_last) return;
  if (resolve->found.addresses != NULL) freeaddrinfo(resolve->found.addresses);
  pthread_mutex_destroy(&resolve->lock);
  free(resolve->host);
  free(resolve);
}

static void *look_up(void *argument) {
  idle_resolve *resolve = argument;
  idle_addresses found = {0};
  found.gai_error = getaddrinfo(resolve->host, resolve->port, &hints, &found.addresses);
  found.system_error = errno;
  if (found.gai_error != 0) found.addresses = NULL;
  pthread_mutex_lock(&resolve->lock);
  resolve->found = found;
  if (!resolve->is_dropped) (void)uv_async_send(&resolve->async);
  pthread_mutex_unlock(&resolve->lock);
  release(resolve);
  return NULL;
}

static void on_async(uv_async_t *async) {
  idle_resolve *resolve = async->data;
  resolve->on_done(resolve->context);
}

static void on_closed(uv_handle_t *async) { release(async->data); }

/* Signals are for the main thread. */
static int start_thread(idle_resolve *resolve) {
  pthread_attr_t attributes;
  pthread_t thread;
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(&thread, &attributes, look_up, resolve);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return error;
}

idle_resolve *idle_resolve_start(uv_loop_t *loop, const char *host, int port, void (*on_done)(void *context),
                                 void *context) {
  idle_resolve *resolve = calloc(1, sizeof *resolve);
  char *name = strdup(host);
  if (resolve == NULL || name == NULL || uv_async_init(loop, &resolve->async, on_async) != 0) {
    free(resolve);
    free(name);
    return NULL;
  }
  resolve->async.data = resolve;
  resolve->on_done = on_done;
  resolve->context = context;
  resolve->host = name;
  (void)snprintf(resolve->port, sizeof resolve->port, "%d", port);
  pthread_mutex_init(&resolve->lock, NULL);
  resolve->holders = 2;
  if (start_thread(resolve) == 0) return resolve;
  resolve->holders = 1;
  idle_resolve_drop(resolve);
  return NULL;
}

idle_addresses idle_resolve_take(idle_resolve *resolve) {
  pthread_mutex_lock(&resolve->lock);
  idle_addresses found = resolve->found;
  resolve->found = (idle_addresses){0};
  pthread_mutex_unlock(&resolve->lock);
  return found;
}

void idle_resolve_drop(idle_resolve *resolve) {
  if (resolve == NULL) return;
  pthread_mutex_lock(&resolve->lock);
  resolve->is_dropped = true;
  pthread_mutex_unlock(&resolve->lock);
  uv_close((uv_handle_t *)&resolve->async, on_closed);
}
