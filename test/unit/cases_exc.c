/* SPDX-License-Identifier: MIT */

/* cases_exc.c - EXC: failures nobody looked at */
#include "case.h"

#include <errno.h>

static int fail_with_eio(void *arg)
{
	(void)arg;
	return -EIO;
}

static void exc01_on_error(bide_task *task, int result, void *ctx)
{
	(void)ctx;
	LOG("on_error %s %s", bide_name(task), ERR(result));
}

CASE(EXC_01, "a failed task that is detached is reported once: at its end, or by detach",
     .trace = "on_error early -EIO · now · on_error late -EIO", .on_error = exc01_on_error)
{
	bide_task *t, *u;

	t = bide_spawn_with(&(bide_task_options){ .name = "early" }, fail_with_eio, NULL);
	bide_detach(t);
	bide_yield();
	u = bide_spawn_with(&(bide_task_options){ .name = "late" }, fail_with_eio, NULL);
	bide_yield();
	LOG("now");
	bide_detach(u);
	return 0;
}

static void exc02_on_error(bide_task *task, int result, void *ctx)
{
	(void)task;
	(void)ctx;
	LOG("on_error %s", ERR(result));
}

CASE(EXC_02, "a failure that was joined or gathered is not reported", .trace = "-EIO · -EIO",
     .on_error = exc02_on_error, .order = ANY_ORDER)
{
	bide_task *t[2];

	LOG("%s", ERR(bide_join(bide_spawn(fail_with_eio, NULL))));
	t[0] = bide_spawn(fail_with_eio, NULL);
	t[1] = bide_spawn(fail_with_eio, NULL);
	LOG("%s", ERR(bide_gather(2, t, NULL)));
	return 0;
}
