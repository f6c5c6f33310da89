/* SPDX-License-Identifier: MIT */

/*
 * cases_lck.c - the cases LCK of the semantics: lock
 *
 * Most of them let waiters queue up and count on the order in which these run.
 */
#include "case.h"

#include <errno.h>

static bide_lock lock;

/* Says its name while it holds the lock. */
static int say_locked(void *arg)
{
	int r = bide_lock_acquire(&lock);

	if (r < 0)
		return r;
	LOG("%s", (const char *)arg);
	return bide_lock_release(&lock);
}

/* Says its name and what the acquire gave. */
static int try_to_lock(void *arg)
{
	int r = bide_lock_acquire(&lock);

	LOG("%s %s", (const char *)arg, ERR(r));
	if (r == 0)
		bide_lock_release(&lock);
	return r;
}

CASE(LCK_01, "waiters get the lock in the order of asking", .trace = "released · a · b · c")
{
	bide_task *t[3];

	bide_lock_acquire(&lock);
	t[0] = bide_spawn(say_locked, "a");
	t[1] = bide_spawn(say_locked, "b");
	t[2] = bide_spawn(say_locked, "c");
	bide_yield();
	bide_lock_release(&lock);
	LOG("released");
	bide_gather(3, t, NULL);
	return 0;
}

static int lck_02_other(void *arg)
{
	int r = bide_lock_release(&lock);

	(void)arg;
	LOG("%s %s", ERR(r), BOOL(bide_lock_held(&lock)));
	return 0;
}

CASE(LCK_02, "releasing a free lock or another's is -EPERM, taking one's own again -EDEADLK",
     .trace = "-EPERM · -EPERM true · -EDEADLK -EDEADLK · 0 false", .order = ANY_ORDER)
{
	int first, second;

	LOG("%s", ERR(bide_lock_release(&lock)));
	bide_lock_acquire(&lock);
	bide_join(bide_spawn(lck_02_other, NULL));
	first = bide_lock_acquire(&lock);
	second = bide_lock_try(&lock);
	LOG("%s %s", ERR(first), ERR(second));
	first = bide_lock_release(&lock);
	LOG("%s %s", ERR(first), BOOL(bide_lock_held(&lock)));
	return 0;
}

CASE(LCK_04, "a cancelled waiter leaves the queue; the others keep their order",
     .trace = "b -ECANCELED · a 0 · c 0")
{
	bide_task *t[3];

	bide_lock_acquire(&lock);
	t[0] = bide_spawn(try_to_lock, "a");
	t[1] = bide_spawn(try_to_lock, "b");
	t[2] = bide_spawn(try_to_lock, "c");
	bide_yield();
	bide_cancel(t[1]);
	bide_yield();
	bide_lock_release(&lock);
	bide_gather(3, t, NULL);
	return 0;
}

static int lck_05_w(void *arg)
{
	int r = bide_lock_acquire(&lock);
	int next = bide_sleep(0);

	LOG("%s %s %s", (const char *)arg, ERR(r), ERR(next));
	if (r == 0)
		bide_lock_release(&lock);
	return 0;
}

CASE(LCK_05, "cancelled just after the lock was handed over: it holds it, and gives it on",
     .trace = "a 0 -ECANCELED · b 0 0 · false")
{
	bide_task *t[2];

	bide_lock_acquire(&lock);
	t[0] = bide_spawn(lck_05_w, "a");
	t[1] = bide_spawn(lck_05_w, "b");
	bide_yield();
	bide_lock_release(&lock);
	bide_cancel(t[0]);
	bide_gather(2, t, NULL);
	LOG("%s", BOOL(bide_lock_held(&lock)));
	return 0;
}

CASE(LCK_07, "cancelled just before the release: the next waiter gets it",
     .trace = "a -ECANCELED · b 0")
{
	bide_task *t[2];

	bide_lock_acquire(&lock);
	t[0] = bide_spawn(try_to_lock, "a");
	t[1] = bide_spawn(try_to_lock, "b");
	bide_yield();
	bide_cancel(t[0]);
	bide_lock_release(&lock);
	bide_gather(2, t, NULL);
	return 0;
}

CASE(LCK_08, "no overtaking: after the release the lock is the waiter's, a newcomer queues",
     .trace = "true -EBUSY · a · main")
{
	bide_task *a;
	bool is_held;
	int r;

	bide_lock_acquire(&lock);
	a = bide_spawn(say_locked, "a");
	bide_yield();
	bide_lock_release(&lock);
	is_held = bide_lock_held(&lock);
	r = bide_lock_try(&lock);
	LOG("%s %s", BOOL(is_held), ERR(r));
	bide_lock_acquire(&lock);
	LOG("main");
	bide_lock_release(&lock);
	bide_join(a);
	return 0;
}

CASE(LCK_10, "all waiters cancelled, then released: free, taken without waiting",
     .trace = "main 0 · a -ECANCELED · b -ECANCELED")
{
	bide_task *t[2];

	bide_lock_acquire(&lock);
	t[0] = bide_spawn(try_to_lock, "a");
	t[1] = bide_spawn(try_to_lock, "b");
	bide_yield();
	bide_cancel(t[0]);
	bide_cancel(t[1]);
	bide_lock_release(&lock);
	LOG("main %s", ERR(bide_lock_acquire(&lock)));
	bide_lock_release(&lock);
	bide_gather(2, t, NULL);
	return 0;
}

static int lck_11_main(void *arg)
{
	bide_task *t;

	(void)arg;
	LOG("%s", BOOL(bide_lock_held(&lock)));
	bide_lock_acquire(&lock);
	t = bide_spawn(say_locked, "waited");
	bide_sleep(1 * U);
	LOG("%s", BOOL(bide_done(t)));
	bide_lock_release(&lock);
	return bide_join(t);
}

PROGRAM(LCK_11, "a free lock remembers no loop: one serves two runs, also after waiting",
        .trace = "false · false · waited · 0 · false · false · waited · 0", .elapsed = 1,
        .order = ANY_ORDER)
{
	LOG("%s", ERR(bide_run_with(case_options(), lck_11_main, NULL)));
	LOG("%s", ERR(bide_run_with(case_options(), lck_11_main, NULL)));
}

static int lck_13_holder(void *arg)
{
	(void)arg;
	bide_lock_acquire(&lock);
	bide_sleep(1 * U);
	bide_lock_release(&lock);
	return 0;
}

static int lck_13_m(void *arg)
{
	bide_scope s;

	(void)arg;
	bide_scope_enter(&s, 3 * U);
	LOG("%s", ERR(bide_lock_acquire(&lock)));
	LOG("%s", ERR(bide_scope_leave(&s)));
	return 0;
}

static int lck_13_hog(void *arg)
{
	(void)arg;
	case_block(6);
	return 0;
}

CASE(LCK_13, "deadline and release due in one round: the deadline is first, the lock is not lost",
     .trace = "-ECANCELED · -ETIMEDOUT · false", .elapsed = 6, .real_too = true)
{
	bide_task *t[2];

	t[0] = bide_spawn(lck_13_holder, NULL);
	t[1] = bide_spawn(lck_13_m, NULL);
	bide_yield();
	bide_go(lck_13_hog, NULL);
	bide_gather(2, t, NULL);
	LOG("%s", BOOL(bide_lock_held(&lock)));
	return 0;
}
