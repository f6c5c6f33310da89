/* SPDX-License-Identifier: MIT */

/* cases_fut.c - the cases FUT of the semantics: futures */
#include "case.h"

#include <errno.h>

static bide_future future;

CASE(FUT_01, "a future is set once", .trace = "0 · -EALREADY · -EALREADY · 1", .order = ANY_ORDER)
{
	LOG("%s", ERR(bide_future_set(&future, 1, NULL)));
	LOG("%s", ERR(bide_future_set(&future, 2, NULL)));
	LOG("%s", ERR(bide_future_set(&future, -EINVAL, NULL)));
	LOG("%s", ERR(bide_future_wait(&future, NULL)));
	return 0;
}

static int fut_04_other(void *arg)
{
	(void)arg;
	LOG("other");
	return 0;
}

CASE(FUT_04, "waiting for a future that is set does not suspend, whoever comes",
     .trace = "1 · true · other")
{
	bide_future_set(&future, 1, NULL);
	bide_yield();
	bide_go(fut_04_other, NULL);
	LOG("%s", ERR(bide_future_wait(&future, NULL)));
	LOG("%s", BOOL(bide_future_done(&future)));
	bide_yield();
	return 0;
}

static int fut_07_w(void *arg)
{
	void *value = NULL;

	LOG("%s %s", (const char *)arg, ERR(bide_future_wait(&future, &value)));
	CHECK(value == &future);
	return 0;
}

CASE(FUT_07, "all who wait are woken in the order of waiting and get the same result and value",
     .trace = "set · a 5 · b 5 · c 5")
{
	bide_go(fut_07_w, "a");
	bide_go(fut_07_w, "b");
	bide_go(fut_07_w, "c");
	bide_yield();
	bide_future_set(&future, 5, &future);
	LOG("set");
	bide_yield();
	return 0;
}

static int fut_08_w(void *arg)
{
	LOG("%s %s", (const char *)arg, ERR(bide_future_wait(&future, NULL)));
	return 0;
}

static void fut_08_report(bide_task *task, int result, void *ctx)
{
	(void)task;
	(void)ctx;
	LOG("reported %s", ERR(result));
}

CASE(FUT_08, "a failure reaches every waiter, now and later; nothing is reported if nobody waits",
     .trace = "a -EIO · b -EIO · late -EIO", .on_error = fut_08_report)
{
	bide_future unseen = { 0 };

	bide_future_set(&unseen, -EIO, NULL);
	bide_go(fut_08_w, "a");
	bide_go(fut_08_w, "b");
	bide_yield();
	bide_future_set(&future, -EIO, NULL);
	bide_yield();
	LOG("late %s", ERR(bide_future_wait(&future, NULL)));
	return 0;
}
