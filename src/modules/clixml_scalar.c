#include "clixml_scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* .NET's ticks of 100 ns. */
#define SECOND UINT64_C(10000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define FRACTION_DIGITS 7

/* A TimeSpan has 63 bits of ticks and a sign; so many days are the most. */
#define MAX_TICKS (UINT64_C(1) << 63)
#define MAX_NUMBER (MAX_TICKS / DAY)

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool idle_clixml_integer(const char *text, int64_t *integer) {
  char *end;
  if (!is_digit(text[0]) && !(text[0] == '-' && is_digit(text[1]))) return false;
  errno = 0;
  *integer = strtoll(text, &end, 10);
  return *end == '\0' && errno == 0;
}

static bool read_number(const char **text, uint64_t *number) {
  if (!is_digit(**text)) return false;
  for (*number = 0; is_digit(**text) && *number <= MAX_NUMBER; (*text)++)
    *number = *number * 10 + (uint64_t)(**text - '0');
  return *number <= MAX_NUMBER;
}

/* Reads `.5` as ticks; what is smaller than a tick is dropped. */
static uint64_t read_fraction(const char **text) {
  uint64_t ticks = 0, digit_value = SECOND;
  if (**text != '.') return 0;
  for ((*text)++; is_digit(**text); (*text)++) {
    digit_value /= 10;
    ticks += digit_value * (uint64_t)(**text - '0');
  }
  return ticks;
}

static uint64_t unit_ticks(char unit, bool is_time) {
  if (!is_time) return unit == 'D' ? DAY : 0;
  return unit == 'H' ? HOUR : unit == 'M' ? MINUTE : unit == 'S' ? SECOND : 0;
}

/* Reads what stands behind the P of an XML duration. */
static bool read_duration(const char *text, uint64_t *ticks) {
  bool is_time = false, is_empty = true;
  for (*ticks = 0; *text != '\0';) {
    if (*text == 'T' && !is_time) {
      is_time = true;
      text++;
      continue;
    }
    uint64_t number;
    if (!read_number(&text, &number)) return false;
    uint64_t fraction = read_fraction(&text);
    uint64_t unit = unit_ticks(*text, is_time);
    if (unit == 0 || (fraction > 0 && unit != SECOND)) return false;
    text++;
    is_empty = false;
    *ticks += number * unit + fraction;
    if (*ticks > MAX_TICKS) return false;
  }
  return !is_empty;
}

bool idle_clixml_timespan(const char *text, char timespan[IDLE_TIMESPAN_SIZE]) {
  uint64_t ticks;
  bool is_negative = text[0] == '-';
  if (is_negative) text++;
  if (text[0] != 'P' || !read_duration(text + 1, &ticks)) return false;
  char days[16] = "", fraction[16] = "";
  if (ticks >= DAY) snprintf(days, sizeof days, "%" PRIu64 ".", ticks / DAY);
  if (ticks % SECOND > 0) snprintf(fraction, sizeof fraction, ".%0*" PRIu64, FRACTION_DIGITS, ticks % SECOND);
  snprintf(timespan, IDLE_TIMESPAN_SIZE, "%s%s%02d:%02d:%02d%s", is_negative ? "-" : "", days,
           (int)(ticks % DAY / HOUR), (int)(ticks % HOUR / MINUTE), (int)(ticks % MINUTE / SECOND), fraction);
  return true;
}

/* A script may have chosen a locale that has a comma there. */
static void restore_point(char *text) {
  text += strcspn(text, ".,");
  if (*text != '\0') *text = '.';
}

void idle_clixml_float(double number, char text[IDLE_FLOAT_SIZE]) {
  if (!isfinite(number)) {
    snprintf(text, IDLE_FLOAT_SIZE, "%s", isnan(number) ? "NaN" : number > 0 ? "INF" : "-INF");
    return;
  }
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, IDLE_FLOAT_SIZE, "%.*g", digits, number);
    if (strtod(text, NULL) == number) break;
  }
  restore_point(text);
}
