/* SPDX-License-Identifier: MIT */

/*
 * overflow.c - tells whose stack has overflowed, before the process dies of it
 *
 * An overflow runs into the guard below the stack and raises SIGSEGV. The handler
 * runs on an alternate stack, says which task it was, and leaves the rest to what
 * was there before it: another handler, or the default action.
 */
#include "base/sys.h"
#include "core/gen.h"
#include "core/loop.h"

#include <pthread.h>
#include <unistd.h>

#ifdef BIDE_HAVE_VALGRIND
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

/* Looking up a function's name takes more room than a handler usually has. */
#define ALTERNATE_STACK_BYTES ((size_t)256 * 1024)

/* If the lookup hangs, as the overflow came inside of malloc(), die all the same. */
#define REPORT_SECONDS_MAX 5

static struct sigaction before;

static void overflow_report(const void *address)
{
	const bide_loop *loop = bide__loop;
	const struct bide_task *task = loop != NULL ? loop->current : NULL;
	const struct stack_pool *pool;

	if (task == NULL || task->state != TASK_ACTIVE)
		return;
	pool = &loop->pools[task->pool_index];
	if (bide__gen_guards(task->gen, address)) {
		bide__report("stack overflow in a generator that task '%s' runs", bide_name(task));
	} else if (stack_guards(pool, task->stack, address)) {
		(void)alarm(REPORT_SECONDS_MAX);
		bide__report("stack overflow in task '%s': its stack has %zu KiB (stack_size in "
		             "bide_task_options or bide_options sets more)",
		             bide_name(task), pool->slot_bytes / 1024);
	}
}

static void segv_handle(int signo, siginfo_t *info, void *ucontext)
{
	overflow_report(info->si_addr);
	if (before.sa_flags & SA_SIGINFO) {
		before.sa_sigaction(signo, info, ucontext);
	} else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
		before.sa_handler(signo);
	} else {
		/* The access is repeated on return, and now kills. */
		const struct sigaction by_default = { .sa_handler = SIG_DFL };

		(void)bide__sys_sigaction(signo, &by_default, NULL);
	}
}

static void segv_install(void)
{
	struct sigaction ours = {
		.sa_sigaction = segv_handle,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER,
	};

	(void)bide__sys_sigaction(SIGSEGV, &ours, &before);
}

/* A program that lacks the memory for it runs without the report. */
void bide__overflow_begin(bide_loop *loop)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	stack_t ours = { .ss_size = ALTERNATE_STACK_BYTES };
	stack_t old;

	(void)pthread_once(&once, segv_install);
	/* The thread may have one of its own: that serves. */
	if (bide__sys_sigaltstack(NULL, &old) < 0 || !(old.ss_flags & SS_DISABLE))
		return;
	if (loop->alternate_stack == NULL)
		loop->alternate_stack = bide__sys_map(ALTERNATE_STACK_BYTES);
	if (loop->alternate_stack == NULL)
		return;
	ours.ss_sp = loop->alternate_stack;
	(void)bide__sys_sigaltstack(&ours, NULL);
}

void bide__overflow_end(bide_loop *loop)
{
	const stack_t none = { .ss_flags = SS_DISABLE };
	stack_t now;

	if (loop->alternate_stack == NULL || bide__sys_sigaltstack(NULL, &now) < 0)
		return;
	if (now.ss_sp == loop->alternate_stack)
		(void)bide__sys_sigaltstack(&none, NULL);
}

void bide__overflow_fini(bide_loop *loop)
{
	/* Valgrind goes on using one that was disabled. */
	if (loop->alternate_stack != NULL && !RUNNING_ON_VALGRIND)
		bide__sys_unmap(loop->alternate_stack, ALTERNATE_STACK_BYTES);
	loop->alternate_stack = NULL;
}
