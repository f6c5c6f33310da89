/* SPDX-License-Identifier: MIT */

/*
 * cases_tmo.c - the cases TMO of the semantics: time limits
 *
 * Most of these have one task, or tasks that wait for each other in turn: what
 * they log can't depend on the order of ready tasks. TMO-05, 07, 19 and 20
 * count on it.
 */
#include "case.h"

#include <bide.h>
#include <errno.h>

static int tmo_01_f(void *arg)
{
	bide_sleep(1 * U);
	return INT(arg);
}

CASE(TMO_01, "in time: the function's result, with no limit too", .trace = "1 · -EIO · 3",
     .elapsed = 3, .order = ANY_ORDER)
{
	LOG("%s", ERR(bide_timeout(10 * U, tmo_01_f, ARG(1))));
	LOG("%s", ERR(bide_timeout(BIDE_FOREVER, tmo_01_f, ARG(-EIO))));
	LOG("%s", ERR(bide_join_for(bide_spawn(tmo_01_f, ARG(3)), 10 * U)));
	return 0;
}

static int tmo_02_clean(void *arg)
{
	(void)arg;
	bide_sleep(4 * U);
	LOG("cleaned up");
	return 0;
}

static int tmo_02_f(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	(void)arg;
	LOG("%s", ERR(r));
	bide_shield(tmo_02_clean, NULL);
	return r;
}

CASE(TMO_02, "join_for cancels the task at the limit and waits for its clean-up, however long",
     .trace = "-ECANCELED · cleaned up · -ETIMEDOUT", .elapsed = 5, .order = ANY_ORDER)
{
	LOG("%s", ERR(bide_join_for(bide_spawn(tmo_02_f, NULL), 1 * U)));
	return 0;
}

static int tmo_04_f(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	return -EINVAL;
}

CASE(TMO_04, "join_for does not show the failure that follows from its own cancellation",
     .trace = "-ETIMEDOUT", .elapsed = 1, .order = ANY_ORDER)
{
	LOG("%s", ERR(bide_join_for(bide_spawn(tmo_04_f, NULL), 1 * U)));
	return 0;
}

static int tmo_05_f(void *arg)
{
	(void)arg;
	LOG("f runs");
	return 1;
}

CASE(TMO_05, "join_for with 0 or less takes the result of an ended task, and cancels any other",
     .trace = "f runs · 1 · -ETIMEDOUT · -ETIMEDOUT")
{
	bide_task *task = bide_spawn(tmo_05_f, NULL);

	bide_yield();
	LOG("%s", ERR(bide_join_for(task, 0)));
	LOG("%s", ERR(bide_join_for(bide_spawn(tmo_05_f, NULL), 0)));
	LOG("%s", ERR(bide_join_for(bide_spawn(tmo_05_f, NULL), -1 * U)));
	return 0;
}

static bide_future tmo_future;

static int tmo_set_future(void *arg)
{
	(void)arg;
	return bide_future_set(&tmo_future, 1, NULL);
}

static int tmo_07_w(void *arg)
{
	(void)arg;
	return bide_future_wait(&tmo_future, NULL);
}

static int tmo_07_m(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_timeout(100 * U, tmo_07_w, NULL)));
	return bide_sleep(0);
}

CASE(TMO_07, "result first, then a cancellation: the result is had, the next call tells",
     .trace = "1 · -ECANCELED")
{
	bide_task *m = bide_spawn(tmo_07_m, NULL);

	bide_yield();
	bide_future_set(&tmo_future, 1, NULL);
	bide_cancel(m);
	LOG("%s", ERR(bide_join(m)));
	return 0;
}

static int tmo_08_setter(void *arg)
{
	int r = tmo_set_future(arg);

	case_block(4);
	return r;
}

CASE(TMO_08, "result first, then the deadline passes: the result is had, no timeout is reported",
     .trace = "1 · 0", .elapsed = 4, .order = ANY_ORDER, .real_too = true)
{
	bide_scope s;

	bide_go(tmo_08_setter, NULL);
	bide_scope_enter(&s, 2 * U);
	LOG("%s", ERR(bide_future_wait(&tmo_future, NULL)));
	LOG("%s", ERR(bide_scope_leave(&s)));
	return 0;
}

CASE(TMO_10, "a deadline that passes: -ECANCELED inside, -ETIMEDOUT from leave, then nothing",
     .trace = "-ECANCELED 0 · -ECANCELED · -ETIMEDOUT · 0", .elapsed = 1, .order = ANY_ORDER)
{
	bide_scope s;
	int r;

	bide_scope_enter(&s, 1 * U);
	r = bide_sleep(BIDE_FOREVER);
	LOG("%s %d", ERR(r), bide_cancel_requested(bide_self()));
	LOG("%s", ERR(bide_sleep(1 * U)));
	LOG("%s", ERR(bide_scope_leave(&s)));
	LOG("%s", ERR(bide_sleep(0)));
	return 0;
}

CASE(TMO_11, "a deadline that is not reached: 0, and the timer is gone", .trace = "0",
     .order = ANY_ORDER)
{
	bide_scope s;

	bide_scope_enter(&s, 100 * U);
	bide_sleep(0);
	LOG("%s", ERR(bide_scope_leave(&s)));
	return 0;
}

CASE(TMO_13, "nested, the outer one expires first: the inner's leave gives 0",
     .trace = "-ECANCELED · inner 0 · -ECANCELED · outer -ETIMEDOUT", .elapsed = 1,
     .order = ANY_ORDER)
{
	bide_scope o, i;

	bide_scope_enter(&o, 1 * U);
	bide_scope_enter(&i, 100 * U);
	LOG("%s", ERR(bide_sleep(BIDE_FOREVER)));
	LOG("inner %s", ERR(bide_scope_leave(&i)));
	LOG("%s", ERR(bide_sleep(0)));
	LOG("outer %s", ERR(bide_scope_leave(&o)));
	return 0;
}

CASE(TMO_14, "nested, both pass while the thread is held: the outer reports",
     .trace = "-ECANCELED · inner 0 · outer -ETIMEDOUT · 0", .elapsed = 4, .order = ANY_ORDER,
     .real_too = true)
{
	bide_scope o, i;

	bide_scope_enter(&o, 2 * U);
	bide_scope_enter(&i, 1 * U);
	case_block(4);
	LOG("%s", ERR(bide_sleep(1 * U)));
	LOG("inner %s", ERR(bide_scope_leave(&i)));
	LOG("outer %s", ERR(bide_scope_leave(&o)));
	LOG("%s", ERR(bide_sleep(0)));
	return 0;
}

CASE(TMO_16, "a deadline may be moved before it has passed, not after",
     .trace = "0 · -ECANCELED 3 · -ECANCELED · -ETIMEDOUT", .elapsed = 3, .order = ANY_ORDER)
{
	bide_scope s;
	int r;

	bide_scope_enter(&s, 1 * U);
	bide_scope_set_deadline(&s, bide_now() + 3 * U);
	LOG("%s", ERR(bide_sleep(2 * U)));
	r = bide_sleep(2 * U);
	LOG("%s %d", ERR(r), case_now());
	bide_scope_set_deadline(&s, bide_now() + 9 * U);
	LOG("%s", ERR(bide_sleep(1 * U)));
	LOG("%s", ERR(bide_scope_leave(&s)));
	return 0;
}

CASE(TMO_17, "a limit of 0 acts at the first cancellation point, not before",
     .trace = "0 · -ECANCELED · -ETIMEDOUT", .order = ANY_ORDER)
{
	bide_scope s;

	bide_scope_enter(&s, 0);
	LOG("%s", ERR(bide_scope_leave(&s)));
	bide_scope_enter(&s, 0);
	LOG("%s", ERR(bide_yield()));
	LOG("%s", ERR(bide_scope_leave(&s)));
	return 0;
}

static int tmo_19_m(void *arg)
{
	bide_scope s;
	int r;

	(void)arg;
	bide_scope_enter(&s, 100 * U);
	r = bide_sleep(BIDE_FOREVER);
	LOG("%s", ERR(bide_scope_leave(&s)));
	return r;
}

CASE(TMO_19, "cancelled from outside inside a time limit: no timeout is reported",
     .trace = "0 · -ECANCELED")
{
	bide_task *m = bide_spawn(tmo_19_m, NULL);

	bide_yield();
	bide_cancel(m);
	LOG("%s", ERR(bide_join(m)));
	return 0;
}

static int tmo_20_m(void *arg)
{
	bide_scope s;
	int r;

	(void)arg;
	bide_scope_enter(&s, 2 * U);
	r = bide_sleep(BIDE_FOREVER);
	LOG("%s", ERR(bide_scope_leave(&s)));
	LOG("%d", bide_cancel_requested(bide_self()));
	return r;
}

CASE(TMO_20, "deadline and cancellation in one round: the cancellation from outside wins",
     .trace = "0 · 1 · -ECANCELED", .elapsed = 2)
{
	bide_task *m = bide_spawn(tmo_20_m, NULL);

	bide_sleep(2 * U);
	bide_cancel(m);
	LOG("%s", ERR(bide_join(m)));
	return 0;
}

CASE(TMO_22, "the code inside ignores the expiry and goes on: leave still says -ETIMEDOUT",
     .trace = "goes on · -ETIMEDOUT", .elapsed = 1, .order = ANY_ORDER)
{
	bide_scope s;

	bide_scope_enter(&s, 1 * U);
	bide_sleep(BIDE_FOREVER);
	LOG("goes on");
	LOG("%s", ERR(bide_scope_leave(&s)));
	return 0;
}

CASE(TMO_23, "a scope that was left may be entered again: a fresh one",
     .trace = "-ETIMEDOUT · 0 · 0", .elapsed = 2, .order = ANY_ORDER)
{
	bide_scope s;

	bide_scope_enter(&s, 1 * U);
	bide_sleep(5 * U);
	LOG("%s", ERR(bide_scope_leave(&s)));
	bide_scope_enter(&s, 9 * U);
	LOG("%s", ERR(bide_sleep(1 * U)));
	LOG("%s", ERR(bide_scope_leave(&s)));
	return 0;
}

static int tmo_25_clean(void *arg)
{
	(void)arg;
	bide_sleep(2 * U);
	LOG("cleaned up");
	return 0;
}

static int tmo_25_child(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	(void)arg;
	bide_shield(tmo_25_clean, NULL);
	return r;
}

static int tmo_25_f(void *arg)
{
	bide_group g;
	int r;

	(void)arg;
	bide_group_open(&g);
	bide_group_spawn(&g, tmo_25_child, NULL);
	r = bide_group_close(&g);
	LOG("close %s", ERR(r));
	return r;
}

CASE(TMO_25, "a time limit around a group: its tasks are cancelled and waited for, then -ETIMEDOUT",
     .trace = "cleaned up · close -ECANCELED · -ETIMEDOUT · 0", .elapsed = 3, .order = ANY_ORDER)
{
	LOG("%s", ERR(bide_timeout(1 * U, tmo_25_f, NULL)));
	LOG("%s", ERR(bide_sleep(0)));
	return 0;
}

CASE(TMO_26, "timeout_at is scope_set_deadline with an absolute time",
     .trace = "-ECANCELED 5 · -ETIMEDOUT", .elapsed = 5, .order = ANY_ORDER)
{
	bide_scope s;
	int r;

	bide_sleep(3 * U);
	bide_scope_enter(&s, BIDE_FOREVER);
	bide_scope_set_deadline(&s, bide_now() + 2 * U);
	r = bide_sleep(BIDE_FOREVER);
	LOG("%s %d", ERR(r), case_now());
	LOG("%s", ERR(bide_scope_leave(&s)));
	return 0;
}

static int tmo_28_hog(void *arg)
{
	(void)arg;
	case_block(4);
	return 0;
}

CASE(TMO_28, "deadline and the setter of the result due in one round: the deadline is first",
     .trace = "-ECANCELED · -ETIMEDOUT · 1", .elapsed = 4, .order = ANY_ORDER, .real_too = true)
{
	bide_task_options late = { .delay = 1 * U }, soon = { .delay = 0 };
	bide_scope s;

	bide_detach(bide_spawn_with(&late, tmo_set_future, NULL));
	bide_detach(bide_spawn_with(&soon, tmo_28_hog, NULL));
	bide_scope_enter(&s, 2 * U);
	LOG("%s", ERR(bide_future_wait(&tmo_future, NULL)));
	LOG("%s", ERR(bide_scope_leave(&s)));
	LOG("%s", ERR(bide_future_wait(&tmo_future, NULL)));
	return 0;
}
