/* Small files that people write: keys and known_hosts. Any thread. */
#ifndef IDLE_FILE_H
#define IDLE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Reads a whole file; a pipe without a writer counts as empty.
 * text: out, owned by the caller: wipe it if it is secret, then free(); NUL-terminated behind `size` bytes.
 * is_exposed: out: whether the file is ours, but group or others may open it; NULL = not asked.
 * Returns: 0 or an errno value; EFBIG if there are more than `limit` bytes. */
int idle_read_file(const char *path, size_t limit, char **text, size_t *size, bool *is_exposed);

/* Expands a leading `~/` by $HOME, or by the account's home folder if that is unset or empty.
 * Returns: a new string, or NULL when memory is short. */
char *idle_expand_home(const char *path);

#endif
