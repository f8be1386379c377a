/* What memory.c and channel.c do with the memory of libssh2. */
#include "check.h"
#include "memory.h"
#include "state.h"

#include <string.h>

static unsigned char seen[64];
static size_t seen_size;

static void note(void *context, const unsigned char *bytes, size_t size) {
  (void)context;
  seen_size = size;
  memcpy(seen, bytes, size < sizeof seen ? size : sizeof seen);
}

static void shows_what_it_frees(void) {
  idle_memory memory = {.limit_bytes = 1000, .on_free = note};
  char *bytes = idle_memory_alloc(&memory, 10);
  CHECK(bytes != NULL && bytes[0] == 0 && bytes[9] == 0);
  memcpy(bytes, "0123456789", 10);
  bytes = idle_memory_realloc(&memory, bytes, 20);
  CHECK(seen_size == 10 && memcmp(seen, "0123456789", 10) == 0);
  CHECK(memcmp(bytes, "0123456789", 10) == 0 && bytes[10] == 0);
  idle_memory_free(&memory, bytes);
  CHECK(seen_size == 20 && memory.used_bytes == 0);
}

static void keeps_to_its_limit(void) {
  idle_memory memory = {.limit_bytes = 1000};
  CHECK(idle_memory_alloc(&memory, 1001) == NULL);
  CHECK(idle_memory_alloc(&memory, (size_t)-1) == NULL);
  CHECK(idle_memory_alloc(&memory, 600) != NULL && idle_memory_alloc(&memory, 600) == NULL);
  CHECK(idle_memory_alloc(&memory, 400) != NULL);
  idle_memory_free_all(&memory);
  CHECK(memory.used_bytes == 0 && memory.blocks == NULL);
}

static bool is_wanted(const void *context, const unsigned char *bytes, size_t size) {
  return size == 7 && bytes[0] == *(const char *)context;
}

static void finds_a_block(void) {
  idle_memory memory = {.limit_bytes = 1000, .hides = true};
  char *bytes = idle_memory_alloc(&memory, 7);
  CHECK(bytes != NULL && idle_memory_alloc(&memory, 8) != NULL);
  bytes[0] = 'x';
  CHECK(idle_memory_has(&memory, is_wanted, "x") && !idle_memory_has(&memory, is_wanted, "y"));
  idle_memory_free_all(&memory);
  CHECK(!idle_memory_has(&memory, is_wanted, "x"));
}

/* libssh2 says 0 for the exit status of a command for which none was sent. */
static void tells_no_status_from_zero(void) {
  static const unsigned char opening[] = "\132\0\0\0\7session\0\0\0\5\0\40\0\0\0\0\200\0";
  static unsigned char status[] = "\142\0\0\0\5\0\0\0\13exit-status\0\0\0\0\0";
  idle_ssh ssh = {.port = 22};
  idle_channel_observe(&ssh, opening, sizeof opening - 1);
  CHECK(ssh.next_id == 5);
  idle_ssh_channel *channel = idle_ssh_exec(&ssh, "true", 4);
  idle_ssh_exit ending;
  idle_channel_observe(&ssh, status, sizeof status - 1); /* it was not opened yet */
  CHECK(idle_ssh_exit_of(channel, &ending) == IDLE_SSH_AGAIN && !ending.has_status);
  idle_ssh_channel_free(channel);
  CHECK(ssh.channels == NULL);
}

int main(void) {
  shows_what_it_frees();
  keeps_to_its_limit();
  finds_a_block();
  tells_no_status_from_zero();
  return 0;
}
