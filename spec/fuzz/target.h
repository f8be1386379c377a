/* What a fuzz target is: libFuzzer, or replay.c, calls these two. */
#ifndef IDLE_FUZZ_TARGET_H
#define IDLE_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Once, before the first input; needs not be there for libFuzzer, but for replay.c. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Whatever the bytes are: what was promised must hold. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A promise. abort() is what libFuzzer keeps the input for. */
#define MUST(condition)                                                                                                \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                          \
      abort();                                                                                                         \
    }                                                                                                                  \
  } while (0)

#endif
