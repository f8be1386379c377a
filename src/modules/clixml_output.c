#include "clixml_output.h"

#include "base64.h"
#include "clixml_scalar.h"
#include "clixml_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_bytes(idle_clixml_output *out, const char *bytes, size_t size) {
  if (!out->is_short) out->is_short = !idle_buffer_append(&out->bytes, bytes, size);
}

static void put(idle_clixml_output *out, const char *text) { put_bytes(out, text, strlen(text)); }

/* `<element N="name"`, still open for more attributes. */
static void put_tag(idle_clixml_output *out, const char *element, const char *name) {
  put(out, "<");
  put(out, element);
  if (name == NULL) return;
  put(out, " N=\"");
  put(out, name);
  put(out, "\"");
}

void idle_clixml_put_start(idle_clixml_output *out, const char *element) {
  put_tag(out, element, NULL);
  put(out, ">");
}

void idle_clixml_put_end(idle_clixml_output *out, const char *element) {
  put(out, "</");
  put(out, element);
  put(out, ">");
}

/* An element whose text needs no escapes. */
static void put_element(idle_clixml_output *out, const char *element, const char *name, const char *text) {
  put_tag(out, element, name);
  put(out, ">");
  put(out, text);
  idle_clixml_put_end(out, element);
}

void idle_clixml_put_header(idle_clixml_output *out) {
  put(out, "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">");
}

void idle_clixml_put_footer(idle_clixml_output *out) { idle_clixml_put_end(out, "Objs"); }

void idle_clixml_put_null(idle_clixml_output *out, const char *name) {
  put_tag(out, "Nil", name);
  put(out, " />");
}

void idle_clixml_put_boolean(idle_clixml_output *out, const char *name, bool boolean) {
  put_element(out, "B", name, boolean ? "true" : "false");
}

void idle_clixml_put_integer(idle_clixml_output *out, const char *name, int64_t integer) {
  char text[32];
  snprintf(text, sizeof text, "%" PRId64, integer);
  put_element(out, integer >= INT32_MIN && integer <= INT32_MAX ? "I32" : "I64", name, text);
}

void idle_clixml_put_float(idle_clixml_output *out, const char *name, double number) {
  char text[IDLE_FLOAT_SIZE];
  idle_clixml_float(number, text);
  put_element(out, "Db", name, text);
}

void idle_clixml_put_bytes(idle_clixml_output *out, const char *name, const char *bytes, size_t size) {
  size_t length = idle_base64_length(size);
  put_tag(out, "BA", name);
  put(out, ">");
  char *room = out->is_short ? NULL : idle_buffer_room(&out->bytes, length);
  out->is_short = room == NULL;
  if (room != NULL) {
    idle_base64_encode(bytes, size, room);
    idle_buffer_added(&out->bytes, length);
  }
  idle_clixml_put_end(out, "BA");
}

void idle_clixml_put_text(idle_clixml_output *out, const char *name, const char *text, size_t size) {
  put_tag(out, "S", name);
  put(out, ">");
  if (!out->is_short) out->is_short = !idle_clixml_escape(&out->bytes, text, size);
  idle_clixml_put_end(out, "S");
}

/* <Obj RefId="0"> with the names of its type, which are written out once. */
static void put_object_start(idle_clixml_output *out, const char *name, bool is_list) {
  char text[32];
  put_tag(out, "Obj", name);
  snprintf(text, sizeof text, " RefId=\"%d\">", out->objects++);
  put(out, text);
  snprintf(text, sizeof text, out->has_type[is_list] ? "<TNRef RefId=\"%d\" />" : "<TN RefId=\"%d\">", is_list);
  put(out, text);
  if (out->has_type[is_list]) return;
  out->has_type[is_list] = true;
  put_element(out, "T", NULL, is_list ? "System.Collections.ArrayList" : "System.Collections.Hashtable");
  put_element(out, "T", NULL, "System.Object");
  idle_clixml_put_end(out, "TN");
}

static void put_object_end(idle_clixml_output *out) { idle_clixml_put_end(out, "Obj"); }

void idle_clixml_put_list_start(idle_clixml_output *out, const char *name) {
  put_object_start(out, name, true);
  idle_clixml_put_start(out, "LST");
}

void idle_clixml_put_list_end(idle_clixml_output *out) {
  idle_clixml_put_end(out, "LST");
  put_object_end(out);
}

void idle_clixml_put_map_start(idle_clixml_output *out, const char *name) {
  put_object_start(out, name, false);
  idle_clixml_put_start(out, "DCT");
}

void idle_clixml_put_map_end(idle_clixml_output *out) {
  idle_clixml_put_end(out, "DCT");
  put_object_end(out);
}
