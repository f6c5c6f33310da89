/* SPDX-License-Identifier: MIT */

/*
 * cases_cnd.c - the cases CND of the semantics: condition
 *
 * All but the first yield to let tasks begin to wait: they count on the order of
 * ready tasks.
 */
#include "case.h"

#include <errno.h>

static bide_cond cond;
static bide_lock lock;

CASE(CND_01, "wait without holding the lock is -EPERM; notify needs no lock",
     .trace = "-EPERM · 0 0", .order = ANY_ORDER)
{
	int one, all;

	LOG("%s", ERR(bide_cond_wait(&cond, &lock)));
	one = bide_cond_notify(&cond, 1);
	all = bide_cond_notify_all(&cond);
	LOG("%s %s", ERR(one), ERR(all));
	return 0;
}

static int cnd_02_w(void *arg)
{
	int r;

	bide_lock_acquire(&lock);
	r = bide_cond_wait(&cond, &lock);
	LOG("%s %s", (const char *)arg, ERR(r));
	bide_lock_release(&lock);
	return 0;
}

CASE(CND_02, "notify wakes the longest waiting and says how many; one for nobody is lost",
     .trace = "2 · a 0 · b 0 · 1 · c 0 · false · late -ECANCELED", .elapsed = 2)
{
	bide_task *t[4];

	t[0] = bide_spawn(cnd_02_w, "a");
	t[1] = bide_spawn(cnd_02_w, "b");
	t[2] = bide_spawn(cnd_02_w, "c");
	bide_yield();
	LOG("%s", ERR(bide_cond_notify(&cond, 2)));
	bide_sleep(1 * U);
	LOG("%s", ERR(bide_cond_notify(&cond, 5)));
	t[3] = bide_spawn(cnd_02_w, "late");
	bide_sleep(1 * U);
	LOG("%s", BOOL(bide_done(t[3])));
	bide_cancel(t[3]);
	bide_gather(4, t, NULL);
	return 0;
}

static int cnd_04_n;

static int cnd_04_w(void *arg)
{
	(void)arg;
	bide_lock_acquire(&lock);
	while (cnd_04_n < 2) {
		LOG("checked %d", cnd_04_n);
		bide_cond_wait(&cond, &lock);
	}
	LOG("ready");
	bide_lock_release(&lock);
	return 0;
}

CASE(CND_04, "waiting for a predicate is a loop", .trace = "checked 0 · checked 1 · ready")
{
	bide_task *task = bide_spawn(cnd_04_w, NULL);

	bide_yield();
	cnd_04_n = 1;
	bide_cond_notify(&cond, 1);
	bide_yield();
	cnd_04_n = 2;
	bide_cond_notify(&cond, 1);
	bide_join(task);
	return 0;
}

static int cnd_05_w(void *arg)
{
	int waited, released;

	(void)arg;
	bide_lock_acquire(&lock);
	waited = bide_cond_wait(&cond, &lock);
	released = bide_lock_release(&lock);
	LOG("%s %s", ERR(waited), ERR(released));
	return 0;
}

CASE(CND_05, "cancelled while waiting: the lock is held again before wait returns",
     .trace = "main releases · -ECANCELED 0 · false", .elapsed = 2)
{
	bide_task *task = bide_spawn(cnd_05_w, NULL);

	bide_yield();
	bide_lock_acquire(&lock);
	bide_cancel(task);
	bide_sleep(2 * U);
	LOG("main releases");
	bide_lock_release(&lock);
	bide_join(task);
	LOG("%s", BOOL(bide_lock_held(&lock)));
	return 0;
}

static int cnd_07_w(void *arg)
{
	int r;

	bide_lock_acquire(&lock);
	r = bide_cond_wait(&cond, &lock);
	LOG("%s %s %s", (const char *)arg, ERR(r), ERR(bide_checkpoint()));
	if (bide_checkpoint() < 0)
		bide_cond_notify(&cond, 1);
	bide_lock_release(&lock);
	return 0;
}

CASE(CND_07, "notified, then cancelled before it runs: it has the notification, and may pass it on",
     .trace = "a 0 -ECANCELED · b 0 0")
{
	bide_task *t[2];

	t[0] = bide_spawn(cnd_07_w, "a");
	t[1] = bide_spawn(cnd_07_w, "b");
	bide_yield();
	bide_cond_notify(&cond, 1);
	bide_cancel(t[0]);
	bide_gather(2, t, NULL);
	return 0;
}

static bide_cond cnd_08_d;

static int cnd_08_w(void *arg)
{
	(void)arg;
	bide_lock_acquire(&lock);
	LOG("c %s", ERR(bide_cond_wait(&cond, &lock)));
	bide_lock_release(&lock);
	return 0;
}

static int cnd_08_v(void *arg)
{
	(void)arg;
	bide_lock_acquire(&lock);
	LOG("d %s", ERR(bide_cond_wait(&cnd_08_d, &lock)));
	bide_lock_release(&lock);
	return 0;
}

CASE(CND_08, "several conditions may share one lock", .trace = "1 · d 0 · 1 · c 0")
{
	bide_task *a = bide_spawn(cnd_08_w, NULL);
	bide_task *b = bide_spawn(cnd_08_v, NULL);

	bide_yield();
	bide_lock_acquire(&lock);
	LOG("%s", ERR(bide_cond_notify(&cnd_08_d, 9)));
	bide_lock_release(&lock);
	bide_join(b);
	LOG("%s", ERR(bide_cond_notify(&cond, 9)));
	bide_join(a);
	return 0;
}
