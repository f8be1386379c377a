/* A CLIXML document as a tree of its elements, over expat. No lua.h here. */
#ifndef IDLE_CLIXML_TREE_H
#define IDLE_CLIXML_TREE_H

#include <stdbool.h>
#include <stddef.h>

/* Every element of MS-PSRP 2.2.5, and nothing else; the frequent ones first. */
/* clang-format off */
#define IDLE_CLIXML_ELEMENTS(X)                                                                                        \
  X(S) X(Obj) X(I32) X(B) X(En) X(Nil) X(MS) X(Props) X(DCT) X(LST) X(TN) X(T) X(TNRef) X(ToString) X(Ref) X(DT)       \
  X(TS) X(I64) X(Db) X(G) X(Version) X(URI) X(C) X(By) X(SB) X(U16) X(I16) X(U32) X(U64) X(Sg) X(D) X(BA) X(XD)        \
  X(SBK) X(SS) X(PR) X(IE) X(QUE) X(STK) X(Objs)
/* clang-format on */

typedef enum {
#define IDLE_CLIXML_ENUM(name) IDLE_CLIXML_##name,
  IDLE_CLIXML_ELEMENTS(IDLE_CLIXML_ENUM)
#undef IDLE_CLIXML_ENUM
      IDLE_CLIXML_UNKNOWN
} idle_clixml_element;

typedef struct idle_clixml_node idle_clixml_node;

struct idle_clixml_node {
  idle_clixml_node *first, *last; /* children */
  idle_clixml_node *next;         /* behind us in the same parent */
  idle_clixml_node *parent;
  idle_clixml_element element;
  unsigned line, column; /* of the start tag, from 1 */
  char *name;            /* attribute N, escapes undone; NULL = none */
  size_t name_size;
  const char *stream;    /* attribute S; NULL = none */
  const char *reference; /* attribute RefId; NULL = none */
  char *text;            /* content without escapes, if there are no children; never of SS or PR */
  size_t text_size;
};

typedef struct {
  idle_clixml_node *root; /* also after an error: what was read before it; may be NULL */
  char error[160];        /* "" = none; begins with the place */
  void *blocks;           /* the memory of all nodes and texts */
} idle_clixml_tree;

/* Reads a document. Refused are a DOCTYPE, hence entities, unknown elements, and
 * what is deeper or larger than any honest answer.
 * tree:    out; release it with idle_clixml_tree_free(), whatever is returned.
 * Returns: whether the document is whole. */
bool idle_clixml_parse(idle_clixml_tree *tree, const char *bytes, size_t size);

/* Frees the tree; a tree of zeros is allowed. */
void idle_clixml_tree_free(idle_clixml_tree *tree);

/* The element's name, as "I32". */
const char *idle_clixml_element_name(idle_clixml_element element);

#endif
