/* SPDX-License-Identifier: MIT */

/* cases_tsk.c - TSK: tasks */
#include "case.h"

#include <errno.h>
#include <stdio.h>

static int tsk01_f(void *arg)
{
	(void)arg;
	return 9;
}

CASE(TSK_01, "result may be asked any number of times, join once: it gives the handle back",
     .trace = "-EINPROGRESS false · 9 · 9 true · 9")
{
	bide_task *t = bide_spawn(tsk01_f, NULL);

	LOG("%s %s", ERR(bide_result(t)), BOOL(bide_done(t)));
	bide_yield();
	LOG("%s", ERR(bide_result(t)));
	LOG("%s %s", ERR(bide_result(t)), BOOL(bide_done(t)));
	LOG("%s", ERR(bide_join(t)));
	return 0;
}

static int tsk04_f(void *arg)
{
	(void)arg;
	bide_yield();
	return 0;
}

CASE(TSK_04, "tasks counts the live tasks of this loop, main included, started or not",
     .trace = "2 · 1", .order = ANY_ORDER)
{
	bide_task *t = bide_spawn(tsk04_f, NULL);

	LOG("%zu", bide_tasks(NULL, 0));
	bide_join(t);
	LOG("%zu", bide_tasks(NULL, 0));
	return 0;
}

CASE(TSK_05, "names: given, changed, and copied", .trace = "worker · renamed", .order = ANY_ORDER)
{
	char buf[] = "worker";
	bide_task *t = bide_spawn_with(&(bide_task_options){ .name = buf }, tsk04_f, NULL);

	buf[0] = 'X';
	LOG("%s", bide_name(t));
	bide_set_name(t, "renamed");
	LOG("%s", bide_name(t));
	bide_join(t);
	return 0;
}

static bide_task *tsk07_A;
static bide_task *tsk07_B;

static int tsk07_a(void *arg)
{
	int r;

	(void)arg;
	r = bide_join(tsk07_B);
	LOG("a %s", ERR(r));
	return r;
}

static int tsk07_b(void *arg)
{
	int r;

	(void)arg;
	r = bide_join(tsk07_A);
	LOG("b %s", ERR(r));
	return 3;
}

CASE(TSK_07, "two tasks that join each other: the call that would close the cycle gets -EDEADLK",
     .trace = "b -EDEADLK · a 3 · 3 · -EDEADLK")
{
	tsk07_A = bide_spawn(tsk07_a, NULL);
	tsk07_B = bide_spawn(tsk07_b, NULL);
	LOG("%s", ERR(bide_join(tsk07_A)));
	LOG("%s", ERR(bide_join(bide_self())));
	return 0;
}

PROGRAM(TSK_10, "without a running loop spawn gives NULL and EPERM, what would suspend -EPERM",
        .trace = "true -EPERM · -EPERM · -EPERM · -EPERM · false", .order = ANY_ORDER)
{
	bide_lock lock = { 0 };
	bide_task *t;

	errno = 0;
	t = bide_spawn(tsk04_f, NULL);
	LOG("%s %s", BOOL(t == NULL), ERR(-errno));
	LOG("%s", ERR(bide_sleep(1 * U)));
	LOG("%s", ERR(bide_yield()));
	LOG("%s", ERR(bide_lock_acquire(&lock)));
	LOG("%s", BOOL(bide_lock_held(&lock)));
}

static bide_local tsk11_k;

static int tsk11_f(void *arg)
{
	(void)arg;
	LOG("child sees %d", INT(bide_local_get(&tsk11_k)));
	bide_local_set(&tsk11_k, ARG(3));
	return 0;
}

CASE(TSK_11, "task-local values: a task starts with its spawner's, then they are its own",
     .trace = "child sees 1 · main sees 2", .order = ANY_ORDER)
{
	bide_task *t;

	bide_local_set(&tsk11_k, ARG(1));
	t = bide_spawn(tsk11_f, NULL);
	bide_local_set(&tsk11_k, ARG(2));
	bide_join(t);
	LOG("main sees %d", INT(bide_local_get(&tsk11_k)));
	return 0;
}

static bide_task *tsk13_J;

static int tsk13_job(void *arg)
{
	int r;

	(void)arg;
	r = bide_sleep(BIDE_FOREVER);
	LOG("job %s", ERR(r));
	return r;
}

static int tsk13_w1(void *arg)
{
	(void)arg;
	return bide_join(tsk13_J);
}

static int tsk13_w2(void *arg)
{
	(void)arg;
	LOG("w2 %s", ERR(bide_join(tsk13_J)));
	return 0;
}

static int tsk13_v(void *arg)
{
	ssize_t n;

	(void)arg;
	n = bide_wait(1, &tsk13_J, BIDE_ALL_DONE, BIDE_FOREVER);
	LOG("watcher %s %d", ERR(n), bide_cancel_requested(bide_self()));
	return 0;
}

CASE(TSK_13, "one task has one joiner; cancelling it takes the joined task down with it",
     .trace = "w2 -EINVAL · job -ECANCELED · watcher 1 0 · -ECANCELED")
{
	bide_task *a, *b, *v;

	tsk13_J = bide_spawn(tsk13_job, NULL);
	a = bide_spawn(tsk13_w1, NULL);
	v = bide_spawn(tsk13_v, NULL);
	b = bide_spawn(tsk13_w2, NULL);
	bide_yield();
	bide_cancel(a);
	bide_join(v);
	LOG("%s", ERR(bide_join(a)));
	bide_join(b);
	return 0;
}

/* The volatile member keeps the compiler from making a loop of it. */
static __attribute__((noinline)) int tsk14_deep(int n)
{
	volatile int depth = n;

	if (n == 0) {
		bide_sleep(1 * U);
		return 0;
	}
	depth = 1 + tsk14_deep(n - 1);
	return depth;
}

CASE(TSK_14, "suspending 300 calls deep comes back through all of them", .trace = "300",
     .elapsed = 1, .order = ANY_ORDER)
{
	LOG("%d", tsk14_deep(300));
	return 0;
}

static int tsk16_return(void *arg)
{
	return INT(arg);
}

static int tsk16_sleeper(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

CASE(TSK_16, "done and result through the three ways of ending",
     .trace = "false · true 5 · true -ENOENT · true -ECANCELED")
{
	bide_task *t[3];

	t[0] = bide_spawn(tsk16_return, ARG(5));
	t[1] = bide_spawn(tsk16_return, ARG(-ENOENT));
	t[2] = bide_spawn(tsk16_sleeper, NULL);
	LOG("%s", BOOL(bide_done(t[2])));
	bide_yield();
	bide_cancel(t[2]);
	bide_yield();
	for (int i = 0; i < 3; i++)
		LOG("%s %s", BOOL(bide_done(t[i])), ERR(bide_result(t[i])));
	bide_gather(3, t, NULL);
	return 0;
}
