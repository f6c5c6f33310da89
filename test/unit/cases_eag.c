/* SPDX-License-Identifier: MIT */

/* cases_eag.c - EAG: eager tasks */
#include "case.h"

#include <errno.h>

static bide_task *spawn_eager(bide_fn *fn, void *arg)
{
	return bide_spawn_with(&(bide_task_options){ .flags = BIDE_EAGER }, fn, arg);
}

static int return_arg(void *arg)
{
	return INT(arg);
}

static int eag01_f(void *arg)
{
	(void)arg;
	LOG("child begins");
	bide_yield();
	LOG("child ends");
	return 0;
}

CASE(EAG_01, "an eager task runs inside spawn_with, up to its first suspension",
     .trace = "child begins · spawned false · child ends · main end", .order = ANY_ORDER)
{
	bide_task *t = spawn_eager(eag01_f, NULL);

	LOG("spawned %s", BOOL(bide_done(t)));
	bide_join(t);
	LOG("main end");
	return 0;
}

CASE(EAG_02, "one that does not suspend has ended when spawn_with returns", .trace = "true 3 1 · 3",
     .order = ANY_ORDER)
{
	bide_task *t = spawn_eager(return_arg, ARG(3));

	LOG("%s %s %zu", BOOL(bide_done(t)), ERR(bide_result(t)), bide_tasks(NULL, 0));
	LOG("%s", ERR(bide_join(t)));
	return 0;
}

CASE(EAG_04, "a failure in the eager step stays in the task", .trace = "spawned · -EINVAL",
     .order = ANY_ORDER)
{
	bide_task *t = spawn_eager(return_arg, ARG(-EINVAL));

	LOG("spawned");
	LOG("%s", ERR(bide_join(t)));
	return 0;
}

static int eag05_s(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

CASE(EAG_05, "cancel after an eager end: 0; after an eager suspension it works as always",
     .trace = "0 1 · 0 · [1, -ECANCELED]", .order = ANY_ORDER)
{
	bide_task *t[2];
	int first, second, r[2];

	t[0] = spawn_eager(return_arg, ARG(1));
	t[1] = spawn_eager(eag05_s, NULL);
	first = bide_cancel(t[0]);
	second = bide_cancel(t[1]);
	LOG("%d %d", first, second);
	LOG("%s", ERR(bide_gather(2, t, r)));
	LOG("%s", case_list(2, r));
	return 0;
}

static bide_task *eag08_M;

static int eag08_f(void *arg)
{
	(void)arg;
	LOG("%s", BOOL(bide_self() != eag08_M));
	return 0;
}

CASE(EAG_08, "the eager step runs as the task itself; in the spawner self() is the spawner again",
     .trace = "true · true", .order = ANY_ORDER)
{
	bide_task *t;

	eag08_M = bide_self();
	t = spawn_eager(eag08_f, NULL);
	LOG("%s", BOOL(bide_self() == eag08_M));
	bide_join(t);
	return 0;
}
