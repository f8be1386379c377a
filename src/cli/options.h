/* The command line as a struct: lua's options and ours. Pure. */
#ifndef IDLE_OPTIONS_H
#define IDLE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

/* What lua does in the order of its command line. */
typedef struct {
  char option;          /* 'e', 'l' or 'W' */
  const char *argument; /* of -e and -l */
} idle_action;

typedef enum {
  IDLE_OPTIONS_OK,
  IDLE_OPTIONS_BAD_SHORT, /* `bad` is an option that lua refuses, too */
  IDLE_OPTIONS_BAD_LONG,  /* `message` says what is wrong with one of ours */
  IDLE_OPTIONS_NO_MEMORY
} idle_options_status;

/* All strings but `message` belong to argv. */
typedef struct {
  idle_action *actions; /* owned */
  size_t action_count;
  bool ignores_environment; /* -E */
  bool is_interactive;      /* -i */
  bool shows_version;       /* -v, or -i */
  bool executes;            /* -e */

  bool is_json;       /* --json */
  bool is_traced;     /* --trace */
  bool wants_help;    /* --help */
  bool wants_version; /* --version */
  const char *events; /* --events FILE; NULL: none */
  double timeout_s;   /* --timeout S; 0: none */

  int script;          /* index in argv of the script, or of the command word; argc: neither */
  const char *command; /* the command word; NULL: a script, or neither */
  const char *bad;
  char message[256];
} idle_options;

/* Reads a command line. argv: as main's; borrowed as long as `options` is used.
 * Returns: IDLE_OPTIONS_OK, or why it is wrong; release `options` anyway. */
idle_options_status idle_options_read(idle_options *options, int argc, char **argv);

/* The command that somebody may have meant by the name of a script that is not there; NULL: none is near. */
const char *idle_options_near_command(const char *word);

void idle_options_release(idle_options *options);

#endif
