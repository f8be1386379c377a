/* Small files that people write: keys and known_hosts. Any thread; never waits. */
#ifndef IDLE_FILE_H
#define IDLE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Reads a whole file; a pipe without a writer counts as empty.
 * text: out, owned by the caller: wipe it if it is secret, then free(); NUL-terminated behind `size` bytes.
 * is_exposed: out: whether the file is ours, but group or others may open it; NULL = not asked.
 * Returns: 0 or an errno value; EFBIG if there are more than `limit` bytes. */
int idle_read_file(const char *path, size_t limit, char **text, size_t *size, bool *is_exposed);

/* Opens a file to append lines to it, and locks it against others that do so;
 * a file, and a folder, that do not exist are made for their owner alone. A
 * file system without locks goes without.
 * fd:      out, the caller's: close it, which unlocks it; -1 after a failure.
 * Returns: 0 or an errno value; EWOULDBLOCK while another has the lock, EINVAL
 *          if it is no regular file. */
int idle_lock_to_append(const char *path, int *fd);

/* Appends a line, whole or not at all, and syncs it.
 * fd:   of idle_lock_to_append().
 * line: with its line feed.
 * Returns: 0 or an errno value. */
int idle_append_line(int fd, const char *line);

/* Expands a leading `~/` by $HOME, or by the account's home folder if that is unset or empty.
 * Returns: a new string, or NULL when memory is short. */
char *idle_expand_home(const char *path);

#endif
