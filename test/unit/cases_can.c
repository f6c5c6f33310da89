/* SPDX-License-Identifier: MIT */

/*
 * cases_can.c - the cases CAN of the semantics: cancellation
 *
 * Nearly all of them yield to let a task start and cancel it then. They count
 * on the order of ready tasks: cancelled before it starts, a task never runs.
 */
#include "case.h"

#include <bide.h>
#include <errno.h>

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static int can_01_f(void *arg)
{
	(void)arg;
	LOG("never");
	return 0;
}

CASE(CAN_01, "cancelled before its first step: the function never runs", .trace = "1 · -ECANCELED",
     .order = ANY_ORDER)
{
	bide_task *task = bide_spawn(can_01_f, NULL);

	LOG("%d", bide_cancel(task));
	LOG("%s", ERR(bide_join(task)));
	return 0;
}

static int can_02_f(void *arg)
{
	(void)arg;
	return 1;
}

CASE(CAN_02, "cancel says whether the task was still there", .trace = "1 1 · 0 1 · 0")
{
	bide_task *t = bide_spawn(sleep_for_ever, NULL), *d = bide_spawn(can_02_f, NULL);
	int first, second;

	bide_yield();
	first = bide_cancel(t);
	second = bide_cancel(t);
	LOG("%d %d", first, second);
	first = bide_cancel(d);
	LOG("%d %s", first, ERR(bide_result(d)));
	bide_yield();
	LOG("%d", bide_cancel(t));
	bide_gather(2, (bide_task *[]){ t, d }, NULL);
	return 0;
}

static int can_04_c(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_sleep(BIDE_FOREVER)));
	LOG("%s", ERR(bide_sleep(1 * U)));
	LOG("%d", bide_uncancel());
	LOG("%s", ERR(bide_sleep(1 * U)));
	return 7;
}

CASE(CAN_04, "a task may swallow its cancellation with uncancel and go on",
     .trace = "-ECANCELED · -ECANCELED · 1 · 0 · 7", .elapsed = 1)
{
	bide_task *task = bide_spawn(can_04_c, NULL);

	bide_yield();
	bide_cancel(task);
	LOG("%s", ERR(bide_join(task)));
	return 0;
}

static int can_05_c(void *arg)
{
	int first, second;

	(void)arg;
	bide_sleep(BIDE_FOREVER);
	first = bide_uncancel();
	second = bide_uncancel();
	LOG("%d %d %d", first, second, bide_cancel_requested(bide_self()));
	return 0;
}

CASE(CAN_05, "requests are counted; uncancel drops all of them at once",
     .trace = "0 · 1 · 2 · 2 0 0")
{
	bide_task *task = bide_spawn(can_05_c, NULL);

	bide_yield();
	LOG("%d", bide_cancel_requested(task));
	bide_cancel(task);
	LOG("%d", bide_cancel_requested(task));
	bide_cancel(task);
	LOG("%d", bide_cancel_requested(task));
	bide_join(task);
	return 0;
}

static int can_07_c(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_sleep(BIDE_FOREVER)));
	LOG("clean-up %s", ERR(bide_sleep(BIDE_FOREVER)));
	return -ECANCELED;
}

CASE(CAN_07, "one cancel is enough for the clean-up's own waits, too",
     .trace = "-ECANCELED · clean-up -ECANCELED · -ECANCELED")
{
	bide_task *task = bide_spawn(can_07_c, NULL);

	bide_yield();
	bide_cancel(task);
	LOG("%s", ERR(bide_join(task)));
	return 0;
}

static int can_08_clean(void *arg)
{
	(void)arg;
	for (int i = 0; i <= 1; i++) {
		int r = bide_sleep(1 * U);

		LOG("clean-up %d %s", i, ERR(r));
	}
	return 0;
}

static int can_08_c(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	LOG("%s", ERR(bide_sleep(1 * U)));
	bide_shield(can_08_clean, NULL);
	LOG("%s", ERR(bide_sleep(1 * U)));
	return 0;
}

CASE(CAN_08, "cancellation is a level: a clean-up that must wait is shielded",
     .trace = "-ECANCELED · clean-up 0 0 · clean-up 1 0 · -ECANCELED", .elapsed = 2)
{
	bide_task *task = bide_spawn(can_08_c, NULL);

	bide_yield();
	bide_cancel(task);
	bide_join(task);
	return 0;
}

static int can_10_c(void *arg)
{
	(void)arg;
	LOG("%d", bide_cancel(bide_self()));
	return 5;
}

CASE(CAN_10, "a task cancels itself and then returns a value: the value stands", .trace = "1 · 5",
     .order = ANY_ORDER)
{
	LOG("%s", ERR(bide_join(bide_spawn(can_10_c, NULL))));
	return 0;
}

struct can_11_objects {
	bide_lock lock;
	bide_queue *queue;
	bide_task *ended;
};

static int can_11_d(void *arg)
{
	(void)arg;
	return 9;
}

static int can_11_c(void *arg)
{
	struct can_11_objects *on = arg;
	int x;

	bide_cancel(bide_self());
	LOG("%s", ERR(bide_lock_acquire(&on->lock)));
	LOG("%s", BOOL(bide_lock_held(&on->lock)));
	LOG("%s", ERR(bide_queue_get(on->queue, &x)));
	LOG("%zu", bide_queue_size(on->queue));
	LOG("%s", ERR(bide_queue_try_get(on->queue, &x)));
	LOG("%s", ERR(bide_join(on->ended)));
	LOG("%s", ERR(bide_sleep(0)));
	return 0;
}

CASE(CAN_11, "a pending cancellation is reported also by a call that would not have to wait",
     .trace = "-ECANCELED · false · -ECANCELED · 1 · 0 · 9 · -ECANCELED", .order = ANY_ORDER)
{
	struct can_11_objects on = {
		.queue = bide_queue_new(sizeof(int), 0),
		.ended = bide_spawn(can_11_d, NULL),
	};

	bide_queue_put(on.queue, &(int){ 1 });
	bide_yield();
	bide_join(bide_spawn(can_11_c, &on));
	bide_queue_free(on.queue);
	return 0;
}

static int can_13_clean(void *arg)
{
	(void)arg;
	bide_sleep(1 * U);
	LOG("inner cleaned up");
	return 0;
}

static int can_13_inner(void *arg)
{
	(void)arg;
	LOG("inner %s", ERR(bide_sleep(BIDE_FOREVER)));
	bide_shield(can_13_clean, NULL);
	return -ECANCELED;
}

static int can_13_outer(void *arg)
{
	int r = bide_join(bide_spawn(can_13_inner, NULL));

	(void)arg;
	LOG("outer %s", ERR(r));
	return r;
}

CASE(CAN_13, "cancelling a task that joins another cancels that one and waits for its end",
     .trace = "inner -ECANCELED · inner cleaned up · outer -ECANCELED · -ECANCELED", .elapsed = 1)
{
	bide_task *task = bide_spawn(can_13_outer, NULL);

	bide_yield();
	bide_yield();
	bide_cancel(task);
	LOG("%s", ERR(bide_join(task)));
	return 0;
}

static int can_14_inner(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	return 3;
}

static int can_14_outer(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_join(bide_spawn(can_14_inner, NULL))));
	return 0;
}

static int can_14_o2(void *arg)
{
	bide_task *inner = bide_spawn(can_14_inner, NULL);
	int r;

	(void)arg;
	LOG("%s", ERR(bide_gather(1, &inner, &r)));
	LOG("[%s]", ERR(r));
	return 0;
}

CASE(CAN_14, "the joined task swallows it and returns a value: the cancelled joiner gets it",
     .trace = "3 · -ECANCELED · [3] · 0 0")
{
	bide_task *a = bide_spawn(can_14_outer, NULL), *b = bide_spawn(can_14_o2, NULL);
	int first, second;

	bide_yield();
	bide_yield();
	bide_cancel(a);
	bide_cancel(b);
	first = bide_join(a);
	second = bide_join(b);
	LOG("%s %s", ERR(first), ERR(second));
	return 0;
}

static int can_16_c(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	return -EINVAL;
}

CASE(CAN_16, "answering the cancellation with another error: that is the result",
     .trace = "-EINVAL")
{
	bide_task *task = bide_spawn(can_16_c, NULL);

	bide_yield();
	bide_cancel(task);
	LOG("%s", ERR(bide_join(task)));
	return 0;
}

static bide_future can_future;

static int can_17_w(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_future_wait(&can_future, NULL)));
	LOG("%s", ERR(bide_future_wait(&can_future, NULL)));
	return 0;
}

CASE(CAN_17, "result set, waiter cancelled before it runs: the result is had",
     .trace = "1 · -ECANCELED")
{
	bide_task *task = bide_spawn(can_17_w, NULL);

	bide_yield();
	bide_future_set(&can_future, 1, NULL);
	bide_cancel(task);
	bide_join(task);
	return 0;
}

static int can_19_w(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_future_wait(&can_future, NULL)));
	LOG("%s", ERR(bide_uncancel()));
	LOG("%s", ERR(bide_sleep(0)));
	return 0;
}

CASE(CAN_19, "a cancellation that arrived behind a result is gone once it is swallowed",
     .trace = "1 · 1 · 0")
{
	bide_task *task = bide_spawn(can_19_w, NULL);

	bide_yield();
	bide_future_set(&can_future, 1, NULL);
	bide_cancel(task);
	bide_join(task);
	return 0;
}

static int can_20_s(void *arg)
{
	bide_sleep(BIDE_FOREVER);
	LOG("%s", (const char *)arg);
	return 0;
}

CASE(CAN_20, "cancelled tasks wake in the order in which they were cancelled", .trace = "b · a · c")
{
	bide_task *a = bide_spawn(can_20_s, "a");
	bide_task *b = bide_spawn(can_20_s, "b");
	bide_task *c = bide_spawn(can_20_s, "c");

	bide_yield();
	bide_cancel(b);
	bide_cancel(a);
	bide_cancel(c);
	bide_gather(3, (bide_task *[]){ a, b, c }, NULL);
	return 0;
}

static bide_task *can_22_i;

static int can_22_inner(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	(void)arg;
	LOG("inner %s", ERR(r));
	return r;
}

static int can_22_outer(void *arg)
{
	int r = bide_join(can_22_i);

	(void)arg;
	LOG("outer %s", ERR(r));
	return r;
}

CASE(CAN_22, "a task and its joiner cancelled in one round: both end once",
     .trace = "inner -ECANCELED · outer -ECANCELED · -ECANCELED")
{
	bide_task *o;

	can_22_i = bide_spawn(can_22_inner, NULL);
	o = bide_spawn(can_22_outer, NULL);
	bide_yield();
	bide_cancel(can_22_i);
	bide_cancel(o);
	LOG("%s", ERR(bide_join(o)));
	return 0;
}

static int can_23_c(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_yield()));
	LOG("%s", ERR(bide_yield()));
	return 0;
}

CASE(CAN_23, "cancelled in the ready queue after a yield: the yield is over, the next call reports",
     .trace = "0 · -ECANCELED")
{
	bide_task *task = bide_spawn(can_23_c, NULL);

	bide_yield();
	bide_cancel(task);
	bide_join(task);
	return 0;
}

static int can_25_late(void *arg)
{
	LOG("%d", bide_cancel(arg));
	return 0;
}

CASE(CAN_25, "a delayed task may cancel like any other", .trace = "1 · -ECANCELED", .elapsed = 1,
     .order = ANY_ORDER)
{
	bide_task *task = bide_spawn(sleep_for_ever, NULL);
	bide_task *late = bide_spawn_with(&(bide_task_options){ .delay = 1 * U }, can_25_late,
	                                  task);

	LOG("%s", ERR(bide_join(task)));
	bide_join(late);
	return 0;
}

static int can_26_c(void *arg)
{
	int n = 0;

	(void)arg;
	while (n < 3) {
		bide_sleep(BIDE_FOREVER);
		n += bide_uncancel();
		LOG("swallowed %d", n);
	}
	return n;
}

CASE(CAN_26, "a task that swallows each cancellation survives each",
     .trace = "false · swallowed 1 · false · swallowed 2 · false · swallowed 3 · 3")
{
	bide_task *task = bide_spawn(can_26_c, NULL);

	for (int i = 1; i <= 3; i++) {
		bide_yield();
		LOG("%s", BOOL(bide_done(task)));
		bide_cancel(task);
	}
	LOG("%s", ERR(bide_join(task)));
	return 0;
}
