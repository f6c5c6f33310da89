/* SPDX-License-Identifier: MIT */

/* cases_gat.c - GAT: gather */
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

static int gat01_j(void *arg)
{
	bide_sleep((4 - INT(arg)) * U);
	LOG("end %d", INT(arg));
	return INT(arg);
}

CASE(GAT_01, "results stand in the order of the arguments",
     .trace = "end 3 · end 2 · end 1 · 0 · [1, 2, 3]", .elapsed = 3, .order = ANY_ORDER,
     .real_too = true)
{
	bide_task *t[3];
	int r[3];

	for (int i = 0; i < 3; i++)
		t[i] = bide_spawn(gat01_j, ARG(i + 1));
	LOG("%s", ERR(bide_gather(3, t, r)));
	LOG("%s", case_list(3, r));
	return 0;
}

static int gat02_other(void *arg)
{
	(void)arg;
	LOG("other");
	return 0;
}

CASE(GAT_02, "gather of nothing is 0, at once", .trace = "0 · no switch · other")
{
	bide_go(gat02_other, NULL);
	LOG("%s", ERR(bide_gather(0, NULL, NULL)));
	LOG("no switch");
	bide_yield();
	return 0;
}

CASE(GAT_04, "with results, failures and cancellations stand in their places, no more happens",
     .trace = "0 · [1, -EINVAL, -ECANCELED, 4]", .order = ANY_ORDER)
{
	bide_task *t[4];
	int r[4];

	t[2] = bide_spawn(sleep_for_ever, NULL);
	bide_cancel(t[2]);
	t[0] = bide_spawn(return_arg, ARG(1));
	t[1] = bide_spawn(return_arg, ARG(-EINVAL));
	t[3] = bide_spawn(return_arg, ARG(4));
	LOG("%s", ERR(bide_gather(4, t, r)));
	LOG("%s", case_list(4, r));
	return 0;
}

static int gat05_clean(void *arg)
{
	bide_sleep(2 * INT(arg) * U);
	LOG("cleaned up %d", INT(arg));
	return 0;
}

static int gat05_c(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	LOG("cancelled %d", INT(arg));
	bide_shield(gat05_clean, arg);
	return r;
}

static int gat05_m(void *arg)
{
	bide_task *t[2];
	int r;

	(void)arg;
	t[0] = bide_spawn(gat05_c, ARG(1));
	t[1] = bide_spawn(gat05_c, ARG(2));
	r = bide_gather(2, t, NULL);
	LOG("m %s", ERR(r));
	return r;
}

CASE(GAT_05, "cancelling the gatherer cancels all, and all their clean-ups are waited for",
     .trace = "cancelled 1 · cancelled 2 · cleaned up 1 · cleaned up 2 · m -ECANCELED · "
              "-ECANCELED",
     .elapsed = 4)
{
	bide_task *m = bide_spawn(gat05_m, NULL);

	bide_yield();
	bide_yield();
	bide_cancel(m);
	LOG("%s", ERR(bide_join(m)));
	return 0;
}

static int gat07_sib(void *arg)
{
	(void)arg;
	bide_sleep(3 * U);
	LOG("sibling finished");
	return 0;
}

static int gat07_third(void *arg)
{
	bide_cancel(arg);
	return 0;
}

CASE(GAT_07, "a task cancelled by a third party counts as failed; the others are waited for",
     .trace = "sibling finished · -ECANCELED 0 · 0", .elapsed = 3, .order = ANY_ORDER)
{
	bide_task *t[2];
	int r;

	t[0] = bide_spawn(sleep_for_ever, NULL);
	bide_go(gat07_third, t[0]);
	t[1] = bide_spawn(gat07_sib, NULL);
	r = bide_gather(2, t, NULL);
	LOG("%s %d", ERR(r), bide_cancel_requested(bide_self()));
	LOG("%s", ERR(bide_sleep(0)));
	return 0;
}

static int gat10_s(void *arg)
{
	bide_sleep(BIDE_FOREVER);
	bide_uncancel();
	bide_sleep(INT(arg) * U);
	LOG("returns %d", INT(arg));
	return INT(arg);
}

static int gat10_m(void *arg)
{
	bide_task *t[2];
	int r[2];

	(void)arg;
	t[0] = bide_spawn(gat10_s, ARG(1));
	t[1] = bide_spawn(gat10_s, ARG(2));
	LOG("%s", ERR(bide_gather(2, t, r)));
	LOG("%s", case_list(2, r));
	return 0;
}

CASE(GAT_10, "cancelled gatherer, every task swallows it: results keeps what they returned",
     .trace = "returns 1 · returns 2 · -ECANCELED · [1, 2] · 0", .elapsed = 2)
{
	bide_task *m = bide_spawn(gat10_m, NULL);

	bide_yield();
	bide_yield();
	bide_cancel(m);
	LOG("%s", ERR(bide_join(m)));
	return 0;
}

static int gat13_f(void *arg)
{
	LOG("%s", (const char *)arg);
	return 0;
}

CASE(GAT_13, "the tasks start in the order of spawning, whatever their order in the array",
     .trace = "a · b · c")
{
	bide_task *a = bide_spawn(gat13_f, "a");
	bide_task *b = bide_spawn(gat13_f, "b");
	bide_task *c = bide_spawn(gat13_f, "c");

	bide_gather(3, (bide_task *[]){ c, a, b }, NULL);
	return 0;
}

static int gat14_sib(void *arg)
{
	int r;

	(void)arg;
	r = bide_sleep(BIDE_FOREVER);
	LOG("sibling %s", ERR(r));
	return r;
}

static int gat14_m(void *arg)
{
	bide_task *t[2];
	int r[2];

	(void)arg;
	t[0] = bide_spawn(return_arg, ARG(-EIO));
	t[1] = bide_spawn(gat14_sib, NULL);
	LOG("%s", ERR(bide_gather(2, t, r)));
	LOG("%s", case_list(2, r));
	return -1;
}

CASE(GAT_14, "one task has failed, then the gatherer is cancelled: the failure stands in results",
     .trace = "sibling -ECANCELED · -ECANCELED · [-EIO, -ECANCELED]")
{
	bide_task *m = bide_spawn(gat14_m, NULL);

	bide_yield();
	bide_yield();
	bide_cancel(m);
	bide_join(m);
	return 0;
}
