/* SPDX-License-Identifier: MIT */

/*
 * bide/task.h - create_task, await, cancel, current_task, sleep
 *
 * A task is a coroutine that runs beside the others. Whoever spawns one owns its
 * handle and gives it back once: by joining or gathering it, by closing the
 * group it is in, or by detaching it. Until then the handle is valid, also after
 * the task has ended. Using it later is misuse.
 */
#ifndef BIDE_TASK_H
#define BIDE_TASK_H

#include <bide/base.h>

BIDE_BEGIN_DECLS

/* bide_task_options.flags */
enum {
	BIDE_EAGER = 1 << 0,            /* run up to the first suspension before returning */
};

/* All-zero is the default. */
typedef struct bide_task_options {
	const char *name;               /* copied; NULL: the function's symbol */
	size_t stack_size;              /* 0: the loop's */
	size_t copy;                    /* the task gets its own copy of this many bytes at arg */
	bide_time delay;                /* start after this time; holds no stack until then */
	void (*drop)(void *arg);        /* called with arg in place of fn where the task ends
	                                 * without having run; outside of any task: must not
	                                 * suspend. Not where spawning itself fails */
	unsigned flags;                 /* BIDE_EAGER */
} bide_task_options;

/*
 * Spawns a task that runs fn(arg). It is ready at once and runs when the caller
 * next suspends. The caller owns the handle.
 *
 * Returns NULL and sets errno: EPERM where no task runs, ENOMEM. A task for
 * which no stack can be had when it is to start ends with -ENOMEM; fn is not run.
 */
BIDE_API bide_task *bide_spawn(bide_fn *fn, void *arg);

/*
 * Spawns a task that runs fn with a pointer to its own copy of the n bytes at
 * arg, aligned for any type and valid until the task has ended.
 */
BIDE_API bide_task *bide_spawn_copy(bide_fn *fn, const void *arg, size_t n);

/*
 * Spawns a task with options; NULL stands for the default ones. EINVAL where an
 * option has no meaning.
 */
BIDE_API bide_task *bide_spawn_with(const bide_task_options *options, bide_fn *fn, void *arg);

/*
 * Spawns a task and detaches it. Returns 0, -EPERM where no task runs, or
 * -ENOMEM. As main's last act it never runs: the shutdown cancels it first.
 */
BIDE_API int bide_go(bide_fn *fn, void *arg);
BIDE_API int bide_go_copy(bide_fn *fn, const void *arg, size_t n);

/*
 * Suspends until the task ends and gives its handle back. A caller that is
 * cancelled cancels the task and still waits for its end; the task's result
 * comes out all the same where it is >= 0, done is done.
 *
 * Returns the task's result, or
 *   -ECANCELED  the caller was cancelled and the task's result is negative
 *   -EDEADLK    the task is the caller, or waits, straight or through others,
 *               for the caller's end; nothing was given back
 *   -EINVAL     another task joins it, or its handle is a group's; nothing was
 *               given back
 *   -EPERM      no task runs here; nothing was given back. A handle from
 *               bide_spawn_on() a plain thread may join: it blocks; see thread.h
 */
BIDE_API int bide_join(bide_task *task);

/*
 * Joins the task within a time limit. When that is over it cancels the task and
 * waits for its end, however long that takes. A limit of 0 or less takes the
 * result of a task that has ended, and cancels any other.
 *
 * Returns as bide_join(), and -ETIMEDOUT where the limit cut the task short and
 * its result is negative.
 */
BIDE_API int bide_join_for(bide_task *task, bide_time timeout);

/*
 * Gives the handle back without waiting; the task goes on. Where it has failed,
 * or will, that goes to the loop's on_error.
 */
BIDE_API void bide_detach(bide_task *task);

/*
 * Requests the task's cancellation: until it swallows that with bide_uncancel(),
 * every cancellation point outside of a shield returns -ECANCELED in it. One
 * that waits becomes ready at once; one not yet started never runs, and its
 * result is -ECANCELED. Returns 1, or 0 where the task had already ended.
 */
BIDE_API int bide_cancel(bide_task *task);

/* Returns whether the task has ended. */
BIDE_API bool bide_done(const bide_task *task);

/* Returns the task's result, -EINPROGRESS until it has ended. */
BIDE_API int bide_result(const bide_task *task);

/* Returns the running task, or NULL where none runs. The handle is borrowed. */
BIDE_API bide_task *bide_self(void);

/*
 * Returns the task's name: the one it was given, else its function's symbol, or
 * the function's address where it has none. Valid until the task is renamed or
 * its handle is given back.
 */
BIDE_API const char *bide_name(const bide_task *task);

/* Names the task; the string is copied. Returns 0 or -ENOMEM. */
BIDE_API int bide_set_name(bide_task *task, const char *name);

/* Returns how many bide_cancel() the task has not swallowed. */
BIDE_API int bide_cancel_requested(const bide_task *task);

/*
 * Suspends for d; with d <= 0, lets the others run once, as bide_yield() does.
 * Never ends early. Returns 0, or -ECANCELED where it was cut short.
 */
BIDE_API int bide_sleep(bide_time d);

/*
 * Suspends until bide_now() has reached when; where it has already, lets the
 * others run once. Returns 0, or -ECANCELED where it was cut short.
 */
BIDE_API int bide_sleep_until(bide_time when);

/*
 * Lets every task that is ready run once. Returns 0, or -ECANCELED, without
 * having suspended, where the caller was cancelled before.
 */
BIDE_API int bide_yield(void);

/*
 * Returns -ECANCELED where a cancellation or a passed deadline is pending for
 * the caller, else 0, also inside a shield. Never suspends and reads no clock:
 * deadlines take effect between rounds.
 */
BIDE_API int bide_checkpoint(void);

/*
 * Swallows every pending bide_cancel() of the running task, which then goes on
 * as if it had not been cancelled. Returns the number of requests dropped.
 */
BIDE_API int bide_uncancel(void);

/* A periodic timer without drift. The members are private. */
typedef struct bide_ticker {
	bide_time next;
	bide_time period;
} bide_ticker;

/* Starts the ticker, in place of what it did before; the first tick is due in one period. */
BIDE_API void bide_ticker_start(bide_ticker *ticker, bide_time period);

/*
 * Suspends until the next tick is due; does not suspend where ticks were missed.
 * Returns how many were due, as a timerfd does, or
 *   -ECANCELED  it was cut short; no tick is lost
 *   -EINVAL     the ticker was not started, or with a period of 0 or less
 */
BIDE_API ssize_t bide_ticker_wait(bide_ticker *ticker);

/*
 * A key for task-local values; a static, all-zero object. Its address is the
 * key: it must outlive the tasks that have a value for it.
 */
typedef struct bide_local {
	const void *reserved;
} bide_local;

/*
 * Sets the running task's value. Tasks spawned from now on start with it; those
 * spawned before keep theirs. Returns 0, -EPERM where no task runs, or -ENOMEM,
 * and then the value is what it was.
 */
BIDE_API int bide_local_set(bide_local *key, void *value);

/*
 * Returns the running task's value, in a call of bide_to_thread() its caller's; NULL
 * until one was set and where no task runs.
 */
BIDE_API void *bide_local_get(const bide_local *key);

/*
 * Registers fn(arg) to run in the running task once that task's function has
 * returned, the last registered first. fn may suspend and is shielded from
 * cancellation. In a call of bide_to_thread() it is the caller that defers. Returns
 * 0, -EPERM where no task runs, or -ENOMEM, and then fn will not be run.
 */
BIDE_API int bide_defer(void (*fn)(void *arg), void *arg);

BIDE_END_DECLS

#endif
