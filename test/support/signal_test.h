/* SPDX-License-Identifier: MIT */

/* signal_test.h - waiting for one signal or two */
#ifndef TEST_SUPPORT_SIGNAL_TEST_H
#define TEST_SUPPORT_SIGNAL_TEST_H

#include "loop_test.h"

#include <bide.h>
#include <errno.h>
#include <signal.h>

/*
 * The thread sanitizer delivers no signal to a thread that blocks in read(). In the
 * child of a process with several threads it delivers none, and allows no new threads.
 */
#ifdef __SANITIZE_THREAD__
#define HAS_TSAN true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_TSAN true
#endif
#endif
#ifndef HAS_TSAN
#define HAS_TSAN false
#endif

/* A set of two signals; twice the same makes a set of one. */
static inline sigset_t set_of(int one, int other)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, one);
	sigaddset(&set, other);
	return set;
}

static inline int wait_for(int signo)
{
	const sigset_t set = set_of(signo, signo);

	return bide_signal_wait(&set);
}

static inline int wait_task(void *arg)
{
	return wait_for(INT(arg));
}

/* A wait that no signal ends. */
static inline void check_none_kept(int signo)
{
	CHECK_INT(bide_timeout(1 * U, wait_task, ARG(signo)), -ETIMEDOUT);
}

/* From here on the signal does nothing by itself. Suspends until nothing is ready. */
#define take_over check_none_kept

#endif
