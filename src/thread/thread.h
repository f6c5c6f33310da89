/* SPDX-License-Identifier: MIT */

/*
 * thread.h - a thread with a loop of its own
 */
#ifndef BIDE_THREAD_THREAD_H
#define BIDE_THREAD_THREAD_H

#include "core/completion.h"

#include <bide/thread.h>

/* Makes a loop that waits for a thread to run it. Returns 0, or a negative errno. */
int bide__thread_open(struct bide_thread **ret, const bide_options *options, bide_fn *fn,
                      void *arg);

/* Beside the handle, which is given back by its own calls. */
void bide__thread_ref(struct bide_thread *thread);
void bide__thread_unref(struct bide_thread *thread);

/*
 * Has ended(arg, result) called on the thread when its loop has ended, with the
 * thread's arg. Nobody else has the thread: its reference to the loop keeps that from
 * no deadlock. Before it runs.
 */
void bide__thread_watch(struct bide_thread *thread, void (*ended)(void *arg, int result));

/* Runs the loop on a new thread. Where that fails the handle is given back. */
int bide__thread_launch(struct bide_thread *thread);

/* Runs the loop on this thread, and gives it back. Returns what bide_run() would. */
int bide__thread_run_here(struct bide_thread *thread);

/* Cancels the main task, now or as soon as it begins. From any thread. */
void bide__thread_cancel(struct bide_thread *thread);

#endif
