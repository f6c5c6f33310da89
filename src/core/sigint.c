/* SPDX-License-Identifier: MIT */

/*
 * sigint.c - Ctrl-C cancels the main task of bide_run()
 *
 * The handler is there during the run only, and only where SIGINT would have
 * killed the process. It resets itself: a second SIGINT kills.
 */
#include "base/sys.h"
#include "core/loop.h"

#include <sched.h>

static bide_loop *target;               /* atomic; NULL: no run wants SIGINT */
static int handler_count;               /* atomic: handlers that are running, on any thread */

static void sigint_handle(int signo)
{
	bide_loop *loop;

	(void)signo;
	__atomic_add_fetch(&handler_count, 1, __ATOMIC_SEQ_CST);
	loop = __atomic_load_n(&target, __ATOMIC_SEQ_CST);
	if (loop != NULL) {
		__atomic_store_n(&loop->sigint, 1, __ATOMIC_SEQ_CST);
		bide__loop_interrupt(loop);
	}
	__atomic_sub_fetch(&handler_count, 1, __ATOMIC_SEQ_CST);
}

void bide__sigint_begin(bide_loop *loop)
{
	struct sigaction old;
	struct sigaction ours = { .sa_handler = sigint_handle, .sa_flags = (int)SA_RESETHAND };

	if ((loop->options.flags & BIDE_NO_SIGINT) || !bide__sys_is_first_thread())
		return;
	if (bide__sys_sigaction(SIGINT, NULL, &old) < 0 || old.sa_handler != SIG_DFL)
		return;
	/* Before the handler is there: it may run at once. */
	__atomic_store_n(&target, loop, __ATOMIC_SEQ_CST);
	(void)bide__sys_sigaction(SIGINT, &ours, NULL);
}

void bide__sigint_end(bide_loop *loop)
{
	struct sigaction now;
	const struct sigaction by_default = { .sa_handler = SIG_DFL };

	if (__atomic_load_n(&target, __ATOMIC_SEQ_CST) != loop)
		return;
	/* Whatever the program has set meanwhile stays. */
	if (bide__sys_sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == sigint_handle)
		(void)bide__sys_sigaction(SIGINT, &by_default, NULL);
	__atomic_store_n(&target, NULL, __ATOMIC_SEQ_CST);
	/* A handler on another thread may still hold the pointer. */
	while (__atomic_load_n(&handler_count, __ATOMIC_SEQ_CST) > 0)
		(void)sched_yield();
}
