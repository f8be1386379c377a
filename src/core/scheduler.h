/* What core and runtime know about tasks, beyond task.h. */
#ifndef IDLE_SCHEDULER_H
#define IDLE_SCHEDULER_H

#include "hook.h"
#include "random.h"
#include "stack.h"
#include "task.h"

typedef TAILQ_HEAD(idle_task_list, idle_task) idle_task_list;
typedef struct idle_scheduler idle_scheduler;

/* Tasks that share a clock and chance. The machine's world is always there; while a
 * virtual one is open, the tasks of the machine's stand still. */
typedef struct idle_world {
  idle_clock *clock;
  idle_random random;
  idle_task_list ready;
  idle_task *caller;  /* of a virtual world: the task that opened it; NULL: the machine's */
  uint64_t turned_ns; /* when the tasks of a virtual world ran last */
  int still_turns;    /* since its clock has moved */
  int looks;          /* at that clock, since a task last began to compute */

  /* the waits of that caller, and looks of any task, which failed because time cannot go on */
  int failed_waits;
  char failed_at[IDLE_PLACE_SIZE]; /* the last of them */
  lua_CFunction raise_end;         /* raises what it raised */
} idle_world;

typedef enum {
  IDLE_TASK_READY,   /* runs at the next turn */
  IDLE_TASK_RUNNING, /* computes */
  IDLE_TASK_WAITING, /* somebody will wake it */
  IDLE_TASK_DONE
} idle_task_state;

/* Why a task has to end; both borrowed for the life of the state. */
typedef struct {
  const char *kind; /* of the error that its waits raise; NULL: it need not end */
  const char *text; /* what happened, as "cancelled by SIGTERM" */
} idle_ending;

struct idle_task {
  idle_scheduler *scheduler;
  idle_world *world;
  lua_State *thread; /* NULL once done */
  idle_task_state state;
  int arguments;     /* of its first resume */
  bool is_preempted; /* suspended by a hook, not in a wait */
  uint64_t origin;   /* the number of what it belongs to, see idle_scheduler_birth() */
  idle_queue joiners;
  TAILQ_ENTRY(idle_task) place;       /* among the live; later, if is_unhandled, among the failed */
  TAILQ_ENTRY(idle_task) ready_place; /* while IDLE_TASK_READY */

  /* the present wait */
  char waits_in[48];   /* what it waits in, for messages */
  lua_KFunction after; /* what goes on then */
  lua_KContext after_ctx;
  lua_CFunction raise_fault; /* it calls this instead, once; NULL: nothing */
  const char *fault;         /* text of the error that this raises */

  char spawned_at[IDLE_PLACE_SIZE]; /* by the script's own code, as "joiner.lua:12"; "": that made no task */

  /* once it has to end */
  idle_ending ending;
  bool is_cleaning_up;       /* its __close handlers may wait until the timer fires */
  idle_timer *cleanup_timer; /* NULL: not begun, or over */
  int refused_waits;         /* how often it waited nevertheless */

  /* once it is done */
  bool has_failed;   /* its outcome is an error */
  bool is_unhandled; /* nobody took that error yet */
};

struct idle_scheduler {
  lua_State *L; /* the main thread; it resumes the tasks */
  uv_loop_t *loop;
  idle_world machine;
  idle_world *world;           /* whose tasks run */
  idle_task *current;          /* the task that computes; NULL: none */
  lua_State *volatile running; /* its thread, or the coroutine that it runs; NULL: the loop waits */
  bool is_halted;              /* nobody runs on: the program is about to end */
  idle_ending ending;          /* of tasks that are still to be spawned */
  idle_task_list tasks;        /* live, oldest first */
  idle_task_list failed;       /* done, and nobody took their error */
  idle_task outside;           /* stands for "no task" in every other thread */
  idle_protected_call protected_calls[4];
  uint64_t births;      /* the newest number of what was spawned or opened */
  bool keeps_books;     /* what is spawned and opened is noted with its place (census.h) */
  idle_task *keeper;    /* the task that wants to know; only compared */
  idle_on_line on_line; /* told of every line that runs (hook.h); NULL: nobody is */
  void *on_line_context;
};

/* Hands `scheduler` to the state: threads made from now on find it. L is the
 * main thread, its standard libraries are open; all must outlive the state.
 * [-0, +0, e] */
void idle_scheduler_open(idle_scheduler *scheduler, lua_State *L, uv_loop_t *loop, idle_clock *clock);

idle_scheduler *idle_scheduler_of(lua_State *L);

/* The task whose own thread L is; NULL for any other thread. */
idle_task *idle_task_of(lua_State *L);

/* The number of what the running task makes now: a new one, but what a task makes
 * that the keeper of the books has spawned, or one of its own, belongs to that. */
uint64_t idle_scheduler_birth(idle_scheduler *scheduler);

/* Runs the tasks that are ready now, not those that become ready meanwhile. */
void idle_scheduler_turn(idle_scheduler *scheduler);

/* Runs a task that is ready until it waits or is done. */
void idle_task_run(idle_task *task);

/* Gives every live task but `except`, and those spawned from now on, an ending. */
void idle_scheduler_end(idle_scheduler *scheduler, idle_ending ending, const idle_task *except);

/* A waiting task runs at the loop's next turn. */
void idle_task_wake(idle_task *task);

/* Every wait of the task raises an error from now on; those of its __close
 * handlers only after two seconds. */
void idle_task_end(idle_task *task, idle_ending ending);

/* Raises the ending of the task that computes, from a hook on one of its
 * threads. [-0, +0, e] */
int idle_task_raise_ending(lua_State *L);

/* The task's wait raises an error with this text, which is borrowed: at SIGINT,
 * or because nobody is left who could wake it. */
void idle_task_fail_wait(idle_task *task, const char *text);

/* The same with an error that `raise` makes, called on the task's thread. */
void idle_task_fail_wait_by(idle_task *task, lua_CFunction raise);

/* The task moves, while it computes, to another world. */
void idle_task_move(idle_task *task, idle_world *world);

/* A world without tasks. */
void idle_world_init(idle_world *world, idle_clock *clock);

/* From a count hook: the running task lets the others run, then goes on. */
int idle_task_preempt(lua_State *L);

/* A loop that catches the error of each wait would never let go of the processor. */
enum { IDLE_MOST_REFUSED_WAITS = 1000 };

/* Whether the task met more waits after its end than any cleanup needs. */
bool idle_task_is_stubborn(const idle_task *task);

/* Closes what is to be closed on the task's stack, at once and without waits,
 * and ends the task. */
void idle_task_abandon(idle_task *task);

/* What a task leaves behind (outcome.c) */

/* User values of a task's object. */
enum {
  IDLE_TASK_THREAD = 1,
  IDLE_TASK_OUTCOME,
  IDLE_TASK_ERROR_TEXT,
  IDLE_TASK_ERROR_PLACE, /* where in the script it was raised, if books are kept */
  IDLE_TASK_VALUES = IDLE_TASK_ERROR_PLACE
};

/* The function of a task's thread: calls the one on its stack, keeps the outcome. */
int idle_task_body(lua_State *L);

/* Pushes the results of a task that is done and has not failed. [-0, +n, m]
 * Returns: their number. */
int idle_task_push_results(lua_State *L, int index);

/* Pushes the error object of a failed task, whose object is at `index`, and the
 * error's text with its traceback; it counts as handled. [-0, +2, m] */
void idle_task_take_error(lua_State *L, int index);

#endif
