/* SPDX-License-Identifier: MIT */

/*
 * loop.h - one thread's tasks, ready ring, timers and back end
 */
#ifndef BIDE_CORE_LOOP_H
#define BIDE_CORE_LOOP_H

#include "base/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ring.h"
#include "core/backend.h"
#include "core/slab.h"
#include "core/stack.h"
#include "core/switch.h"
#include "core/task.h"
#include "core/timer.h"

#include <bide/inspect.h>
#include <bide/loop.h>

#define STACK_POOLS_MAX 8               /* different stack sizes in one loop */
#define FD_USE_LISTS 32

struct bide_loop {
	/* What a switch touches. */
	struct bide_task *current;      /* the running task; NULL: the scheduler runs */
	struct ring ready;              /* room for every live task: pushing cannot fail */
	uint64_t round_end;             /* position in ready where the round ends */
	uint64_t switches;
	struct context scheduler;       /* the loop's own code, on the thread's stack */
	uint64_t look_interval;         /* in ticks; 0: look after every round */
	bool is_direct;                 /* a parking task picks the next one by itself */
	bool round_is_timed;            /* somebody gave way: its end reads the counter */
	int attention;                  /* atomic: something from outside wants a look */
	uint64_t timed_at;              /* in ticks: when steps were timed last */
	uint64_t untimed_limit;         /* steps that may go by before the next reading */
	uint64_t untimed_left;          /* of these, how many still may */

	/* Time. */
	bide_time now;                  /* as of the last look; virtual under BIDE_VIRTUAL_CLOCK */
	struct start_clock clock;       /* it tells when the last look was, too */
	struct timer_wheel wheel;
	uint64_t outside_count;         /* tasks that only the world outside can wake */
	bide_time trimmed_at;           /* when memory was last given back */
	bide_time idle_time;

	/* Tasks. */
	struct bide_node tasks;         /* struct bide_task.all_node, in order of spawning */
	struct slab slab;
	struct stack_pool pools[STACK_POOLS_MAX];
	unsigned pool_count;
	uint64_t live_count;
	uint64_t spawned_count;
	uint64_t ended_count;
	uint64_t round_count;
	uint64_t random;                /* state, of BIDE_SHUFFLE and bide_select() */

	/* I/O. */
	struct backend *backend;        /* owned */
	struct bide_node done;          /* operations that have come back */
	struct kept *kept;              /* owned; errors for the next operations; see kept.h */
	uint64_t operation_count;       /* submitted, ever */
	uint64_t in_flight_count;       /* submitted and not back yet */
	unsigned io_budget;             /* operations until the next forced yield */
	struct bide_node fd_uses[FD_USE_LISTS]; /* struct fd_use.node, by the descriptor */

	/* A run. */
	struct bide_task *main;         /* of this run; NULL: none, or it has ended */
	int main_result;
	bool is_running;                /* atomic: bound to a thread */
	bool is_closing;                /* atomic: whatever is spawned is cancelled */
	bool ends_with_main;            /* bide_run(): main's end is the loop's */
	bool is_deadlocked;             /* bide_run() is to return -EDEADLK */
	int stop;                       /* atomic: bide_loop_stop() was called */
	int sigint;                     /* atomic: SIGINT came */
	bool was_interrupted;           /* SIGINT has cancelled main */
	void *alternate_stack;          /* owned, of overflow.c; NULL: none yet */

	bide_options options;           /* with the environment's; name is owned */
	int reference_count;            /* atomic */
	int hidden_count;               /* references of those that never wake it */

	/* From other threads. */
	struct message *postponed;      /* taken from the inbox, the oldest first; NULL: none */
	uint64_t post_count;
	uint64_t job_count;             /* calls that are out in the pool */
	struct pool *pool;              /* owned, of thread/; NULL: none yet */
	struct pool *name_pool;         /* the same, for nothing but the lookup of names */
	void (*pool_close)(struct pool *pool);

	/* What other threads write, away from what this one reads all the time. */
	_Alignas(64) struct message *inbox; /* atomic: the newest one, or a state; see wake.c */
	unsigned pin_count;             /* atomic: threads about to let go of this memory */
};

/* The loop that runs on this thread; NULL: none. */
extern __thread bide_loop *bide__loop __attribute__((tls_model("initial-exec")));

static inline struct bide_task *task_current(void)
{
	return likely(bide__loop != NULL) ? bide__loop->current : NULL;
}

static inline bide_loop *task_loop(const struct bide_task *task)
{
	return slab_owner(task);
}

/* A task's name, without a look at whose task it is. diag/ implements it. */
const char *bide__task_name(const struct bide_task *task);

/* Whether any loop of the process was made with BIDE_DEBUG. Atomic, never false again. */
extern bool bide__is_debugging;

static inline bool is_debugging(void)
{
	return __atomic_load_n(&bide__is_debugging, __ATOMIC_RELAXED);
}

/* foreign.c: under BIDE_DEBUG, aborts where the task's loop runs on another thread. */
void bide__foreign_task(const struct bide_task *task, const char *caller);
void bide__foreign_object(const struct bide_task *task);

/*
 * Aborts where the handle was given back already or, under BIDE_DEBUG, is another
 * thread's. caller is a function's name.
 */
static inline void task_check(const struct bide_task *task, const char *caller)
{
	if (unlikely(task == NULL || task->state == TASK_FREE))
		bide__task_misuse(task, caller);
	if (unlikely(is_debugging()) && task->state != TASK_REMOTE &&
	    task_loop(task) != bide__loop && task != bide__caller)
		bide__foreign_task(task, caller);
}

/* The same where the task has an object, or waits for it, that is about to be used. */
static inline void user_check(const struct bide_task *task)
{
	if (unlikely(is_debugging()) && task != NULL && task_loop(task) != bide__loop)
		bide__foreign_object(task);
}

/* Whether the handle needs a closer look than that: task_check(), or it is remote. */
static inline bool task_is_special(const struct bide_task *task)
{
	return task == NULL || task->state == TASK_FREE || task->state == TASK_REMOTE ||
	       is_debugging();
}

static inline bool loop_is_virtual(const bide_loop *loop)
{
	return loop->options.flags & BIDE_VIRTUAL_CLOCK;
}

/* The loop's clock, read now. */
static inline bide_time loop_clock(const bide_loop *loop)
{
	return loop_is_virtual(loop) ? loop->now : bide__clock_now();
}

/* When a duration that begins now is over. */
static inline bide_time loop_deadline(bide_loop *loop, bide_time d)
{
	bide_time now;

	/* Many waits have no limit, and need no clock. */
	if (d == BIDE_FOREVER)
		return d;
	now = loop_is_virtual(loop) ? loop->now : start_clock_read(&loop->clock);
	return bide__time_after(now, d);
}

/* Room in the ready ring was reserved when the task was spawned. */
static inline void loop_make_ready(bide_loop *loop, struct bide_task *task)
{
	ring_push(&loop->ready, task);
}

/* Who gives way may have computed for long: the end of the round reads the counter. */
static inline void loop_time_round(bide_loop *loop)
{
	loop->round_is_timed = true;
}

/* loop.c */

/*
 * Makes a loop; stays: one thread, which may be another one, runs it from beginning
 * to end. Returns 0, or a negative errno.
 */
int bide__loop_open(bide_loop **ret, const bide_options *options, bool stays);

/* Frees a loop that has never run, also while another one runs on this thread. */
void bide__loop_discard(bide_loop *loop);

/* Runs fn(arg) as bide_run() does, on a loop that was made for this. */
int bide__loop_run_whole(bide_loop *loop, bide_fn *fn, void *arg);

/* Cancels every task but the excepted one, in order of spawning; NULL excepts none. */
void bide__loop_cancel_all(bide_loop *loop, const struct bide_task *except);

/* Tells the loop that a main task has ended. */
void bide__loop_main_ended(bide_loop *loop, int result);

/* Wakes the loop so that it looks at what has come from outside. Safe in signal handlers. */
void bide__loop_interrupt(bide_loop *loop);

/* backend.c: opens what the options ask for, or what takes its place. stays: see above. */
int bide__backend_open(struct backend **ret, const bide_options *options, bool stays);

/* schedule.c */

/* Runs one round of what is ready. */
void bide__schedule_round(bide_loop *loop);

/*
 * The running task stands still; the next ready one, or the scheduler, goes on. Returns
 * 0, so that bide_yield(), which has nothing left to do, can end by a jump to it.
 */
int bide__suspend(bide_loop *loop, struct bide_task *self);

/*
 * The task that ran on the stack has ended. Returns NULL where loop->current is a new
 * task that is to go on there; else the stack is given back, and the caller ends by
 * switching to the context. Only for bide__task_main().
 */
struct context *bide__schedule_successor(bide_loop *loop, stack *own, unsigned pool_index);

/* Runs the new task now, and the caller again as soon as that suspends. */
void bide__schedule_eager(bide_loop *loop, struct bide_task *task);

/* Gives a task that is to run for the first time a stack. Returns 0 or -ENOMEM. */
int bide__schedule_begin(bide_loop *loop, struct bide_task *task);

/* look.c */

/* Looks at I/O and timers, waiting for them where may_wait and no task is ready. */
void bide__loop_look(bide_loop *loop, bool may_wait);

/* Whether nothing can happen any more. */
bool bide__loop_is_deadlocked(const bide_loop *loop);

/* fork.c: the child of a fork has no loop. The second returns -EPERM, and says why. */
void bide__fork_watch(void);
int bide__outside_of_tasks(void);

/* sigint.c: SIGINT cancels the loop's main task, where nobody else wants it. */
void bide__sigint_begin(bide_loop *loop);
void bide__sigint_end(bide_loop *loop);

/* overflow.c: tells whose stack has overflowed, while the loop runs on this thread. */
void bide__overflow_begin(bide_loop *loop);
void bide__overflow_end(bide_loop *loop);
void bide__overflow_fini(bide_loop *loop);

/* options.c: the options with their defaults and the environment's. Returns 0 or -EINVAL. */
int bide__options_complete(bide_options *ret, const bide_options *given);

#endif
