/* SPDX-License-Identifier: MIT */

/*
 * cases_tg.c - the cases TG of the semantics: groups
 *
 * A task that fails cancels those of its group that have not begun, which then
 * never run. A case in which such a task logs something counts on the order of
 * ready tasks; the others say ANY_ORDER.
 */
#include "case.h"

#include <bide.h>
#include <errno.h>

/* Several cases have tasks that fail at once. */
static int fail_einval(void *arg)
{
	(void)arg;
	return -EINVAL;
}

static int tg_01_c(void *arg)
{
	bide_sleep(INT(arg) * U);
	LOG("c %d", INT(arg));
	return INT(arg);
}

CASE(TG_01, "close returns when all have ended", .trace = "body over · c 1 · c 2 · 0", .elapsed = 2,
     .order = ANY_ORDER)
{
	bide_group g;

	bide_group_open(&g);
	bide_group_spawn(&g, tg_01_c, ARG(2));
	bide_group_spawn(&g, tg_01_c, ARG(1));
	LOG("body over");
	LOG("%s", ERR(bide_group_close(&g)));
	return 0;
}

static int tg_02_bad(void *arg)
{
	(void)arg;
	bide_sleep(1 * U);
	return -EINVAL;
}

static int tg_02_sibling(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	(void)arg;
	LOG("sibling %s", ERR(r));
	return r;
}

CASE(TG_02, "a failure cancels the others and the code before close, and nothing stays pending",
     .trace = "sibling -ECANCELED · body -ECANCELED 0 · -EINVAL · 0", .elapsed = 1)
{
	bide_group g;
	int r;

	bide_group_open(&g);
	bide_group_spawn(&g, tg_02_bad, NULL);
	bide_group_spawn(&g, tg_02_sibling, NULL);
	r = bide_sleep(BIDE_FOREVER);
	LOG("body %s %d", ERR(r), bide_cancel_requested(bide_self()));
	LOG("%s", ERR(bide_group_close(&g)));
	LOG("%s", ERR(bide_sleep(0)));
	return 0;
}

static int tg_04_child(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	(void)arg;
	LOG("child %s", ERR(r));
	return r;
}

CASE(TG_04, "the code before close fails: it cancels the group, closes it, returns its own error",
     .trace = "child -ECANCELED · 0", .result = -ENOENT)
{
	bide_group g;

	bide_group_open(&g);
	bide_group_spawn(&g, tg_04_child, NULL);
	bide_yield();
	bide_group_cancel(&g);
	LOG("%s", ERR(bide_group_close(&g)));
	return -ENOENT;
}

static int tg_05_child(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	return -EINVAL;
}

/* In any order: a child that never began is no failure, either. */
CASE(TG_05, "what fails after group_cancel, in a clean-up, is not returned", .trace = "0",
     .order = ANY_ORDER)
{
	bide_group g;

	bide_group_open(&g);
	bide_group_spawn(&g, tg_05_child, NULL);
	bide_yield();
	bide_group_cancel(&g);
	LOG("%s", ERR(bide_group_close(&g)));
	return 0;
}

static int tg_07_child(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	return -EINVAL;
}

static int tg_07_m(void *arg)
{
	bide_group g;

	(void)arg;
	bide_group_open(&g);
	bide_group_spawn(&g, tg_07_child, NULL);
	LOG("%s", ERR(bide_group_close(&g)));
	LOG("%d", bide_cancel_requested(bide_self()));
	return bide_sleep(0);
}

CASE(TG_07, "the opener is cancelled and a task fails in its clean-up: the failure is returned",
     .trace = "-EINVAL · 1 · -ECANCELED")
{
	bide_task *m = bide_spawn(tg_07_m, NULL);

	bide_yield();
	bide_yield();
	bide_cancel(m);
	LOG("%s", ERR(bide_join(m)));
	return 0;
}

static int tg_08_a(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static int tg_08_other(void *arg)
{
	(void)arg;
	bide_sleep(2 * U);
	LOG("other finished");
	return 0;
}

CASE(TG_08, "a task cancelled on its own is no failure: the others go on",
     .trace = "other finished · 0", .elapsed = 2, .order = ANY_ORDER)
{
	bide_group g;
	bide_task *a;

	bide_group_open(&g);
	a = bide_group_spawn(&g, tg_08_a, NULL);
	bide_group_spawn(&g, tg_08_other, NULL);
	bide_yield();
	bide_cancel(a);
	LOG("%s", ERR(bide_group_close(&g)));
	return 0;
}

static int tg_10_f(void *arg)
{
	(void)arg;
	LOG("never");
	return 0;
}

static int tg_10_child(void *arg)
{
	bide_group *g = arg;

	bide_sleep(BIDE_FOREVER);
	LOG("%s", BOOL(bide_group_spawn(g, tg_10_f, NULL) == NULL));
	return 0;
}

static int tg_10_bad(void *arg)
{
	(void)arg;
	return -EIO;
}

CASE(TG_10, "spawning into a group that is going down gives NULL", .trace = "true · -EIO")
{
	bide_group g;

	bide_group_open(&g);
	bide_group_spawn(&g, tg_10_child, &g);
	bide_group_spawn(&g, tg_10_bad, NULL);
	LOG("%s", ERR(bide_group_close(&g)));
	return 0;
}

static int tg_11_s(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	(void)arg;
	LOG("outer's %s", ERR(r));
	return r;
}

CASE(TG_11, "the inner group's failure ends the inner; the outer goes on until it is cancelled",
     .trace = "inner -EINVAL · 0 · outer's -ECANCELED · 0", .result = -EINVAL, .order = ANY_ORDER)
{
	bide_group o, i;
	int r;

	bide_group_open(&o);
	bide_group_spawn(&o, tg_11_s, NULL);
	bide_group_open(&i);
	bide_group_spawn(&i, fail_einval, NULL);
	r = bide_group_close(&i);
	LOG("inner %s", ERR(r));
	LOG("%s", ERR(bide_yield()));
	bide_group_cancel(&o);
	LOG("%s", ERR(bide_group_close(&o)));
	return r;
}

static int tg_13_clean(void *arg)
{
	(void)arg;
	bide_sleep(4 * U);
	LOG("slow cleaned up");
	return 0;
}

static int tg_13_slow(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	bide_shield(tg_13_clean, NULL);
	return -EIO;
}

CASE(TG_13, "close waits for slow clean-ups; a second failure does not take the first one's place",
     .trace = "slow cleaned up · -EINVAL", .elapsed = 4)
{
	bide_group g;

	bide_group_open(&g);
	bide_group_spawn(&g, tg_13_slow, NULL);
	bide_group_spawn(&g, fail_einval, NULL);
	LOG("%s", ERR(bide_group_close(&g)));
	return 0;
}

CASE(TG_14, "the code before close ignores the cancellation: close returns the failure",
     .trace = "-ECANCELED · -ECANCELED · -EINVAL 0", .order = ANY_ORDER)
{
	bide_group g;
	int r;

	bide_group_open(&g);
	bide_group_spawn(&g, fail_einval, NULL);
	LOG("%s", ERR(bide_sleep(BIDE_FOREVER)));
	LOG("%s", ERR(bide_sleep(1 * U)));
	r = bide_group_close(&g);
	LOG("%s %d", ERR(r), bide_cancel_requested(bide_self()));
	return 0;
}

static int tg_16_f(void *arg)
{
	return INT(arg);
}

CASE(TG_16, "a closed group may be opened again: a fresh one", .trace = "-EIO · 0",
     .order = ANY_ORDER)
{
	bide_group g;

	bide_group_open(&g);
	bide_group_spawn(&g, tg_16_f, ARG(-EIO));
	LOG("%s", ERR(bide_group_close(&g)));
	bide_group_open(&g);
	bide_group_spawn(&g, tg_16_f, ARG(1));
	LOG("%s", ERR(bide_group_close(&g)));
	return 0;
}

static int tg_17_late(void *arg)
{
	(void)arg;
	LOG("late started");
	return 0;
}

static int tg_17_bad(void *arg)
{
	bide_group *g = arg;

	bide_group_spawn(g, tg_17_late, NULL);
	return -EINVAL;
}

CASE(TG_17, "a failure cancels the group at once: a task spawned just before it never starts",
     .trace = "-EINVAL", .order = ANY_ORDER)
{
	bide_group g;

	bide_group_open(&g);
	bide_group_spawn(&g, tg_17_bad, &g);
	LOG("%s", ERR(bide_group_close(&g)));
	return 0;
}

static int tg_19_clean(void *arg)
{
	(void)arg;
	return bide_sleep(4 * U);
}

static int tg_19_child(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_sleep(BIDE_FOREVER)));
	bide_shield(tg_19_clean, NULL);
	LOG("child over");
	return 0;
}

static int tg_19_m(void *arg)
{
	bide_group g;

	(void)arg;
	bide_group_open(&g);
	bide_group_spawn(&g, tg_19_child, NULL);
	LOG("%s", ERR(bide_group_close(&g)));
	LOG("%d", bide_cancel_requested(bide_self()));
	return -ECANCELED;
}

CASE(TG_19, "a second cancel of the opener, while close waits, changes nothing but the count",
     .trace = "-ECANCELED · child over · -ECANCELED · 2 · -ECANCELED", .elapsed = 4)
{
	bide_task *m = bide_spawn(tg_19_m, NULL);

	bide_yield();
	bide_yield();
	bide_cancel(m);
	bide_sleep(1 * U);
	bide_cancel(m);
	LOG("%s", ERR(bide_join(m)));
	return 0;
}

static bide_task *tg_20_opener;

static int tg_20_child(void *arg)
{
	(void)arg;
	bide_cancel(tg_20_opener);
	return 0;
}

static int tg_20_sibling(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	(void)arg;
	LOG("sibling %s", ERR(r));
	return r;
}

static int tg_20_m(void *arg)
{
	bide_group g;
	int r;

	(void)arg;
	bide_group_open(&g);
	bide_group_spawn(&g, tg_20_sibling, NULL);
	bide_group_spawn(&g, tg_20_child, NULL);
	r = bide_group_close(&g);
	LOG("close %s", ERR(r));
	return r;
}

CASE(TG_20, "a task of the group cancels the opener: the others are cancelled",
     .trace = "sibling -ECANCELED · close -ECANCELED · -ECANCELED")
{
	tg_20_opener = bide_spawn(tg_20_m, NULL);
	LOG("%s", ERR(bide_join(tg_20_opener)));
	return 0;
}

static int tg_22_child(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	(void)arg;
	LOG("child %s", ERR(r));
	return r;
}

CASE(TG_22, "group_cancel ends the group early without an error; it may be called twice",
     .trace = "-ECANCELED · child -ECANCELED · 0 · 0", .elapsed = 1, .order = ANY_ORDER)
{
	bide_group g;

	bide_group_open(&g);
	bide_group_spawn(&g, tg_22_child, NULL);
	bide_sleep(1 * U);
	bide_group_cancel(&g);
	bide_group_cancel(&g);
	LOG("%s", ERR(bide_sleep(BIDE_FOREVER)));
	LOG("%s", ERR(bide_group_close(&g)));
	LOG("%s", ERR(bide_sleep(0)));
	return 0;
}
