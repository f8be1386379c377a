/* The parts of idle.clixml, each a file of its own. */
#ifndef IDLE_CLIXML_H
#define IDLE_CLIXML_H

#include "buffer.h"

#include <lua.h>
#include <stddef.h>

/* clixml.decode and clixml.encode, as lua/idle/meta/clixml.lua documents them. */
int idle_clixml_decode(lua_State *L);
int idle_clixml_encode(lua_State *L);

/* Creates the metatables that they need. [-0, +0, m] */
void idle_clixml_open_decode(lua_State *L);
void idle_clixml_open_encode(lua_State *L);

/* Appends the readable text of what PowerShell wrote to stderr, whatever the
 * bytes; less of it when memory is short. Of more than 1 MiB, the end. */
void idle_clixml_stderr_text(idle_buffer *out, const char *bytes, size_t size);

#endif
