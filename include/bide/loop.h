/* SPDX-License-Identifier: MIT */

/*
 * bide/loop.h - running tasks: asyncio.run, Runner and new_event_loop
 *
 * A loop runs tasks on one thread. bide_run() is all that most programs need;
 * the calls after it keep a loop between runs or embed it in a foreign one.
 *
 * A round of the loop runs each task that was ready when the round began, once,
 * then looks at I/O, then at timers. A task that is made ready runs one round
 * later, never inside the call that woke it. While tasks keep each other ready
 * the loop looks at I/O and timers every few microseconds, not after each round.
 * To tell, it reads the clock at the end of a round in which a task yielded, and
 * otherwise once in eight steps of tasks, or at the end of a round that has more.
 */
#ifndef BIDE_LOOP_H
#define BIDE_LOOP_H

#include <bide/base.h>

BIDE_BEGIN_DECLS

/*
 * bide_options.backend: what the loop asks the operating system through. Where the
 * system or this build does not have what was asked for, epoll takes the place of
 * io_uring and poll that of epoll; bide_loop_stats() tells which one runs.
 */
enum {
	BIDE_BACKEND_AUTO = 0,          /* the best that this system has */
	BIDE_BACKEND_URING = 1,
	BIDE_BACKEND_EPOLL = 2,
	BIDE_BACKEND_POLL = 3,          /* slower the more descriptors are waited for */
};

/* bide_options.flags */
enum {
	BIDE_DEBUG = 1 << 0,            /* report slow tasks, handles never given back, … */
	BIDE_VIRTUAL_CLOCK = 1 << 1,    /* time jumps to the next deadline when all wait */
	BIDE_SHUFFLE = 1 << 2,          /* ready tasks run in an order given by the seed */
	BIDE_NO_SIGINT = 1 << 3,        /* leave SIGINT alone */
	BIDE_PIN = 1 << 4,              /* a processor for each loop of bide_run_threads_with() */
};

/* All-zero is the default. */
typedef struct bide_options {
	const char *name;               /* shown by the inspector; copied */
	size_t stack_size;              /* bytes of address space for a task's stack; 0: 252 KiB */
	int backend;                    /* BIDE_BACKEND_… */
	unsigned flags;                 /* BIDE_DEBUG | BIDE_VIRTUAL_CLOCK | … */
	uint64_t seed;                  /* of BIDE_SHUFFLE and of bide_select()'s choices */
	bide_time slow_task;            /* report a task that holds the thread for longer;
	                                 * 0: 100 ms under BIDE_DEBUG, else never */
	unsigned max_threads;           /* of the blocking pool; 0: the default */
	void (*on_error)(bide_task *task, int result, void *ctx);
	                                /* a detached task failed; NULL: print it. Called
	                                 * outside of any task; must not suspend */
	void *ctx;                      /* handed to on_error */
} bide_options;

/*
 * Runs fn(arg) as the main task of a new loop on this thread. When it returns,
 * every task left is cancelled, in order of spawning, and waited for, together
 * with whatever those still spawn; then the loop is closed.
 *
 * Returns what fn returned, or
 *   -EBUSY     a loop runs on this thread already; fn was not called
 *   -ENOMEM, … the loop could not be made; fn was not called
 *   -EDEADLK   every task waited for another one; the tree of tasks was printed
 *   -EINTR     SIGINT came: it cancels the main task, and this code takes the
 *              place of main's -ECANCELED. A second SIGINT kills the process.
 *              Only on the process's first thread, and only where the program
 *              has neither set nor ignored SIGINT itself.
 */
BIDE_API int bide_run(bide_fn *fn, void *arg);

/*
 * Does what bide_run() does, with options; NULL stands for the default ones.
 * Returns -EINVAL where an option has no meaning. The environment's
 * BIDE_DEBUG=1, BIDE_BACKEND=epoll|uring|poll and BIDE_SHUFFLE=seed set the same.
 */
BIDE_API int bide_run_with(const bide_options *options, bide_fn *fn, void *arg);

/*
 * Creates a loop, which the caller owns and gives back with bide_loop_close().
 * options may be NULL. Returns NULL and sets errno where that is not possible:
 * ENOMEM, EMFILE, EINVAL.
 */
BIDE_API BIDE_MUST_CHECK bide_loop *bide_loop_new(const bide_options *options);

/*
 * Runs fn(arg) as a task of the loop, on this thread, and returns when that task
 * has ended. Tasks left over stay where they are and go on at the next run.
 *
 * Returns what fn returned, or
 *   -EINPROGRESS  bide_loop_stop() ended the run before fn; its task is left over
 *   -EBUSY        the loop, or another one on this thread, is running
 */
BIDE_API int bide_loop_run(bide_loop *loop, bide_fn *fn, void *arg);

/*
 * Runs the loop's tasks on this thread until bide_loop_stop(). Returns 0, or
 * -EBUSY where the loop, or another one on this thread, is running.
 */
BIDE_API int bide_loop_run_forever(bide_loop *loop);

/*
 * Ends the loop's run once the current round is over; what that round makes
 * ready waits for the next run. Called before a run, that run does one round.
 * May be called from any thread and from signal handlers.
 */
BIDE_API void bide_loop_stop(bide_loop *loop);

/*
 * Returns a descriptor that is readable when the loop has work, for use in a
 * foreign loop (GTK, Qt, libev); the loop owns it. Wait for it no longer than
 * bide_loop_timeout() says, then call bide_loop_step(). Returns -EOPNOTSUPP where
 * the loop runs on poll, which has no descriptor that tells of all others.
 */
BIDE_API int bide_loop_fd(const bide_loop *loop);

/*
 * Looks at I/O and timers and runs what is ready, never waiting. Returns how
 * many tasks live, or -EBUSY where the loop, or another one on this thread, is
 * running.
 */
BIDE_API int bide_loop_step(bide_loop *loop);

/*
 * Returns the time until the loop's next deadline: 0 where a task is ready,
 * BIDE_FOREVER where none is and no timer runs. Ask again after anything that may
 * have made a task ready, such as setting an event between two steps.
 */
BIDE_API bide_time bide_loop_timeout(const bide_loop *loop);

/*
 * Cancels every task left, waits for all of them on this thread, and frees the
 * loop. Returns 0, or -EBUSY, and nothing has changed, while the loop, or
 * another one on this thread, is running.
 */
BIDE_API int bide_loop_close(bide_loop *loop);

/* Returns the loop that runs on this thread, or NULL where none does. */
BIDE_API bide_loop *bide_loop_current(void);

/*
 * Takes a reference to the loop, which a pointer kept by another thread needs.
 * After the loop's close the pointer is only good for -ESHUTDOWN, until
 * bide_loop_unref() gives the reference back. Returns loop.
 */
BIDE_API bide_loop *bide_loop_ref(bide_loop *loop);
BIDE_API void bide_loop_unref(bide_loop *loop);

/*
 * Moves the virtual clock of the running loop on by d, as if the calling task
 * had held the thread for so long. Does nothing on a real clock.
 */
BIDE_API void bide_clock_advance(bide_time d);

/*
 * Returns the time on the running loop's clock, virtual under
 * BIDE_VIRTUAL_CLOCK, where it starts at 0; outside of a loop, CLOCK_MONOTONIC.
 */
BIDE_API bide_time bide_now(void);

BIDE_END_DECLS

#endif
