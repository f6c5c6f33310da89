/* SPDX-License-Identifier: MIT */

/*
 * cases_shu.c - the cases SHU of the semantics: shutdown
 *
 * Where a leftover logs something it must have begun before main's end, and the
 * case counts on the order of ready tasks.
 */
#include "case.h"

#include <bide.h>

static int shu_01_clean(void *arg)
{
	bide_sleep(INT(arg) * U);
	LOG("%d cleaned up", INT(arg));
	return 0;
}

static int shu_01_bg(void *arg)
{
	int r = bide_sleep(BIDE_FOREVER);

	LOG("%d %s", INT(arg), ERR(r));
	bide_shield(shu_01_clean, arg);
	return 0;
}

CASE(SHU_01, "run cancels what is left over, in order of spawning, and waits for the clean-ups",
     .trace = "main over · 1 -ECANCELED · 2 -ECANCELED · 1 cleaned up · 2 cleaned up", .result = 5,
     .elapsed = 2)
{
	bide_go(shu_01_bg, ARG(1));
	bide_go(shu_01_bg, ARG(2));
	bide_yield();
	LOG("main over");
	return 5;
}

static int shu_02_bg(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_sleep(BIDE_FOREVER)));
	bide_uncancel();
	LOG("%s", ERR(bide_sleep(5 * U)));
	LOG("ended by itself");
	return 0;
}

CASE(SHU_02, "a leftover that swallows its cancellation: run waits for as long as it lives",
     .trace = "-ECANCELED · 0 · ended by itself", .elapsed = 5)
{
	bide_go(shu_02_bg, NULL);
	bide_yield();
	return 0;
}

static int shu_04_late(void *arg)
{
	(void)arg;
	LOG("late started");
	return 0;
}

static int shu_04_bg(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	LOG("%s", ERR(bide_join(bide_spawn(shu_04_late, NULL))));
	bide_uncancel();
	LOG("%s", ERR(bide_join(bide_spawn(shu_04_late, NULL))));
	return 0;
}

CASE(SHU_04, "what the leftovers spawn during the shutdown never runs, and is waited for",
     .trace = "-ECANCELED · -ECANCELED")
{
	bide_go(shu_04_bg, NULL);
	bide_yield();
	return 0;
}

CASE(SHU_05, "closing a running loop is refused, and nothing is changed",
     .trace = "-EBUSY · true · 0", .elapsed = 1, .order = ANY_ORDER)
{
	bide_loop *loop = bide_loop_current();

	LOG("%s", ERR(bide_loop_close(loop)));
	LOG("%s", BOOL(bide_loop_current() == loop));
	LOG("%s", ERR(bide_sleep(1 * U)));
	return 0;
}

static bide_queue *shu_07_queue;
static bide_sem shu_07_sem;

/* The last one to leave, and the one who waited in the queue has ended. */
static int shu_07_a(void *arg)
{
	LOG("a %s", ERR(bide_join(arg)));
	bide_queue_free(shu_07_queue);
	return 0;
}

static int shu_07_b(void *arg)
{
	int x;
	int r = bide_queue_get(shu_07_queue, &x);

	(void)arg;
	LOG("b %s", ERR(r));
	return r;
}

static int shu_07_c(void *arg)
{
	(void)arg;
	LOG("c %s", ERR(bide_sem_acquire(&shu_07_sem)));
	return 0;
}

CASE(SHU_07, "leftovers that wait for each other, for queues and for permits are all taken down",
     .trace = "main over · b -ECANCELED · c -ECANCELED · a -ECANCELED")
{
	bide_task *b;

	shu_07_queue = bide_queue_new(sizeof(int), 0);
	b = bide_spawn(shu_07_b, NULL);
	bide_go(shu_07_c, NULL);
	bide_go(shu_07_a, b);
	bide_yield();
	LOG("main over");
	return 0;
}

static int shu_08_x(void *arg)
{
	(void)arg;
	LOG("x started");
	return 0;
}

CASE(SHU_08, "a task spawned by main's last act never starts", .trace = "main over",
     .order = ANY_ORDER)
{
	bide_go(shu_08_x, NULL);
	LOG("main over");
	return 0;
}
