/* SPDX-License-Identifier: MIT */

/* cases_sem.c - the cases SEM of the semantics: semaphore */
#include "case.h"

#include <errno.h>

static bide_sem sem;

static int sem_01_inside, sem_01_most;

static int sem_01_f(void *arg)
{
	(void)arg;
	bide_sem_acquire(&sem);
	sem_01_inside++;
	if (sem_01_inside > sem_01_most)
		sem_01_most = sem_01_inside;
	bide_sleep(1 * U);
	sem_01_inside--;
	bide_sem_release(&sem);
	return 0;
}

CASE(SEM_01, "no more than n inside", .trace = "3", .elapsed = 3, .order = ANY_ORDER)
{
	bide_group g;

	bide_sem_init(&sem, 3, 0);
	bide_group_open(&g);
	for (int i = 1; i <= 9; i++)
		bide_group_spawn(&g, sem_01_f, NULL);
	bide_group_close(&g);
	LOG("%d", sem_01_most);
	return 0;
}

static int sem_02_w(void *arg)
{
	bide_sem_acquire(&sem);
	LOG("%s", (const char *)arg);
	return 0;
}

CASE(SEM_02, "waiters are served in the order of asking", .trace = "a · b · c")
{
	bide_task *t[3];

	t[0] = bide_spawn(sem_02_w, "a");
	t[1] = bide_spawn(sem_02_w, "b");
	t[2] = bide_spawn(sem_02_w, "c");
	bide_yield();
	for (int i = 1; i <= 3; i++)
		bide_sem_release(&sem);
	bide_gather(3, t, NULL);
	return 0;
}

CASE(SEM_04, "unbounded, it may be released beyond its first value; with a maximum not",
     .trace = "0 · 0 0 -EAGAIN · -EOVERFLOW · 0 0", .order = ANY_ORDER)
{
	bide_sem bounded = { 0 };
	int r[3];

	bide_sem_init(&sem, 1, 0);
	bide_sem_init(&bounded, 1, 1);
	LOG("%s", ERR(bide_sem_release(&sem)));
	for (int i = 0; i < 3; i++)
		r[i] = bide_sem_try(&sem);
	LOG("%s %s %s", ERR(r[0]), ERR(r[1]), ERR(r[2]));
	LOG("%s", ERR(bide_sem_release(&bounded)));
	r[0] = bide_sem_try(&bounded);
	r[1] = bide_sem_release(&bounded);
	LOG("%s %s", ERR(r[0]), ERR(r[1]));
	return 0;
}

static int sem_07_w(void *arg)
{
	int r = bide_sem_acquire(&sem);

	(void)arg;
	LOG("%s %s", ERR(r), ERR(bide_checkpoint()));
	if (r == 0)
		bide_sem_release(&sem);
	return 0;
}

CASE(SEM_07, "cancelled just after the permit was given: it has the permit, and gives it back",
     .trace = "0 -ECANCELED · 0")
{
	bide_task *a = bide_spawn(sem_07_w, NULL);

	bide_yield();
	bide_sem_release(&sem);
	bide_cancel(a);
	bide_join(a);
	LOG("%s", ERR(bide_sem_try(&sem)));
	return 0;
}

static int sem_08_w(void *arg)
{
	(void)arg;
	bide_sem_acquire(&sem);
	bide_sem_release(&sem);
	return 0;
}

CASE(SEM_08, "try fails where acquire would wait, also while a permit is already a waiter's",
     .trace = "0 -EAGAIN · -EAGAIN · 0")
{
	bide_task *a;
	int first, second;

	bide_sem_init(&sem, 1, 0);
	first = bide_sem_try(&sem);
	second = bide_sem_try(&sem);
	LOG("%s %s", ERR(first), ERR(second));
	a = bide_spawn(sem_08_w, NULL);
	bide_yield();
	bide_sem_release(&sem);
	LOG("%s", ERR(bide_sem_try(&sem)));
	bide_join(a);
	LOG("%s", ERR(bide_sem_try(&sem)));
	return 0;
}
