/* SPDX-License-Identifier: MIT */

/* cases_asc.c - ASC: as_completed, which is group_next */
#include "case.h"

#include <errno.h>

static int sleep_and_return(void *arg)
{
	bide_sleep(INT(arg) * U);
	return INT(arg);
}

static const char *task_or_null(const bide_task *task)
{
	return task == NULL ? "NULL" : "a task";
}

CASE(ASC_01, "results come in the order of ending", .trace = "1 · 2 · 3 · NULL · 0", .elapsed = 3,
     .order = ANY_ORDER)
{
	bide_group g;

	bide_group_open(&g);
	bide_group_spawn(&g, sleep_and_return, ARG(3));
	bide_group_spawn(&g, sleep_and_return, ARG(1));
	bide_group_spawn(&g, sleep_and_return, ARG(2));
	for (int i = 1; i <= 3; i++)
		LOG("%s", ERR(bide_result(bide_group_next(&g))));
	LOG("%s", task_or_null(bide_group_next(&g)));
	LOG("%s", ERR(bide_group_close(&g)));
	return 0;
}

static int asc02_j(void *arg)
{
	bide_sleep(INT(arg) * U);
	LOG("end %d", INT(arg));
	return INT(arg);
}

CASE(ASC_02, "a time limit around group_next: NULL once it has passed; the tasks go on",
     .trace = "end 1 · 1 · NULL · NULL · -ETIMEDOUT · end 6 · 6 · 0", .elapsed = 6,
     .order = ANY_ORDER)
{
	bide_group g;
	bide_scope s;

	bide_group_open(&g);
	bide_group_spawn(&g, asc02_j, ARG(1));
	bide_group_spawn(&g, asc02_j, ARG(6));
	bide_scope_enter(&s, 3 * U);
	LOG("%s", ERR(bide_result(bide_group_next(&g))));
	LOG("%s", task_or_null(bide_group_next(&g)));
	LOG("%s", task_or_null(bide_group_next(&g)));
	LOG("%s", ERR(bide_scope_leave(&s)));
	LOG("%s", ERR(bide_result(bide_group_next(&g))));
	LOG("%s", ERR(bide_group_close(&g)));
	return 0;
}

static int asc04_other(void *arg)
{
	(void)arg;
	LOG("other");
	return 0;
}

CASE(ASC_04, "nothing in, nothing out: NULL at once, without a switch",
     .trace = "NULL 0 · 0 · no switch · other")
{
	bide_group g;
	bide_task *t;

	bide_go(asc04_other, NULL);
	bide_group_open(&g);
	errno = EIO;
	t = bide_group_next(&g);
	LOG("%s %d", task_or_null(t), errno);
	LOG("%s", ERR(bide_group_close(&g)));
	LOG("no switch");
	bide_yield();
	return 0;
}

static int asc05_j(void *arg)
{
	int r = bide_sleep(INT(arg) * U);

	LOG("end %d %s", INT(arg), ERR(r));
	return 0;
}

CASE(ASC_05, "leaving early: close waits for the rest, after group_cancel not for its whole time",
     .trace = "end 1 0 · end 2 0 · 0 · end 1 0 · end 50 -ECANCELED · 0", .elapsed = 3,
     .order = ANY_ORDER)
{
	bide_group g, h;

	bide_group_open(&g);
	bide_group_spawn(&g, asc05_j, ARG(1));
	bide_group_spawn(&g, asc05_j, ARG(2));
	bide_group_next(&g);
	LOG("%s", ERR(bide_group_close(&g)));
	bide_group_open(&h);
	bide_group_spawn(&h, asc05_j, ARG(1));
	bide_group_spawn(&h, asc05_j, ARG(50));
	bide_group_next(&h);
	bide_group_cancel(&h);
	LOG("%s", ERR(bide_group_close(&h)));
	return 0;
}

CASE(ASC_07, "group_next gives the very handles that group_spawn gave", .trace = "true · true",
     .elapsed = 3, .order = ANY_ORDER)
{
	bide_group g;
	bide_task *a, *b;

	bide_group_open(&g);
	a = bide_group_spawn(&g, sleep_and_return, ARG(3));
	b = bide_group_spawn(&g, sleep_and_return, ARG(2));
	LOG("%s", BOOL(bide_group_next(&g) == b));
	LOG("%s", BOOL(bide_group_next(&g) == a));
	bide_group_close(&g);
	return 0;
}

static int asc08_j(void *arg)
{
	return bide_sleep(INT(arg) * U);
}

CASE(ASC_08, "a task cancelled on its own comes as an item; the consumer is not touched",
     .trace = "-ECANCELED 0 · 0 · 0", .elapsed = 2, .order = ANY_ORDER)
{
	bide_group g;
	bide_task *a;
	int r;

	bide_group_open(&g);
	a = bide_group_spawn(&g, asc08_j, ARG(100));
	bide_group_spawn(&g, asc08_j, ARG(2));
	bide_yield();
	bide_cancel(a);
	r = bide_result(bide_group_next(&g));
	LOG("%s %d", ERR(r), bide_cancel_requested(bide_self()));
	LOG("%s", ERR(bide_result(bide_group_next(&g))));
	LOG("%s", ERR(bide_group_close(&g)));
	return 0;
}
