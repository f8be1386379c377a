/* Single values as CLIXML writes them. No lua.h here. */
#ifndef IDLE_CLIXML_SCALAR_H
#define IDLE_CLIXML_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest text of idle_clixml_timespan(), with its zero byte. */
#define IDLE_TIMESPAN_SIZE 64

/* Longest text of idle_clixml_float(), with its zero byte. */
#define IDLE_FLOAT_SIZE 32

/* Reads a decimal integer of 64 bits, and nothing but that. */
bool idle_clixml_integer(const char *text, int64_t *integer);

/* Turns `P1DT2H3M4.5S` into `[-][d.]hh:mm:ss[.fffffff]`, as TimeSpan prints itself. */
bool idle_clixml_timespan(const char *text, char timespan[IDLE_TIMESPAN_SIZE]);

/* Writes as few of 15 to 17 digits as read back as the same number; NaN, INF and
 * -INF as XML has them. */
void idle_clixml_float(double number, char text[IDLE_FLOAT_SIZE]);

#endif
