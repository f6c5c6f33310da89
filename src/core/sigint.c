/* SPDX-License-Identifier: MIT */

/*
 * sigint.c - Ctrl-C cancels the main task of bide_run()
 *
 * The handler is there during the run only, and only where SIGINT would have
 * killed the process. It resets itself: a second SIGINT kills.
 */
#include "base/sys.h"
#include "core/loop.h"

#include <pthread.h>
#include <sched.h>
#include <unistd.h>

static bide_loop *target;               /* atomic; NULL: no run wants SIGINT */
static pid_t owner;                     /* the process that the target is of */
static struct sigaction before;         /* the first thread's: what the run found */
static int handler_count;               /* atomic: handlers that are running, on any thread */

static void sigint_handle(int signo)
{
	bide_loop *loop;

	/* In the child of a fork that has not come to forget() yet. The signal has its
	 * default action again; it comes once we return. */
	if (getpid() != owner) {
		(void)raise(signo);
		return;
	}
	__atomic_add_fetch(&handler_count, 1, __ATOMIC_SEQ_CST);
	loop = __atomic_load_n(&target, __ATOMIC_SEQ_CST);
	if (loop != NULL) {
		__atomic_store_n(&loop->sigint, 1, __ATOMIC_SEQ_CST);
		bide__loop_interrupt(loop);
	}
	__atomic_sub_fetch(&handler_count, 1, __ATOMIC_SEQ_CST);
}

/* In the child of a fork, whose loop does not run: SIGINT kills it. */
static void forget(void)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };

	if (__atomic_exchange_n(&target, NULL, __ATOMIC_SEQ_CST) != NULL)
		(void)bide__sys_sigaction(SIGINT, &by_default, NULL);
	handler_count = 0;
}

void bide__sigint_begin(bide_loop *loop)
{
	struct sigaction ours = {
		.sa_handler = sigint_handle,
		.sa_flags = (int)SA_RESETHAND | SA_ONSTACK,
	};
	static bool is_registered;      /* the first thread's only */

	if ((loop->options.flags & BIDE_NO_SIGINT) || !bide__sys_is_first_thread())
		return;
	if (bide__sys_sigaction(SIGINT, NULL, &before) < 0 || before.sa_handler != SIG_DFL)
		return;
	if (!is_registered)
		is_registered = pthread_atfork(NULL, NULL, forget) == 0;
	owner = getpid();
	/* Before the handler is there: it may run at once. */
	__atomic_store_n(&target, loop, __ATOMIC_SEQ_CST);
	(void)bide__sys_sigaction(SIGINT, &ours, NULL);
}

void bide__sigint_end(bide_loop *loop)
{
	struct sigaction now;

	if (__atomic_load_n(&target, __ATOMIC_SEQ_CST) != loop)
		return;
	/* Whatever the program has set meanwhile stays. */
	if (bide__sys_sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == sigint_handle)
		(void)bide__sys_sigaction(SIGINT, &before, NULL);
	__atomic_store_n(&target, NULL, __ATOMIC_SEQ_CST);
	/* A handler on another thread may still hold the pointer. */
	while (__atomic_load_n(&handler_count, __ATOMIC_SEQ_CST) > 0)
		(void)sched_yield();
}
