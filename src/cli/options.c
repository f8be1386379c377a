#include "options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not getopt_long: lua refuses `-vv`, `-e -x` and `-Ex`, and names the argument. */

typedef struct {
  idle_options *options;
  char **argv;
  int next; /* index of the argument to be read */
} Reader;

typedef enum { FLAG, VALUE } Shape;

static const struct {
  const char *name;
  Shape shape;
} long_options[] = {{"json", FLAG},    {"trace", FLAG},   {"help", FLAG},
                    {"version", FLAG}, {"events", VALUE}, {"timeout", VALUE}};

enum { LONG_OPTIONS = sizeof long_options / sizeof long_options[0], LONGEST_NAME = 16 };

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* How many letters must be changed, added or removed to turn one name into the other. */
static size_t distance(const char *a, size_t a_size, const char *b) {
  size_t row[LONGEST_NAME + 1], b_size = strlen(b);
  for (size_t j = 0; j <= b_size; j++) row[j] = j;
  for (size_t i = 1; i <= a_size; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b_size; j++) {
      size_t changed = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = smaller(changed, smaller(row[j], row[j - 1]) + 1);
    }
  }
  return row[b_size];
}

static idle_options_status fail_unknown(Reader *reader, const char *name, size_t size) {
  const char *nearest = NULL;
  size_t best = 3;
  for (int i = 0; i < LONG_OPTIONS && size <= LONGEST_NAME; i++) {
    size_t changes = distance(name, size, long_options[i].name);
    if (changes < best) {
      best = changes;
      nearest = long_options[i].name;
    }
  }
  char *message = reader->options->message;
  size_t room = sizeof reader->options->message;
  int used = snprintf(message, room, "unknown option '--%.*s'", size < 100 ? (int)size : 100, name);
  if (nearest != NULL)
    snprintf(message + used, room - (size_t)used, "; did you mean '--%s'?", nearest);
  else
    snprintf(message + used, room - (size_t)used, "; see --help");
  return IDLE_OPTIONS_BAD_LONG;
}

static idle_options_status set_flag(idle_options *options, const char *name) {
  if (name[0] == 'j') options->is_json = true;
  if (name[0] == 't') options->is_traced = true;
  if (name[0] == 'h') options->wants_help = true;
  if (name[0] == 'v') options->wants_version = true;
  return IDLE_OPTIONS_OK;
}

static idle_options_status set_value(idle_options *options, const char *name, const char *value) {
  if (name[0] == 'e') {
    options->events = value;
    return IDLE_OPTIONS_OK;
  }
  char *end;
  options->timeout_s = strtod(value, &end);
  if (*value != '\0' && *end == '\0' && isfinite(options->timeout_s) && options->timeout_s > 0) return IDLE_OPTIONS_OK;
  snprintf(options->message, sizeof options->message,
           "option '--timeout' needs a number of seconds greater than 0, not '%.60s'", value);
  return IDLE_OPTIONS_BAD_LONG;
}

static idle_options_status read_value(Reader *reader, const char *name, const char *equals) {
  const char *value = equals != NULL ? equals + 1 : reader->argv[reader->next];
  if (value == NULL || *value == '\0') {
    snprintf(reader->options->message, sizeof reader->options->message, "option '--%s' needs an argument", name);
    return IDLE_OPTIONS_BAD_LONG;
  }
  if (equals == NULL) reader->next++;
  return set_value(reader->options, name, value);
}

/* Reads one of our options, behind the argument that holds its name. */
static idle_options_status read_long(Reader *reader, const char *argument) {
  const char *name = argument + 2, *equals = strchr(name, '=');
  size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);
  for (int i = 0; i < LONG_OPTIONS; i++) {
    const char *known = long_options[i].name;
    if (strlen(known) != size || strncmp(known, name, size) != 0) continue;
    if (long_options[i].shape == VALUE) return read_value(reader, known, equals);
    if (equals == NULL) return set_flag(reader->options, known);
    snprintf(reader->options->message, sizeof reader->options->message, "option '--%s' takes no argument", known);
    return IDLE_OPTIONS_BAD_LONG;
  }
  return fail_unknown(reader, name, size);
}

static void add_action(idle_options *options, char option, const char *argument) {
  options->actions[options->action_count++] = (idle_action){option, argument};
}

/* -e and -l: their argument follows at once, or is the next one. */
static idle_options_status read_action(Reader *reader, const char *option) {
  const char *argument = option + 2;
  if (*argument == '\0') argument = reader->argv[reader->next++];
  if (argument == NULL || (option[2] == '\0' && argument[0] == '-')) return IDLE_OPTIONS_BAD_SHORT;
  add_action(reader->options, option[1], argument);
  if (option[1] == 'e') reader->options->executes = true;
  return IDLE_OPTIONS_OK;
}

static idle_options_status read_short(Reader *reader, const char *option) {
  idle_options *options = reader->options;
  options->bad = option;
  if (option[1] == 'e' || option[1] == 'l') return read_action(reader, option);
  if (option[2] != '\0') return IDLE_OPTIONS_BAD_SHORT;
  switch (option[1]) {
  case 'E':
    options->ignores_environment = true;
    break;
  case 'W':
    add_action(options, 'W', NULL);
    break;
  case 'i':
    options->is_interactive = true; /* fall through */
  case 'v':
    options->shows_version = true;
    break;
  default:
    return IDLE_OPTIONS_BAD_SHORT;
  }
  return IDLE_OPTIONS_OK;
}

static bool is_long(const char *argument) {
  return argument[0] == '-' && argument[1] == '-' && argument[2] != '\0' && argument[2] != '-';
}

static const char *const commands[] = {"sync", "check",  "plan", "run",    "resume", "runs",
                                       "show", "report", "test", "doctor", "sim",    "help"};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const char *find_command(const char *word) {
  for (size_t i = 0; i < COMMANDS; i++)
    if (strcmp(word, commands[i]) == 0) return commands[i];
  return NULL;
}

/* Two letters may be wrong, which two that are swapped count as, or one of a short word. */
const char *idle_options_near_command(const char *word) {
  size_t size = strlen(word), best = size < 4 ? 2 : 3;
  const char *nearest = NULL;
  for (size_t i = 0; i < COMMANDS && size > 1 && size <= LONGEST_NAME; i++) {
    size_t changes = distance(word, size, commands[i]);
    if (changes >= best) continue;
    best = changes;
    nearest = commands[i];
  }
  return nearest;
}

/* Reads up to the script, the command word, `-` or `--`. */
static idle_options_status read_head(Reader *reader) {
  const char *argument;
  while ((argument = reader->argv[reader->next]) != NULL && argument[0] == '-' && argument[1] != '\0') {
    reader->next++;
    if (strcmp(argument, "--") == 0) return IDLE_OPTIONS_OK;
    idle_options_status status = is_long(argument) ? read_long(reader, argument) : read_short(reader, argument);
    if (status != IDLE_OPTIONS_OK) return status;
  }
  if (argument != NULL) reader->options->command = find_command(argument);
  return IDLE_OPTIONS_OK;
}

/* Behind a command word our options may stand, too; the command itself knows
 * the others. */
static idle_options_status read_tail(Reader *reader) {
  const char *argument;
  while ((argument = reader->argv[reader->next]) != NULL && strcmp(argument, "--") != 0) {
    reader->next++;
    size_t size = strcspn(argument, "=");
    for (int i = 0; i < LONG_OPTIONS && is_long(argument); i++) {
      if (strlen(long_options[i].name) != size - 2 || strncmp(argument + 2, long_options[i].name, size - 2) != 0)
        continue;
      idle_options_status status = read_long(reader, argument);
      if (status != IDLE_OPTIONS_OK) return status;
      break;
    }
  }
  return IDLE_OPTIONS_OK;
}

static idle_options_status check_combination(idle_options *options) {
  const char *message = NULL;
  bool has_lua_options = options->action_count > 0 || options->shows_version || options->ignores_environment;
  if (options->command != NULL && has_lua_options)
    message = "lua's options are for scripts, not for the command '%s'; a script of that name is './%s'";
  else if (options->command == NULL && options->is_json && !options->wants_help && !options->wants_version)
    message = "option '--json' is for commands, not for scripts";
  if (message == NULL) return IDLE_OPTIONS_OK;
  const char *word = options->command != NULL ? options->command : "";
  snprintf(options->message, sizeof options->message, message, word, word);
  return IDLE_OPTIONS_BAD_LONG;
}

idle_options_status idle_options_read(idle_options *options, int argc, char **argv) {
  *options = (idle_options){.script = argc};
  options->actions = calloc((size_t)argc + 1, sizeof *options->actions);
  if (options->actions == NULL) return IDLE_OPTIONS_NO_MEMORY;
  Reader reader = {options, argv, argc > 0 ? 1 : 0};
  idle_options_status status = read_head(&reader);
  options->script = reader.next < argc ? reader.next : argc;
  if (status == IDLE_OPTIONS_OK && options->command != NULL) {
    reader.next++;
    status = read_tail(&reader);
  }
  return status == IDLE_OPTIONS_OK ? check_combination(options) : status;
}

void idle_options_release(idle_options *options) { free(options->actions); }
