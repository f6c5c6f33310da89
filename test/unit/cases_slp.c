/* SPDX-License-Identifier: MIT */

/* cases_slp.c - SLP: sleep, yield, order of running */
#include "case.h"

#include <errno.h>

static int slp01_f(void *arg)
{
	for (int i = 0; i <= 2; i++) {
		LOG("%s %d", (const char *)arg, i);
		bide_yield();
	}
	return 0;
}

CASE(SLP_01, "yield is a round robin, first come first served",
     .trace = "a 0 · b 0 · c 0 · a 1 · b 1 · c 1 · a 2 · b 2 · c 2")
{
	bide_task *t[3];

	t[0] = bide_spawn(slp01_f, "a");
	t[1] = bide_spawn(slp01_f, "b");
	t[2] = bide_spawn(slp01_f, "c");
	bide_gather(3, t, NULL);
	return 0;
}

static int slp02_child(void *arg)
{
	(void)arg;
	LOG("child");
	return 0;
}

CASE(SLP_02, "a spawned task does not start before its spawner suspends",
     .trace = "spawned · main still runs · child · main again")
{
	bide_go(slp02_child, NULL);
	LOG("spawned");
	LOG("main still runs");
	bide_yield();
	LOG("main again");
	return 0;
}

static int slp04_f(void *arg)
{
	bide_sleep(1 * U);
	LOG("%d", INT(arg));
	return 0;
}

CASE(SLP_04, "equal durations wake in the order in which the sleepers went to sleep",
     .trace = "0 · 1 · 2 · 3 · 4", .elapsed = 1)
{
	bide_group g;

	bide_group_open(&g);
	for (int i = 0; i <= 4; i++)
		bide_group_spawn(&g, slp04_f, ARG(i));
	return bide_group_close(&g);
}

static int slp07_say(void *arg)
{
	LOG("%s", (const char *)arg);
	return 0;
}

static int slp07_c1(void *arg)
{
	(void)arg;
	LOG("c1");
	bide_go(slp07_say, "c3");
	return 0;
}

CASE(SLP_07, "yield is one round: what was queued before runs first, what that queues runs after",
     .trace = "c1 · c2 · main · c3")
{
	bide_go(slp07_c1, NULL);
	bide_go(slp07_say, "c2");
	bide_yield();
	LOG("main");
	bide_yield();
	return 0;
}

static void slp08_sub(int i)
{
	LOG("call %d", i);
}

static int slp08_other(void *arg)
{
	(void)arg;
	LOG("other");
	return 0;
}

CASE(SLP_08, "a plain call that never suspends lets nobody else run",
     .trace = "call 0 · call 1 · call 2 · other · end")
{
	bide_go(slp08_other, NULL);
	slp08_sub(0);
	slp08_sub(1);
	slp08_sub(2);
	bide_yield();
	LOG("end");
	return 0;
}

static int slp10_other(void *arg)
{
	(void)arg;
	LOG("other");
	return 0;
}

/* A task must not end with a lock held. */
CASE(SLP_10, "the uncontended fast paths do not suspend", .trace = "all passed · other")
{
	bide_lock lock = { 0 };
	bide_sem sem = { 0 };
	bide_event event = { 0 };
	bide_queue *q = bide_queue_new(sizeof(int), 0);
	int x = 1;

	bide_sem_init(&sem, 1, 0);
	bide_go(slp10_other, NULL);
	CHECK_INT(bide_lock_acquire(&lock), 0);
	CHECK_INT(bide_sem_acquire(&sem), 0);
	bide_event_set(&event);
	CHECK_INT(bide_event_wait(&event), 0);
	CHECK_INT(bide_queue_put(q, &x), 0);
	CHECK_INT(bide_queue_get(q, &x), 0);
	CHECK_INT(bide_queue_task_done(q), 0);
	CHECK_INT(bide_queue_join(q), 0);
	LOG("all passed");
	bide_yield();
	bide_lock_release(&lock);
	bide_queue_free(q);
	return 0;
}

static int slp11_n;

static int slp11_spin(void *arg)
{
	(void)arg;
	while (bide_yield() == 0)
		slp11_n++;
	return 0;
}

/* On the virtual clock time stands still while a task is ready. */
CASE(SLP_11, "a task that yields for ever starves neither timers nor I/O", .trace = "timer · true",
     .elapsed = 2, .real_only = true)
{
	bide_go(slp11_spin, NULL);
	bide_sleep(2 * U);
	LOG("timer");
	LOG("%s", BOOL(slp11_n > 100));
	return 0;
}

static int slp13_f(void *arg)
{
	(void)arg;
	return bide_sleep(1000 * U);
}

CASE(SLP_13, "cancelling a sleeper removes its timer; the loop does not wait for it",
     .trace = "-ECANCELED", .elapsed = 0, .order = ANY_ORDER, .real_too = true)
{
	bide_task *t = bide_spawn(slp13_f, NULL);

	bide_yield();
	bide_cancel(t);
	LOG("%s", ERR(bide_join(t)));
	return 0;
}

static int slp14_quick(void *arg)
{
	(void)arg;
	bide_sleep(1 * U);
	LOG("quick %s", BOOL(case_now() >= 6));
	return 0;
}

static int slp14_hog(void *arg)
{
	(void)arg;
	case_block(6);
	LOG("hog");
	return 0;
}

CASE(SLP_14, "holding the thread in one task delays all the others", .trace = "hog · quick true",
     .elapsed = -1, .order = ANY_ORDER, .real_too = true)
{
	bide_task *t[2];

	t[0] = bide_spawn(slp14_quick, NULL);
	t[1] = bide_spawn(slp14_hog, NULL);
	bide_gather(2, t, NULL);
	return 0;
}

static int slp16_f(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER - 1);
}

CASE(SLP_16, "a duration near FOREVER does not overflow: it never ends",
     .trace = "false · -ECANCELED", .elapsed = 1, .order = ANY_ORDER, .real_too = true)
{
	bide_task *t = bide_spawn(slp16_f, NULL);

	bide_sleep(1 * U);
	LOG("%s", BOOL(bide_done(t)));
	bide_cancel(t);
	LOG("%s", ERR(bide_join(t)));
	return 0;
}

static bide_future slp17_future;

static int slp17_leaf(void *arg)
{
	(void)arg;
	bide_future_wait(&slp17_future, NULL);
	LOG("leaf");
	return 7;
}

struct slp17_link {
	bide_task *task;
	const char *name;
};

static int slp17_join(void *arg)
{
	const struct slp17_link *link = arg;
	int r = bide_join(link->task);

	LOG("%s", link->name);
	return r;
}

static int slp17_tick(void *arg)
{
	(void)arg;
	for (int i = 0; i <= 3; i++) {
		LOG("round %d", i);
		bide_yield();
	}
	return 0;
}

CASE(SLP_17, "a finished task wakes its joiner one round later: one round for each link of a chain",
     .trace = "round 0 · leaf · round 1 · b · round 2 · a · round 3 · main 7")
{
	struct slp17_link a = { .name = "a" };
	struct slp17_link b = { .name = "b", .task = bide_spawn(slp17_leaf, NULL) };
	bide_task *last;

	a.task = bide_spawn(slp17_join, &b);
	last = bide_spawn(slp17_join, &a);
	bide_yield();
	bide_go(slp17_tick, NULL);
	bide_future_set(&slp17_future, 0, NULL);
	LOG("main %s", ERR(bide_join(last)));
	return 0;
}
