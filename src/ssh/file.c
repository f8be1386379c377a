#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

/* ~/.ssh, in most cases. */
static void make_folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  char *folder = slash == NULL || slash == path ? NULL : strndup(path, (size_t)(slash - path));
  if (folder != NULL) (void)mkdir(folder, S_IRWXU); /* what is wrong with it, open() says */
  free(folder);
}

/* Returns: 0 or an errno value. */
static int lock(const char *path, int fd) {
  struct stat locked, named;
  if (fstat(fd, &locked) != 0) return errno;
  if (!S_ISREG(locked.st_mode)) return EINVAL;
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return errno == EWOULDBLOCK ? EWOULDBLOCK : 0;
  /* Whoever had the lock may have put a new file in the place of this one. */
  bool is_same = stat(path, &named) == 0 && named.st_dev == locked.st_dev && named.st_ino == locked.st_ino;
  return is_same ? 0 : EWOULDBLOCK;
}

int idle_lock_to_append(const char *path, int *fd) {
  make_folder_of(path);
  *fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, S_IRUSR | S_IWUSR);
  if (*fd < 0) return errno;
  int error = lock(path, *fd);
  if (error == 0) return 0;
  close(*fd);
  *fd = -1;
  return error;
}

/* Somebody's editor may have left the last line without its line feed. */
static bool ends_in_mid_line(int fd, off_t size) {
  char last;
  return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

int idle_append_line(int fd, const char *line) {
  struct stat before, after;
  char *text;
  if (fstat(fd, &before) != 0) return errno;
  if (asprintf(&text, "%s%s", ends_in_mid_line(fd, before.st_size) ? "\n" : "", line) < 0) return ENOMEM;
  /* In one call, so that the lines of several writers do not mix. */
  ssize_t written = write(fd, text, strlen(text));
  int error = written < 0 ? errno : (size_t)written < strlen(text) ? ENOSPC : 0;
  free(text);
  /* Half a key would pass for a changed one; what another appended behind it is not ours to take away. */
  if (written > 0 && error != 0 && fstat(fd, &after) == 0 && after.st_size == before.st_size + written)
    (void)!ftruncate(fd, before.st_size);
  return error == 0 && fsync(fd) != 0 ? errno : error;
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
