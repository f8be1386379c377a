/* The files of lua/idle, packed into the program by cmake/EmbedLua.cmake. */
#ifndef IDLE_PACKED_H
#define IDLE_PACKED_H

#include <stddef.h>

typedef struct {
  const char *name; /* "idle.host.run" for Lua, "idle/sessions/bootstrap.ps1" for other files; NULL ends the list */
  const unsigned char *bytes;
  size_t size;
} idle_packed_file;

extern const idle_packed_file idle_packed_files[];

#endif
