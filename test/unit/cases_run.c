/* SPDX-License-Identifier: MIT */

/* cases_run.c - RUN: run and loops */
#include "case.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int run01_main(void *arg)
{
	(void)arg;
	LOG("%s", BOOL(bide_loop_current() != NULL));
	return 42;
}

PROGRAM(RUN_01, "run gives main's value and leaves no running loop", .trace = "true · 42 · true",
        .order = ANY_ORDER)
{
	LOG("%s", ERR(bide_run_with(case_options(), run01_main, NULL)));
	LOG("%s", BOOL(bide_loop_current() == NULL));
}

static int run02_bg(void *arg)
{
	int r;

	(void)arg;
	LOG("bg started");
	r = bide_sleep(BIDE_FOREVER);
	LOG("bg %s", ERR(r));
	return r;
}

CASE(RUN_02, "run gives main's error, after the clean-up of the leftovers",
     .trace = "bg started · bg -ECANCELED", .result = -EINVAL)
{
	bide_go(run02_bg, NULL);
	bide_yield();
	return -EINVAL;
}

static int run04_bg(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	LOG("bg over");
	return 0;
}

static int run04_main(void *arg)
{
	(void)arg;
	bide_go(run04_bg, NULL);
	bide_yield();
	return (int)bide_tasks(NULL, 0);
}

PROGRAM(RUN_04, "two runs in turn share nothing", .trace = "bg over · 2 · bg over · 2")
{
	LOG("%s", ERR(bide_run_with(case_options(), run04_main, NULL)));
	LOG("%s", ERR(bide_run_with(case_options(), run04_main, NULL)));
}

static int run05_n;

static int run05_bg(void *arg)
{
	int r;

	(void)arg;
	while ((r = bide_yield()) == 0)
		run05_n++;
	LOG("bg %s", ERR(r));
	return r;
}

static int run05_one(void *arg)
{
	(void)arg;
	bide_go(run05_bg, NULL);
	bide_yield();
	return 0;
}

static int run05_two(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++)
		bide_yield();
	return 0;
}

PROGRAM(RUN_05, "a loop is kept between two runs; what is left over stands still and then goes on",
        .trace = "true · true · bg -ECANCELED", .elapsed = -1, .order = ANY_ORDER, .real_too = true)
{
	bide_loop *l = bide_loop_new(case_options());
	int n1;

	CHECK(l != NULL);
	bide_loop_run(l, run05_one, NULL);
	n1 = run05_n;
	case_block(2);
	LOG("%s", BOOL(run05_n == n1));
	bide_loop_run(l, run05_two, NULL);
	LOG("%s", BOOL(run05_n > n1));
	bide_loop_close(l);
}

static bide_loop *run07_l;
static bide_loop *run07_l2;

static int run07_inner(void *arg)
{
	(void)arg;
	LOG("inner main started");
	return 0;
}

static int run07_main(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_run(run07_inner, NULL)));
	LOG("%s", ERR(bide_loop_run(run07_l, run07_inner, NULL)));
	LOG("%s", ERR(bide_loop_run(run07_l2, run07_inner, NULL)));
	return 0;
}

PROGRAM(RUN_07, "a loop run from inside a running loop is refused, the inner main never starts",
        .trace = "-EBUSY · -EBUSY · -EBUSY", .order = ANY_ORDER)
{
	run07_l = bide_loop_new(case_options());
	run07_l2 = bide_loop_new(case_options());
	CHECK(run07_l != NULL && run07_l2 != NULL);
	bide_loop_run(run07_l, run07_main, NULL);
	bide_loop_close(run07_l);
	bide_loop_close(run07_l2);
}

PROGRAM(RUN_08, "a loop that never ran anything closes cleanly", .trace = "0", .order = ANY_ORDER)
{
	LOG("%s", ERR(bide_loop_close(bide_loop_new(case_options()))));
}

static int run10_main(void *arg)
{
	(void)arg;
	bide_sleep(2 * U);
	LOG("main over");
	return 0;
}

static int run10_stopper(void *arg)
{
	(void)arg;
	bide_loop_stop(bide_loop_current());
	return 0;
}

static int run10_pause(void *arg)
{
	(void)arg;
	bide_sleep(3 * U);
	return 0;
}

PROGRAM(RUN_10, "loop_stop ends a run whose main waits; that stays parked and goes on in the next",
        .trace = "-EINPROGRESS · main over · 0", .elapsed = -1, .order = ANY_ORDER,
        .real_too = true)
{
	bide_loop *l = bide_loop_new(case_options());

	CHECK(l != NULL);
	CHECK_INT(bide_post(l, run10_stopper, NULL), 0);
	LOG("%s", ERR(bide_loop_run(l, run10_main, NULL)));
	LOG("%s", ERR(bide_loop_run(l, run10_pause, NULL)));
	CHECK_INT(bide_loop_close(l), 0);
}

static int run11_c(void *arg)
{
	LOG("c");
	bide_loop_stop(arg);
	return 0;
}

static int run11_a(void *arg)
{
	LOG("a");
	bide_loop_stop(arg);
	return 0;
}

static int run11_b(void *arg)
{
	LOG("b");
	bide_go(run11_c, arg);
	return 0;
}

PROGRAM(RUN_11, "loop_stop lets the round finish; what that makes ready waits for the next run",
        .trace = "a · b · 0 · again · c", .real_too = true)
{
	bide_loop *l = bide_loop_new(case_options());

	CHECK(l != NULL);
	CHECK_INT(bide_post(l, run11_a, l), 0);
	CHECK_INT(bide_post(l, run11_b, l), 0);
	LOG("%s", ERR(bide_loop_run_forever(l)));
	LOG("again");
	bide_loop_run_forever(l);
	CHECK_INT(bide_loop_close(l), 0);
}

static int run13_pipe[2];

static void run13_tell(void *arg)
{
	(void)arg;
	if (write(run13_pipe[1], "x", 1) < 0)
		abort();
}

static int run13_bg(void *arg)
{
	(void)arg;
	bide_defer(run13_tell, NULL);
	bide_sleep(BIDE_FOREVER);
	run13_tell(NULL);
	return 0;
}

static int run13_main(void *arg)
{
	(void)arg;
	bide_defer(run13_tell, NULL);
	bide_go(run13_bg, NULL);
	bide_yield();
	exit(3);
}

/*
 * The child writes a byte to the pipe for everything that the end of the process
 * must not run.
 */
PROGRAM(RUN_13, "exit() in a task ends the process at once: nothing is cancelled or unwound",
        .trace = "3 · 0")
{
	char byte;
	int status;
	pid_t pid;

	CHECK_INT(pipe(run13_pipe), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(bide_run_with(case_options(), run13_main, NULL) == 3 ? 4 : 5);
	close(run13_pipe[1]);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status));
	LOG("%d", WEXITSTATUS(status));
	LOG("%zd", read(run13_pipe[0], &byte, 1));
	close(run13_pipe[0]);
}

static int run16_main(void *arg)
{
	LOG("%s", BOOL(bide_loop_current() == arg));
	return 0;
}

PROGRAM(RUN_16, "loop_run uses the loop that it is given", .trace = "true · 0 · 0",
        .order = ANY_ORDER)
{
	bide_loop *l = bide_loop_new(case_options());

	CHECK(l != NULL);
	LOG("%s", ERR(bide_loop_run(l, run16_main, l)));
	LOG("%s", ERR(bide_loop_close(l)));
}
