#include "clixml_tree.h"

#include "buffer.h"
#include "clixml_text.h"

#include <expat.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 65536
#define MAX_DEPTH 1000
#define MAX_ELEMENTS 4000000
#define MAX_BYTES ((size_t)512 * 1024 * 1024)
#define CHUNK_SIZE ((size_t)1024 * 1024) /* expat counts in int */

static const char *const element_names[] = {
#define NAME(name) #name,
    IDLE_CLIXML_ELEMENTS(NAME)
#undef NAME
};

/* Memory that is freed as a whole. */
typedef struct Block {
  struct Block *next;
  size_t used, size;
  alignas(max_align_t) char bytes[];
} Block;

typedef struct {
  XML_Parser parser;
  idle_clixml_tree *tree;
  idle_clixml_node *open; /* the innermost element that has not ended */
  idle_buffer text;       /* its content so far */
  size_t elements;
  int depth;
  int ignored; /* depth below a PR */
} Parse;

const char *idle_clixml_element_name(idle_clixml_element element) {
  return element < IDLE_CLIXML_UNKNOWN ? element_names[element] : "?";
}

static void *allocate(idle_clixml_tree *tree, size_t size) {
  size = (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
  Block *block = tree->blocks;
  if (block == NULL || block->size - block->used < size) {
    size_t block_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    block = malloc(sizeof *block + block_size);
    if (block == NULL) return NULL;
    *block = (Block){.next = tree->blocks, .size = block_size};
    tree->blocks = block;
  }
  void *memory = block->bytes + block->used;
  block->used += size;
  return memory;
}

/* A copy with a zero byte behind it. */
static char *copy(idle_clixml_tree *tree, const char *text, size_t size) {
  char *bytes = allocate(tree, size + 1);
  if (bytes == NULL) return NULL;
  if (size > 0) memcpy(bytes, text, size);
  bytes[size] = '\0';
  return bytes;
}

void idle_clixml_tree_free(idle_clixml_tree *tree) {
  for (Block *block = tree->blocks; block != NULL;) {
    Block *next = block->next;
    free(block);
    block = next;
  }
  tree->blocks = NULL;
  tree->root = NULL;
}

/* expat may still report the end of the tag at which it was stopped. */
static bool is_stopped(const Parse *parse) { return parse->tree->error[0] != '\0'; }

/* Ends the parse with the first thing that is wrong. */
static void stop(Parse *parse, const char *problem, const char *object) {
  if (is_stopped(parse)) return;
  snprintf(parse->tree->error, sizeof parse->tree->error, "line %u, column %u: %s%.40s",
           (unsigned)XML_GetCurrentLineNumber(parse->parser), (unsigned)XML_GetCurrentColumnNumber(parse->parser) + 1,
           problem, object);
  XML_StopParser(parse->parser, XML_FALSE);
}

static idle_clixml_element find_element(const char *name) {
  for (int i = 0; i < IDLE_CLIXML_UNKNOWN; i++)
    if (strcmp(element_names[i], name) == 0) return (idle_clixml_element)i;
  return IDLE_CLIXML_UNKNOWN;
}

static bool set_attributes(Parse *parse, idle_clixml_node *node, const char **attributes) {
  for (; attributes[0] != NULL; attributes += 2) {
    const char *attribute = attributes[0];
    bool is_name = strcmp(attribute, "N") == 0;
    if (!is_name && strcmp(attribute, "S") != 0 && strcmp(attribute, "RefId") != 0) continue;
    char *text = copy(parse->tree, attributes[1], strlen(attributes[1]));
    if (text == NULL) return false;
    if (is_name) {
      node->name = text;
      node->name_size = idle_clixml_unescape(text, strlen(text));
    } else if (attribute[0] == 'S') {
      node->stream = text;
    } else {
      node->reference = text;
    }
  }
  return true;
}

static void append_child(Parse *parse, idle_clixml_node *node) {
  idle_clixml_node *parent = parse->open;
  node->parent = parent;
  if (parent == NULL)
    parse->tree->root = node;
  else if (parent->last == NULL)
    parent->first = node;
  else
    parent->last->next = node;
  if (parent != NULL) parent->last = node;
}

static void add_element(Parse *parse, idle_clixml_element element, const char **attributes) {
  idle_clixml_node *node = allocate(parse->tree, sizeof *node);
  if (node == NULL) {
    stop(parse, "not enough memory", "");
    return;
  }
  *node = (idle_clixml_node){.element = element,
                             .line = (unsigned)XML_GetCurrentLineNumber(parse->parser),
                             .column = (unsigned)XML_GetCurrentColumnNumber(parse->parser) + 1};
  if (!set_attributes(parse, node, attributes)) stop(parse, "not enough memory", "");
  append_child(parse, node);
  parse->open = node;
}

static void on_start(void *context, const char *name, const char **attributes) {
  Parse *parse = context;
  idle_buffer_drop(&parse->text, idle_buffer_size(&parse->text)); /* layout before a child */
  parse->depth++;
  if (parse->ignored > 0 || (parse->open != NULL && parse->open->element == IDLE_CLIXML_PR)) {
    parse->ignored++;
    return;
  }
  idle_clixml_element element = find_element(name);
  if (element == IDLE_CLIXML_UNKNOWN) {
    stop(parse, "unknown element ", name);
  } else if (parse->depth > MAX_DEPTH) {
    stop(parse, "elements are nested too deeply", "");
  } else if (++parse->elements > MAX_ELEMENTS) {
    stop(parse, "too many elements", "");
  } else {
    add_element(parse, element, attributes);
  }
}

static bool is_dropped(const Parse *parse) {
  return parse->open == NULL || parse->ignored > 0 || parse->open->element == IDLE_CLIXML_SS ||
         parse->open->element == IDLE_CLIXML_PR;
}

static void on_text(void *context, const char *text, int size) {
  Parse *parse = context;
  /* A SecureString is readable where Windows' protection is missing. */
  if (is_dropped(parse)) return;
  if (!idle_buffer_append(&parse->text, text, (size_t)size)) stop(parse, "not enough memory", "");
}

/* Gives the innermost element its text. */
static void end_text(Parse *parse) {
  idle_clixml_node *node = parse->open;
  size_t size = idle_buffer_size(&parse->text);
  if (node->first == NULL) {
    node->text = copy(parse->tree, idle_buffer_bytes(&parse->text), size);
    if (node->text == NULL) stop(parse, "not enough memory", "");
    node->text_size = node->text == NULL ? 0 : idle_clixml_unescape(node->text, size);
  }
  idle_buffer_drop(&parse->text, size);
}

static void on_end(void *context, const char *name) {
  Parse *parse = context;
  (void)name;
  if (is_stopped(parse)) return;
  parse->depth--;
  if (parse->ignored > 0) {
    parse->ignored--;
    return;
  }
  end_text(parse);
  parse->open = parse->open->parent;
}

static void on_doctype(void *context, const char *name, const char *system_id, const char *public_id, int has_subset) {
  (void)name, (void)system_id, (void)public_id, (void)has_subset;
  stop(context, "a DOCTYPE is not allowed", "");
}

static void feed(Parse *parse, const char *bytes, size_t size) {
  for (size_t at = 0;;) {
    size_t chunk = size - at < CHUNK_SIZE ? size - at : CHUNK_SIZE;
    bool is_last = at + chunk == size;
    if (XML_Parse(parse->parser, bytes + at, (int)chunk, is_last) != XML_STATUS_OK) {
      stop(parse, XML_ErrorString(XML_GetErrorCode(parse->parser)), "");
      return;
    }
    if (is_last) return;
    at += chunk;
  }
}

bool idle_clixml_parse(idle_clixml_tree *tree, const char *bytes, size_t size) {
  *tree = (idle_clixml_tree){0};
  /* Whatever a declaration says: our text was bytes of UTF-8 before it came here. */
  Parse parse = {.parser = XML_ParserCreate("UTF-8"), .tree = tree};
  if (parse.parser == NULL || size > MAX_BYTES) {
    snprintf(tree->error, sizeof tree->error, "%s", size > MAX_BYTES ? "too large" : "not enough memory");
  } else {
    XML_SetUserData(parse.parser, &parse);
    XML_SetElementHandler(parse.parser, on_start, on_end);
    XML_SetCharacterDataHandler(parse.parser, on_text);
    XML_SetStartDoctypeDeclHandler(parse.parser, on_doctype);
    feed(&parse, bytes, size);
    while (parse.open != NULL) { /* cut: keep the text that came */
      end_text(&parse);
      parse.open = parse.open->parent;
    }
  }
  idle_buffer_free(&parse.text);
  if (parse.parser != NULL) XML_ParserFree(parse.parser);
  return !is_stopped(&parse);
}
