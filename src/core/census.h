/* The books that the test harness keeps: what was opened, in what order, and
 * where in the script, so that a spec can be told what it left open. While
 * nobody keeps books these calls do nothing. Tasks are numbered in the same
 * series (scheduler.h). */
#ifndef IDLE_CENSUS_H
#define IDLE_CENSUS_H

#include <lua.h>
#include <stdint.h>

/* Keeps books from now on, for the running task. [-0, +0, m] */
void idle_census_begin(lua_State *L);

/* Enters an object, unless a session of ours is what opened it: that is in the
 * books itself. It is kept from the garbage collector until it is closed, so
 * that it does not depend on the collector whether it counts as left open.
 * object:  its index.
 * is_open: function(object): true; false: there is nothing to close as yet; nil:
 *          it is closed for good.
 * what:    format as of lua_pushfstring, for people: "process '%s'". [-0, +0, m] */
void idle_census_enter(lua_State *L, int object, lua_CFunction is_open, const char *what, ...);

/* As above, with all on the stack: object, function, text, and the place or nil.
 * [-4, +0, m] */
void idle_census_enter_values(lua_State *L);

/* Pushes where the script is, as "joiner.lua:12"; nil if that is not known. [-0, +1, m] */
void idle_census_push_place(lua_State *L);

/* Pushes a list of what is open and younger than `since`, oldest first, each as
 * {object, what, place}, and strikes out what was closed. [-0, +1, e] */
void idle_census_push_open(lua_State *L, uint64_t since);

/* Strikes out what is younger than `since`. [-0, +0, m] */
void idle_census_forget(lua_State *L, uint64_t since);

#endif
