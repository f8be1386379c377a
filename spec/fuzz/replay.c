/* Stands in for libFuzzer where the compiler has none: runs each file of the corpus once. */
#include "target.h"

#include <dirent.h>
#include <string.h>

#define MAX_INPUT_BYTES (1024u * 1024)

static void replay(const char *path) {
  FILE *file = fopen(path, "rb");
  uint8_t *room = malloc(MAX_INPUT_BYTES);
  MUST(file != NULL && room != NULL);
  size_t size = fread(room, 1, MAX_INPUT_BYTES, file);
  (void)fclose(file);
  /* In memory of its own, so that ASan sees a read beyond its end. */
  uint8_t *bytes = malloc(size);
  MUST(bytes != NULL || size == 0);
  if (size > 0) memcpy(bytes, room, size);
  free(room);
  fprintf(stderr, "%s\n", path);
  LLVMFuzzerTestOneInput(bytes, size);
  free(bytes);
}

int main(int argc, char **argv) {
  LLVMFuzzerInitialize(&argc, &argv);
  MUST(argc == 2);
  DIR *folder = opendir(argv[1]);
  MUST(folder != NULL);
  unsigned count = 0;
  for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
    replay(path);
    count++;
  }
  (void)closedir(folder);
  MUST(count > 0);
  return 0;
}
