/* SPDX-License-Identifier: MIT */

/* cases_wai.c - WAI: wait */
#include "case.h"

#include <errno.h>

static int return_arg(void *arg)
{
	return INT(arg);
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

CASE(WAI_01, "ALL_DONE: failures and cancellations count as ended, none is returned",
     .trace = "3 · 0 · [0, -EINVAL, -ECANCELED]", .order = ANY_ORDER)
{
	bide_task *t[3];
	int r[3];

	t[0] = bide_spawn(return_arg, ARG(0));
	t[1] = bide_spawn(return_arg, ARG(-EINVAL));
	t[2] = bide_spawn(sleep_for_ever, NULL);
	bide_cancel(t[2]);
	LOG("%s", ERR(bide_wait(3, t, BIDE_ALL_DONE, BIDE_FOREVER)));
	LOG("%s", ERR(bide_gather(3, t, r)));
	LOG("%s", case_list(3, r));
	return 0;
}

static int wai02_f(void *arg)
{
	bide_sleep(INT(arg) * U);
	LOG("end %d", INT(arg));
	return 0;
}

CASE(WAI_02, "FIRST_DONE: back after the first; the others go on, the handles stay the caller's",
     .trace = "end 1 · 1 · true false · end 3", .elapsed = 3, .order = ANY_ORDER)
{
	bide_task *t[2];

	t[0] = bide_spawn(wai02_f, ARG(1));
	t[1] = bide_spawn(wai02_f, ARG(3));
	LOG("%s", ERR(bide_wait(2, t, BIDE_FIRST_DONE, BIDE_FOREVER)));
	LOG("%s %s", BOOL(bide_done(t[0])), BOOL(bide_done(t[1])));
	bide_join(t[0]);
	bide_join(t[1]);
	return 0;
}

struct wai04_args {
	int n;
	int r;
};

static int wai04_f(void *arg)
{
	const struct wai04_args *args = arg;

	bide_sleep(args->n * U);
	return args->r;
}

static bide_task *wai04_spawn(int n, int r)
{
	struct wai04_args args = { n, r };

	return bide_spawn_copy(wai04_f, &args, sizeof args);
}

CASE(WAI_04, "FIRST_FAILED: back at the first failure; without one it waits for all",
     .trace = "2 2 · 2 9", .elapsed = 9, .order = ANY_ORDER)
{
	bide_task *a = wai04_spawn(1, 0);
	bide_task *b = wai04_spawn(2, -EIO);
	bide_task *c = wai04_spawn(9, 0);
	ssize_t n;

	n = bide_wait(3, (bide_task *[]){ a, b, c }, BIDE_FIRST_FAILED, BIDE_FOREVER);
	LOG("%s %d", ERR(n), case_now());
	n = bide_wait(2, (bide_task *[]){ a, c }, BIDE_FIRST_FAILED, BIDE_FOREVER);
	LOG("%s %d", ERR(n), case_now());
	bide_gather(3, (bide_task *[]){ a, b, c }, NULL);
	return 0;
}

static int wai05_s(void *arg)
{
	return bide_sleep(INT(arg) * U);
}

static int wai05_late(void *arg)
{
	bide_cancel(arg);
	return 0;
}

CASE(WAI_05, "FIRST_FAILED: the -ECANCELED of a cancelled task is no failure", .trace = "2",
     .elapsed = 3, .order = ANY_ORDER)
{
	bide_task *t[3];

	t[0] = bide_spawn(wai05_s, ARG(3));
	t[1] = bide_spawn(wai05_s, ARG(100));
	t[2] = bide_spawn_with(&(bide_task_options){ .delay = 1 * U }, wai05_late, t[1]);
	LOG("%s", ERR(bide_wait(2, t, BIDE_FIRST_FAILED, BIDE_FOREVER)));
	bide_gather(3, t, NULL);
	return 0;
}

static int wai07_other(void *arg)
{
	(void)arg;
	LOG("other");
	return 0;
}

CASE(WAI_07, "waiting for nothing is 0 at once; an unknown until is -EINVAL",
     .trace = "0 · 0 · 0 · -EINVAL · other")
{
	bide_task *t = bide_spawn(wai07_other, NULL);

	LOG("%s", ERR(bide_wait(0, NULL, BIDE_FIRST_DONE, BIDE_FOREVER)));
	LOG("%s", ERR(bide_wait(0, NULL, BIDE_FIRST_FAILED, BIDE_FOREVER)));
	LOG("%s", ERR(bide_wait(0, NULL, BIDE_ALL_DONE, BIDE_FOREVER)));
	LOG("%s", ERR(bide_wait(1, &t, 99, BIDE_FOREVER)));
	bide_join(t);
	return 0;
}

static bide_future wai08_future;

static int wai08_b(void *arg)
{
	(void)arg;
	return bide_future_wait(&wai08_future, NULL);
}

CASE(WAI_08, "where the condition holds already, wait does not suspend", .trace = "1 · other")
{
	bide_task *t[2];

	t[0] = bide_spawn(return_arg, ARG(1));
	t[1] = bide_spawn(wai08_b, NULL);
	bide_yield();
	bide_go(wai07_other, NULL);
	LOG("%s", ERR(bide_wait(2, t, BIDE_FIRST_DONE, BIDE_FOREVER)));
	bide_yield();
	bide_future_set(&wai08_future, 0, NULL);
	bide_gather(2, t, NULL);
	return 0;
}

static int wai10_f(void *arg)
{
	(void)arg;
	bide_yield();
	return 0;
}

CASE(WAI_10, "the same task given twice counts twice: wait counts entries", .trace = "2",
     .order = ANY_ORDER)
{
	bide_task *t = bide_spawn(wai10_f, NULL);

	LOG("%s", ERR(bide_wait(2, (bide_task *[]){ t, t }, BIDE_ALL_DONE, BIDE_FOREVER)));
	bide_join(t);
	return 0;
}

static int wai11_f(void *arg)
{
	(void)arg;
	LOG("started");
	bide_sleep(5 * U);
	return 0;
}

CASE(WAI_11, "timeout 0 only looks, without a switch; a timeout is no error: the number says it",
     .trace = "0 · started · 0 · 0", .elapsed = 5, .order = ANY_ORDER)
{
	bide_task *t = bide_spawn(wai11_f, NULL);

	LOG("%s", ERR(bide_wait(1, &t, BIDE_ALL_DONE, 0)));
	LOG("%s", ERR(bide_wait(1, &t, BIDE_ALL_DONE, 2 * U)));
	LOG("%s", ERR(bide_join(t)));
	return 0;
}
