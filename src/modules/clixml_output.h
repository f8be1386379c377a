/* The elements of a CLIXML document, written one by one. No lua.h here. */
#ifndef IDLE_CLIXML_OUTPUT_H
#define IDLE_CLIXML_OUTPUT_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A new output is all zeros; its owner frees `bytes`. */
typedef struct {
  idle_buffer bytes;
  bool is_short;    /* of memory: what follows is dropped, and the document is not whole */
  int objects;      /* numbers given so far */
  bool has_type[2]; /* of maps, of lists: written out before */
} idle_clixml_output;

/* Around the value. */
void idle_clixml_put_header(idle_clixml_output *out);
void idle_clixml_put_footer(idle_clixml_output *out);

/* A value each. name: attribute N; NULL = none. */
void idle_clixml_put_null(idle_clixml_output *out, const char *name);
void idle_clixml_put_boolean(idle_clixml_output *out, const char *name, bool boolean);
void idle_clixml_put_integer(idle_clixml_output *out, const char *name, int64_t integer);
void idle_clixml_put_float(idle_clixml_output *out, const char *name, double number);
void idle_clixml_put_bytes(idle_clixml_output *out, const char *name, const char *bytes, size_t size);

/* text: UTF-8 as idle_utf8_check() accepts it. */
void idle_clixml_put_text(idle_clixml_output *out, const char *name, const char *text, size_t size);

/* Around the items of a list; around the entries of a map, each within <En>,
 * a text named "Key" and a value named "Value". */
void idle_clixml_put_list_start(idle_clixml_output *out, const char *name);
void idle_clixml_put_list_end(idle_clixml_output *out);
void idle_clixml_put_map_start(idle_clixml_output *out, const char *name);
void idle_clixml_put_map_end(idle_clixml_output *out);

void idle_clixml_put_start(idle_clixml_output *out, const char *element);
void idle_clixml_put_end(idle_clixml_output *out, const char *element);

#endif
