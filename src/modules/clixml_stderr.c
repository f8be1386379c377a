/* What PowerShell writes to stderr: raw lines and whole documents of CLIXML, in
 * any order, and of a long text perhaps only the end. */
#include "clixml.h"
#include "clixml_tree.h"
#include "escape.h"

#include <string.h>
#include <strings.h>

#define MARKER "#< CLIXML"
#define DOCUMENT_START "<Objs"
#define DOCUMENT_END "</Objs>"
#define LONGEST_INPUT ((size_t)1024 * 1024)

/* Without memory for more, the text that is there has to do. */
static void put(idle_buffer *out, const char *text) { idle_buffer_append(out, text, strlen(text)); }

/* Skips a sequence for terminals that begins with ESC: colours, titles, others. */
static const char *skip_escape(const char *at, const char *end) {
  if (++at == end) return at;
  char kind = *at++;
  if (kind == '[') {
    while (at < end && *at >= 0x20 && *at < 0x40) at++;
    return at < end && *at >= 0x40 && *at < 0x7F ? at + 1 : at;
  }
  if (kind != ']') return at;
  while (at < end && *at != '\a' && *at != '\n' && *at != 0x1B) at++;
  return at < end && *at == '\a' ? at + 1 : at;
}

/* Appends the character at `at`. Returns: how many bytes it has taken. */
static size_t put_character(idle_buffer *out, const char *at, size_t size) {
  char shown[IDLE_ESCAPE_SIZE];
  size_t length = idle_escape(at, size, "\n\t", shown);
  put(out, shown);
  return length;
}

static void put_clean(idle_buffer *out, const char *at, size_t size) {
  const char *end = at + size;
  while (at < end) {
    if (*at == 0x1B) {
      at = skip_escape(at, end);
    } else if (*at == '\r') {
      if (++at == end || *at != '\n') put(out, "\n");
    } else {
      at += put_character(out, at, (size_t)(end - at));
    }
  }
}

static void end_line(idle_buffer *out) {
  size_t size = idle_buffer_size(out);
  if (size > 0 && idle_buffer_bytes(out)[size - 1] != '\n') put(out, "\n");
}

/* Returns: where `text` begins in [at, end), or NULL. */
static const char *find(const char *at, const char *end, const char *text) {
  return at < end ? memmem(at, (size_t)(end - at), text, strlen(text)) : NULL;
}

static const idle_clixml_node *text_of(const idle_clixml_node *record) {
  if (record->element == IDLE_CLIXML_S) return record;
  const idle_clixml_node *child = record->first;
  while (child != NULL && child->element != IDLE_CLIXML_ToString) child = child->next;
  return child;
}

static void put_record(idle_buffer *out, const idle_clixml_node *record) {
  if (record->stream == NULL || strcasecmp(record->stream, "progress") == 0) return;
  const idle_clixml_node *text = text_of(record);
  if (text == NULL || text->text == NULL) return;
  end_line(out);
  if (strcasecmp(record->stream, "error") != 0) {
    put_clean(out, record->stream, strlen(record->stream));
    put(out, ": ");
  }
  put_clean(out, text->text, text->text_size);
}

/* Appends the records of a document; one that is cut gives those that came.
 * Returns: whether it was a document at all. */
static bool put_document(idle_buffer *out, const char *at, const char *end) {
  idle_clixml_tree tree;
  idle_clixml_parse(&tree, at, (size_t)(end - at));
  bool is_document = tree.root != NULL && tree.root->element == IDLE_CLIXML_Objs;
  if (is_document)
    for (const idle_clixml_node *record = tree.root->first; record != NULL; record = record->next)
      put_record(out, record);
  idle_clixml_tree_free(&tree);
  if (is_document) end_line(out);
  return is_document;
}

static void put_raw(idle_buffer *out, const char *at, const char *end) {
  for (const char *marker; (marker = find(at, end, MARKER)) != NULL;) {
    put_clean(out, at, (size_t)(marker - at));
    at = marker + strlen(MARKER);
    while (at < end && (*at == '\r' || *at == '\n')) at++;
  }
  if (at < end) put_clean(out, at, (size_t)(end - at));
}

/* If the front was cut off in the middle of a document, appends the records
 * that are whole. Returns: where the text goes on. */
static const char *put_cut_document(idle_buffer *out, const char *at, const char *end) {
  const char *last = find(at, end, DOCUMENT_END), *first = find(at, end, DOCUMENT_START);
  if (last == NULL || (first != NULL && first < last)) return at;
  last += strlen(DOCUMENT_END);
  const char *record = find(at, last, "<S S="), *object = find(at, last, "<Obj S=");
  if (record == NULL || (object != NULL && object < record)) record = object;
  if (record == NULL) return last;
  idle_buffer document = {0};
  put(&document, "<Objs>");
  idle_buffer_append(&document, record, (size_t)(last - record));
  const char *bytes = idle_buffer_bytes(&document);
  if (bytes != NULL) put_document(out, bytes, bytes + idle_buffer_size(&document));
  idle_buffer_free(&document);
  return last;
}

void idle_clixml_stderr_text(idle_buffer *out, const char *bytes, size_t size) {
  const char *end = bytes + size;
  const char *at = put_cut_document(out, size > LONGEST_INPUT ? end - LONGEST_INPUT : bytes, end);
  while (at < end) {
    const char *start = find(at, end, DOCUMENT_START);
    put_raw(out, at, start == NULL ? end : start);
    if (start == NULL) break;
    const char *last = find(start, end, DOCUMENT_END);
    at = last == NULL ? end : last + strlen(DOCUMENT_END);
    if (!put_document(out, start, at)) put_raw(out, start, at);
  }
}
