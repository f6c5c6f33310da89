/* SPDX-License-Identifier: MIT */

/*
 * cases_shd.c - the cases SHD of the semantics: what a shield keeps out
 *
 * A case whose trace stands whatever the order of ready tasks says ANY_ORDER.
 * Those that yield to let a task start before they cancel it can't: where the
 * canceller goes first, that task never runs.
 */
#include "case.h"

#include <bide.h>
#include <errno.h>

static int shd_01_inner(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_sleep(2 * U)));
	return 1;
}

static int shd_01_m(void *arg)
{
	(void)arg;
	LOG("shield %s", ERR(bide_shield(shd_01_inner, NULL)));
	LOG("%s", ERR(bide_sleep(0)));
	return -ECANCELED;
}

CASE(SHD_01, "shielded code runs to its end in the caller's task, and the next call says cancelled",
     .trace = "0 · shield 1 · -ECANCELED · -ECANCELED", .elapsed = 2)
{
	bide_task *m = bide_spawn(shd_01_m, NULL);

	bide_yield();
	bide_cancel(m);
	LOG("%s", ERR(bide_join(m)));
	return 0;
}

static int shd_02_inner(void *arg)
{
	(void)arg;
	return bide_sleep(50 * U);
}

static int shd_02_guarded(void *arg)
{
	(void)arg;
	return bide_timeout(2 * U, shd_02_inner, NULL);
}

CASE(SHD_02, "a shield keeps out what comes from outside, not a time limit inside it",
     .trace = "-ETIMEDOUT · -ECANCELED", .elapsed = 2, .order = ANY_ORDER)
{
	bide_cancel(bide_self());
	LOG("%s", ERR(bide_shield(shd_02_guarded, NULL)));
	LOG("%s", ERR(bide_sleep(0)));
	return 0;
}

static int shd_04_f(void *arg)
{
	(void)arg;
	LOG("ran %s", ERR(bide_checkpoint()));
	return 4;
}

CASE(SHD_04, "shielding code that does not suspend is a plain call, in a cancelled task too",
     .trace = "ran 0 · 4 · -ECANCELED", .order = ANY_ORDER)
{
	bide_cancel(bide_self());
	LOG("%s", ERR(bide_shield(shd_04_f, NULL)));
	LOG("%s", ERR(bide_checkpoint()));
	return 0;
}

static int shd_05_inner(void *arg)
{
	(void)arg;
	bide_sleep(1 * U);
	return -EIO;
}

static int shd_05_m(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_shield(shd_05_inner, NULL)));
	return bide_sleep(0);
}

CASE(SHD_05, "shielded code that fails after the caller was cancelled: the caller gets the error",
     .trace = "-EIO · -ECANCELED", .elapsed = 1)
{
	bide_task *m = bide_spawn(shd_05_m, NULL);

	bide_yield();
	bide_cancel(m);
	LOG("%s", ERR(bide_join(m)));
	return 0;
}

static int shd_08_f(void *arg)
{
	bide_sleep(INT(arg) * U);
	LOG("%d", INT(arg));
	return 0;
}

static int shd_08_both(void *arg)
{
	bide_task *tasks[2];

	(void)arg;
	tasks[0] = bide_spawn(shd_08_f, ARG(1));
	tasks[1] = bide_spawn(shd_08_f, ARG(2));
	return bide_gather(2, tasks, NULL);
}

static int shd_08_m(void *arg)
{
	(void)arg;
	LOG("m %s", ERR(bide_shield(shd_08_both, NULL)));
	return bide_sleep(0);
}

CASE(SHD_08, "a shielded gather: the caller is cancelled, all the gathered go on",
     .trace = "1 · 2 · m 0 · -ECANCELED", .elapsed = 2)
{
	bide_task *m = bide_spawn(shd_08_m, NULL);

	bide_yield();
	bide_cancel(m);
	LOG("%s", ERR(bide_join(m)));
	return 0;
}
