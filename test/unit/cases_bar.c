/* SPDX-License-Identifier: MIT */

/* cases_bar.c - the cases BAR of the semantics: barrier */
#include "case.h"

#include <errno.h>

static bide_barrier barrier;

static int bar_01_f(void *arg)
{
	LOG("arrived %d", INT(arg));
	LOG("%d passes %s", INT(arg), ERR(bide_barrier_wait(&barrier)));
	return 0;
}

/* Says its name and what waiting gave. */
static int pass(void *arg)
{
	LOG("%s %s", (const char *)arg, ERR(bide_barrier_wait(&barrier)));
	return 0;
}

CASE(BAR_01, "the last one frees all and does not suspend; each gets its place of arrival",
     .trace = "arrived 0 · arrived 1 · arrived 2 · 2 passes 2 · 0 passes 0 · 1 passes 1")
{
	bide_task *t[3];

	bide_barrier_init(&barrier, 3);
	for (int i = 0; i < 3; i++)
		t[i] = bide_spawn(bar_01_f, ARG(i));
	bide_gather(3, t, NULL);
	return 0;
}

static int bar_02_other(void *arg)
{
	(void)arg;
	LOG("other");
	return 0;
}

CASE(BAR_02, "with one party wait gives 0 at once, with none -EINVAL",
     .trace = "0 · 0 · -EINVAL · other", .order = ANY_ORDER)
{
	bide_barrier none = { 0 };
	bide_task *other = bide_spawn(bar_02_other, NULL);

	bide_barrier_init(&barrier, 1);
	LOG("%s", ERR(bide_barrier_wait(&barrier)));
	LOG("%s", ERR(bide_barrier_wait(&barrier)));
	LOG("%s", ERR(bide_barrier_wait(&none)));
	bide_join(other);
	return 0;
}

CASE(BAR_04, "a cancelled waiter is no longer counted; the barrier is not broken by it",
     .trace = "a -ECANCELED · false · c 1 · b 0")
{
	bide_task *t[3];

	bide_barrier_init(&barrier, 2);
	t[0] = bide_spawn(pass, "a");
	bide_yield();
	bide_cancel(t[0]);
	bide_yield();
	t[1] = bide_spawn(pass, "b");
	bide_yield();
	LOG("%s", BOOL(bide_done(t[1])));
	t[2] = bide_spawn(pass, "c");
	bide_gather(3, t, NULL);
	return 0;
}

CASE(BAR_05, "abort: those waiting and all later ones get -EPIPE", .trace = "a -EPIPE · -EPIPE",
     .order = ANY_ORDER)
{
	bide_task *task;

	bide_barrier_init(&barrier, 2);
	task = bide_spawn(pass, "a");
	bide_yield();
	bide_barrier_abort(&barrier);
	bide_join(task);
	LOG("%s", ERR(bide_barrier_wait(&barrier)));
	return 0;
}

CASE(BAR_07, "reset makes a broken barrier usable again, and does nothing to a fresh one",
     .trace = "-EPIPE · b 1 · a 0")
{
	bide_task *t[2];

	bide_barrier_init(&barrier, 2);
	bide_barrier_reset(&barrier);
	bide_barrier_abort(&barrier);
	LOG("%s", ERR(bide_barrier_wait(&barrier)));
	bide_barrier_reset(&barrier);
	t[0] = bide_spawn(pass, "a");
	t[1] = bide_spawn(pass, "b");
	bide_gather(2, t, NULL);
	return 0;
}

CASE(BAR_08, "who arrives while the freed ones have not run yet belongs to the next round",
     .trace = "b 1 · d waits false · a 0 · e 1 · d 0")
{
	bide_task *t[4];

	bide_barrier_init(&barrier, 2);
	t[0] = bide_spawn(pass, "a");
	t[1] = bide_spawn(pass, "b");
	t[2] = bide_spawn(pass, "d");
	bide_yield();
	LOG("d waits %s", BOOL(bide_done(t[2])));
	t[3] = bide_spawn(pass, "e");
	bide_gather(4, t, NULL);
	return 0;
}
