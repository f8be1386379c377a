#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One byte stays free for the terminator. */
static int read_all(int fd, size_t limit, char *text, size_t *size) {
  while (*size <= limit) {
    ssize_t count = read(fd, text + *size, limit + 1 - *size);
    if (count == 0) return 0;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    *size += (size_t)count;
  }
  return EFBIG;
}

/* As in ssh: whoever owns a file answers for its mode, so others' files are not judged. */
static bool is_exposed_file(int fd) {
  struct stat file;
  return fstat(fd, &file) == 0 && file.st_uid == getuid() && (file.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

int idle_read_file(const char *path, size_t limit, char **text, size_t *size, bool *is_exposed) {
  *text = NULL;
  *size = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return errno;
  if (is_exposed != NULL) *is_exposed = is_exposed_file(fd);
  /* All at once, untouched pages cost nothing: a buffer that grows would leave
   * copies of a secret behind. */
  *text = malloc(limit + 2);
  int error = *text == NULL ? ENOMEM : read_all(fd, limit, *text, size);
  close(fd);
  if (error == 0) {
    (*text)[*size] = '\0';
    return 0;
  }
  if (*text != NULL) explicit_bzero(*text, *size);
  free(*text);
  *text = NULL;
  return error;
}

char *idle_expand_home(const char *path) {
  if (strncmp(path, "~/", 2) != 0) return strdup(path);
  const char *home = getenv("HOME");
  if (home == NULL || *home == '\0') {
    const struct passwd *account = getpwuid(getuid());
    home = account == NULL ? "/" : account->pw_dir;
  }
  char *expanded;
  return asprintf(&expanded, "%s%s", home, path + 1) < 0 ? NULL : expanded;
}
