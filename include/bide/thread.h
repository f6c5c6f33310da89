/* SPDX-License-Identifier: MIT */

/*
 * bide/thread.h - loops on threads, and calls from thread to thread
 *
 * A task stays on the thread of its loop for life. What crosses threads is listed
 * here, and in future.h and queue.h (bide_queue_new_shared()); everything else
 * belongs to one loop, and is used by its tasks only. Under BIDE_DEBUG an object or
 * a handle that is used from the wrong thread is reported, where that is noticed,
 * and the process is aborted.
 *
 * Where a plain thread, on which no loop runs, may make a call that waits, it blocks.
 *
 * A pointer to a loop that another thread keeps needs bide_loop_ref().
 *
 * The child of a fork has no loop: whatever needs a task is refused there, and says
 * why once. It may exec, _exit, or run a loop of its own. All descriptors of the
 * library are closed by exec.
 */
#ifndef BIDE_THREAD_H
#define BIDE_THREAD_H

#include <bide/loop.h>

BIDE_BEGIN_DECLS

typedef struct bide_thread bide_thread;

/*
 * Runs fn(arg) as a detached task of the loop, which need not run yet. From any
 * thread. What one thread posts begins in the order in which it was posted, unless
 * BIDE_SHUFFLE changes that. A function that was accepted is run, even where the
 * loop closes meanwhile; it is then cancelled from its first step on. Never suspends.
 *
 * A loop in which all tasks wait for what only a post can bring is deadlocked to
 * bide_run(), unless somebody has a reference to it.
 *
 * Returns 0, or
 *   -ESHUTDOWN  the loop closes, or has been closed
 *   -ENOMEM
 */
BIDE_API int bide_post(bide_loop *loop, bide_fn *fn, void *arg);

/*
 * Spawns a task on the loop, from any thread. Its handle may be given to
 * bide_join(), bide_join_for(), bide_cancel(), bide_detach(), bide_done(),
 * bide_result() and bide_name(), which gives the function's name, on any thread, not
 * to bide_gather() and bide_wait(). A plain thread that joins blocks, and has
 * -ETIMEDOUT from bide_join_for() whenever the time was over before the end. On the
 * loop's own thread it is bide_spawn(), and the handle is for that thread only.
 *
 * Returns NULL and sets errno: ESHUTDOWN, ENOMEM. Where the loop closes before the
 * task has begun, its result is -ECANCELED. Never suspends.
 */
BIDE_API bide_task *bide_spawn_on(bide_loop *loop, bide_fn *fn, void *arg);

/*
 * Runs fn(arg) on a thread of the loop's pool, and suspends until it has returned.
 * The pool grows to bide_options.max_threads, and shrinks again when idle; calls
 * wait for a thread in the order in which they came. bide_local_get() gives fn the
 * caller's values, and what fn defers is deferred by the caller. A virtual clock
 * stands while a call is out.
 *
 * A caller that is cancelled before the call has begun takes it back: fn never runs;
 * later it waits for it all the same.
 *
 * Returns what fn returned, or
 *   -ECANCELED  fn was not run: the caller was cancelled
 *   -EAGAIN     no thread could be started, -ENOMEM
 *   -EPERM      no task runs here
 */
BIDE_API int bide_to_thread(bide_fn *fn, void *arg);

/*
 * Does the same, but a caller that is cancelled does not wait: it has -ECANCELED at
 * once, and fn goes on with arg, which must last for as long as that takes. Neither
 * does the loop's close wait for it. Its thread no longer counts as one of
 * max_threads. bide_defer() is refused in fn.
 */
BIDE_API int bide_to_thread_abandon(bide_fn *fn, void *arg);

/*
 * Starts a thread with a loop of its own and runs fn(arg) as its main task, as
 * bide_run_with() does. options may be NULL. The thread is for bide_thread_join(),
 * bide_thread_stop() or bide_thread_detach(), one of them, once. From any thread.
 *
 * Returns NULL and sets errno: EAGAIN, ENOMEM, EMFILE, EINVAL.
 */
BIDE_API bide_thread *bide_thread_start(const bide_options *options, bide_fn *fn, void *arg);

/*
 * Returns the thread's loop, which the thread holds a reference to. Valid from the
 * start to the call that gives the thread back; after a detach for as long as its
 * main task runs.
 */
BIDE_API bide_loop *bide_thread_loop(bide_thread *thread);

/*
 * Suspends until the thread has ended, and gives it back. Where the caller is
 * cancelled the thread's main task is cancelled, and waited for. Returns main's
 * result; where the caller was cancelled and that is negative, -ECANCELED; or
 * -EDEADLK, and nothing is given back, on the thread itself.
 */
BIDE_API int bide_thread_join(bide_thread *thread);

/*
 * Cancels the thread's main task, suspends until the thread has ended, and gives it
 * back. It may take as long as grace, also where the caller is cancelled; then it
 * is left to itself, as by bide_thread_detach(). Returns main's result, -ETIMEDOUT,
 * or -EDEADLK as above.
 */
BIDE_API int bide_thread_stop(bide_thread *thread, bide_time grace);

/*
 * Gives the thread back without waiting: it is a daemon, which dies with the
 * process. Nothing is cancelled then, and no deferred function runs.
 */
BIDE_API void bide_thread_detach(bide_thread *thread);

/*
 * Runs n loops, each on a thread of its own, and fn(arg) as the main task of each;
 * 0: one for each processor that the process may use. On a plain thread the first
 * one is that thread's. The first failure cancels all the other main tasks. Waits
 * for all of them: a plain thread blocks, a task suspends. SIGINT on the process's
 * first thread takes all of them down.
 *
 * Returns 0, or the first failure, or
 *   -EINTR      SIGINT came
 *   -ECANCELED  the calling task was cancelled; where it was before, nothing was run
 *   -EAGAIN, -ENOMEM, -EMFILE, -EINVAL  not all could be started
 */
BIDE_API int bide_run_threads(unsigned n, bide_fn *fn, void *arg);

/* Does the same, with options for each loop; see BIDE_PIN. NULL stands for the default ones. */
BIDE_API int bide_run_threads_with(const bide_options *options, unsigned n, bide_fn *fn, void *arg);

BIDE_END_DECLS

#endif
