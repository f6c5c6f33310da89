/* SPDX-License-Identifier: MIT */

/* test_lock.c - one task at a time */
#include "sync_test.h"

#include <bide.h>

#define HOLDS_MAX 65535

static int hold_for_1u(void *arg)
{
	bide_lock *lock = arg;
	int r = bide_lock_acquire(lock);

	NOTE("%s %s", my_name(), ERR(r));
	if (r < 0)
		return r;
	(void)bide_sleep(1 * U);
	CHECK_INT(bide_lock_release(lock), 0);
	return 0;
}

LOOP_TEST(lock, is_free_when_its_bytes_are_zero)
{
	static bide_lock fixed;
	bide_lock *heap = calloc(1, sizeof *heap);

	CHECK(heap != NULL);
	CHECK(!bide_lock_held(&fixed) && !bide_lock_held(heap));
	WITHOUT_SUSPENSION({
		CHECK_INT(bide_lock_acquire(&fixed), 0);
		CHECK_INT(bide_lock_try(heap), 0);
	});
	CHECK(bide_lock_held(&fixed) && bide_lock_held(heap));
	CHECK_INT(bide_lock_release(&fixed), 0);
	CHECK_INT(bide_lock_release(heap), 0);
	CHECK(!bide_lock_held(&fixed) && !bide_lock_held(heap));
	free(heap);
	return 0;
}

LOOP_TEST(lock, on_the_stack_may_go_when_nobody_waits_any_more)
{
	bide_task *tasks[3];

	for (int round = 0; round < 3; round++) {
		bide_lock lock = { 0 };

		CHECK_INT(bide_lock_acquire(&lock), 0);
		for (int i = 0; i < 3; i++)
			tasks[i] = spawn_named("w", hold_for_1u, &lock);
		settle();
		CHECK_INT(bide_lock_release(&lock), 0);
		CHECK_INT(bide_gather(3, tasks, NULL), 0);
	}
	return 0;
}

TEST(lock, is_nobodys_outside_of_a_loop)
{
	bide_lock lock = { 0 };
	bool has_run = false;

	CHECK_INT(bide_lock_acquire(&lock), -EPERM);
	CHECK_INT(bide_lock_try(&lock), -EPERM);
	CHECK_INT(bide_lock_release(&lock), -EPERM);
	BIDE_WITH_LOCK(&lock)
		has_run = true;
	CHECK(!has_run);
	CHECK(!bide_lock_held(&lock));
}

static bide_lock common;

static int hold_common(void *arg)
{
	(void)arg;
	CHECK_INT(bide_lock_acquire(&common), 0);
	(void)bide_sleep(BIDE_FOREVER);
	NOTE("%s", ERR(bide_lock_release(&common)));
	return 0;
}

static int go_hold_common(void *arg)
{
	(void)arg;
	CHECK_INT(bide_go(hold_common, NULL), 0);
	return bide_yield();
}

TEST(lock, stays_with_its_task_between_two_runs)
{
	bide_loop *loop = bide_loop_new(&(bide_options){ .flags = BIDE_VIRTUAL_CLOCK });

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, go_hold_common, NULL), 0);
	CHECK(bide_lock_held(&common));
	CHECK_INT(bide_lock_release(&common), -EPERM);
	CHECK(bide_lock_held(&common));
	CHECK_INT(bide_loop_close(loop), 0);
	CHECK_NOTES("0");
	CHECK(!bide_lock_held(&common));
}

LOOP_TEST(lock, that_was_handed_over_is_not_its_former_holders_to_release)
{
	bide_lock lock = { 0 };
	bide_task *waiter;

	CHECK_INT(bide_lock_acquire(&lock), 0);
	waiter = spawn_named("waiter", hold_for_1u, &lock);
	settle();
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_lock_release(&lock), -EPERM);
	CHECK(bide_lock_held(&lock));
	CHECK_INT(bide_join(waiter), 0);
	CHECK_NOTES("waiter 0");
	return 0;
}

static int try_in_a_cancelled_task(void *arg)
{
	bide_lock *lock = arg;

	CHECK_INT(bide_cancel(bide_self()), 1);
	CHECK_INT(bide_lock_acquire(lock), -ECANCELED);
	CHECK(!bide_lock_held(lock));
	CHECK_INT(bide_lock_try(lock), 0);
	CHECK(bide_lock_held(lock));
	CHECK_INT(bide_lock_release(lock), 0);
	return 0;
}

LOOP_TEST(lock, is_not_acquired_by_a_cancelled_task_unless_it_tries)
{
	bide_lock lock = { 0 };

	CHECK_INT(bide_join(spawn_named("t", try_in_a_cancelled_task, &lock)), 0);
	return 0;
}

static int wait_2u(void *arg)
{
	bide_scope scope;
	int r;

	bide_scope_enter(&scope, 2 * U);
	r = bide_lock_acquire(arg);
	NOTE("%s at %d", ERR(r), case_now());
	NOTE("%s", ERR(bide_scope_leave(&scope)));
	return r == 0 ? bide_lock_release(arg) : 0;
}

LOOP_TEST(lock, goes_to_the_next_one_where_the_first_has_run_out_of_time)
{
	bide_lock lock = { 0 };
	bide_task *tasks[2];

	CHECK_INT(bide_lock_acquire(&lock), 0);
	tasks[0] = spawn_named("late", wait_2u, &lock);
	tasks[1] = spawn_named("next", hold_for_1u, &lock);
	CHECK_INT(bide_sleep(3 * U), 0);
	CHECK_NOTES("-ECANCELED at 2 · -ETIMEDOUT");
	CHECK_INT(bide_lock_release(&lock), 0);
	CHECK_INT(bide_gather(2, tasks, NULL), 0);
	CHECK_NOTES("next 0");
	return 0;
}

/* The clock passes the deadline while the waiter has the lock and not yet the thread. */
LOOP_TEST(lock, that_was_handed_over_in_time_is_not_taken_back_by_a_deadline)
{
	bide_lock lock = { 0 };
	bide_task *waiter;

	CHECK_INT(bide_lock_acquire(&lock), 0);
	waiter = spawn_named("waiter", wait_2u, &lock);
	settle();
	CHECK_INT(bide_lock_release(&lock), 0);
	bide_clock_advance(5 * U);
	CHECK_INT(bide_join(waiter), 0);
	CHECK_NOTES("0 at 5 · 0");
	CHECK(!bide_lock_held(&lock));
	return 0;
}

struct turn {
	bide_lock *lock;
	int number;
};

static int last_number;

static int take_turn(void *arg)
{
	struct turn *turn = arg;
	int r = bide_lock_acquire(turn->lock);

	if (r < 0)
		return r;
	CHECK(turn->number > last_number);
	last_number = turn->number;
	CHECK_INT(bide_yield(), 0);
	return bide_lock_release(turn->lock);
}

LOOP_TEST(lock, keeps_the_order_of_many_when_some_leave)
{
	bide_lock lock = { 0 };
	int n = test_many(3000);
	bide_task **tasks = calloc((size_t)n, sizeof(bide_task *));

	CHECK_INT(bide_lock_acquire(&lock), 0);
	for (int i = 0; i < n; i++)
		tasks[i] = bide_spawn_copy(take_turn, &(struct turn){ &lock, i + 1 },
		                           sizeof(struct turn));
	settle();
	for (int i = 0; i < n; i += 3)
		CHECK_INT(bide_cancel(tasks[i]), 1);
	CHECK_INT(bide_lock_release(&lock), 0);
	for (int i = 0; i < n; i++)
		CHECK_INT(bide_join(tasks[i]), i % 3 == 0 ? -ECANCELED : 0);
	CHECK_INT(last_number, n % 3 == 1 ? n - 1 : n);
	CHECK(!bide_lock_held(&lock));
	free(tasks);
	return 0;
}

LOOP_TEST(lock, no_65536th_is_held_by_one_task)
{
	bide_lock *locks = calloc(HOLDS_MAX, sizeof *locks);
	bide_lock more = { 0 };
	bide_rwlock shared = { 0 };

	CHECK(locks != NULL);
	for (int i = 0; i < HOLDS_MAX; i++)
		CHECK_INT(i % 2 ? bide_lock_try(&locks[i]) : bide_lock_acquire(&locks[i]), 0);
	CHECK_INT(bide_lock_acquire(&more), -EOVERFLOW);
	CHECK_INT(bide_lock_try(&more), -EOVERFLOW);
	CHECK_INT(bide_rwlock_read(&shared), -EOVERFLOW);
	CHECK_INT(bide_rwlock_write(&shared), -EOVERFLOW);
	CHECK(!bide_lock_held(&more));

	CHECK_INT(bide_lock_release(&locks[7]), 0);
	CHECK_INT(bide_lock_acquire(&more), 0);
	CHECK_INT(bide_lock_try(&locks[7]), -EOVERFLOW);
	CHECK_INT(bide_lock_release(&more), 0);
	for (int i = 0; i < HOLDS_MAX; i++)
		CHECK_INT(bide_lock_release(&locks[i]), i == 7 ? -EPERM : 0);
	free(locks);
	return 0;
}

/* It must not wait either: what it would be handed it could not hold. */
LOOP_TEST(lock, of_another_task_is_not_waited_for_by_one_that_holds_its_most)
{
	bide_lock *locks = calloc(HOLDS_MAX, sizeof *locks);
	bide_lock busy = { 0 };
	bide_task *holder;

	CHECK(locks != NULL);
	holder = spawn_named("holder", hold_for_1u, &busy);
	settle();
	for (int i = 0; i < HOLDS_MAX; i++)
		CHECK_INT(bide_lock_acquire(&locks[i]), 0);
	CHECK_NOTES("holder 0");
	WITHOUT_SUSPENSION(CHECK_INT(bide_lock_acquire(&busy), -EOVERFLOW));
	for (int i = HOLDS_MAX; i-- > 0;)
		CHECK_INT(bide_lock_release(&locks[i]), 0);
	CHECK_INT(bide_join(holder), 0);
	free(locks);
	return 0;
}

/* ---- BIDE_WITH_LOCK ---- */

LOOP_TEST(with_lock, holds_the_lock_from_the_begin_to_the_end_of_the_block)
{
	bide_lock lock = { 0 };

	BIDE_WITH_LOCK(&lock) {
		CHECK(bide_lock_held(&lock));
		CHECK_INT(bide_yield(), 0);
		CHECK(bide_lock_held(&lock));
		NOTE("inside");
	}
	CHECK(!bide_lock_held(&lock));
	CHECK_NOTES("inside");
	return 0;
}

static int leave_by_return(bide_lock *lock)
{
	BIDE_WITH_LOCK(lock)
		return bide_lock_held(lock) ? 7 : 8;
	return 9;
}

static int leave_by_goto(bide_lock *lock)
{
	BIDE_WITH_LOCK(lock) {
		BIDE_WITH_LOCK(&common) {
			CHECK(bide_lock_held(lock) && bide_lock_held(&common));
			goto out;
		}
	}
	return 8;
out:
	return 7;
}

LOOP_TEST(with_lock, releases_on_every_way_out)
{
	bide_lock lock = { 0 };
	int i = 0;

	CHECK_INT(leave_by_return(&lock), 7);
	CHECK(!bide_lock_held(&lock));
	CHECK_INT(leave_by_goto(&lock), 7);
	CHECK(!bide_lock_held(&lock) && !bide_lock_held(&common));
	for (; i < 3; i++) {
		BIDE_WITH_LOCK(&lock) {
			if (i >= 1)
				continue;
			NOTE("kept %d", i);
		}
		CHECK(!bide_lock_held(&lock));
	}
	for (; i < 6; i++) {
		BIDE_WITH_LOCK(&lock) {
			if (i >= 4)
				break;
			NOTE("kept %d", i);
		}
		CHECK(!bide_lock_held(&lock));
	}
	CHECK_INT(i, 6);
	CHECK_NOTES("kept 0 · kept 3");
	return 0;
}

static int skip_in_a_cancelled_task(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	BIDE_WITH_LOCK(arg)
		NOTE("inside");
	CHECK(!bide_lock_held(arg));
	return 0;
}

LOOP_TEST(with_lock, skips_the_block_in_a_cancelled_task)
{
	bide_lock lock = { 0 };

	CHECK_INT(bide_join(spawn_named("t", skip_in_a_cancelled_task, &lock)), 0);
	CHECK_NOTES("");
	return 0;
}

static int use_block(void *arg)
{
	BIDE_WITH_LOCK(arg) {
		NOTE("%s in", my_name());
		(void)bide_sleep(1 * U);
	}
	NOTE("%s out", my_name());
	return 0;
}

LOOP_TEST(with_lock, waits_for_the_lock_and_skips_the_block_when_that_is_cut_short)
{
	bide_lock lock = { 0 };
	bide_task *tasks[3];

	tasks[0] = spawn_named("a", use_block, &lock);
	tasks[1] = spawn_named("b", use_block, &lock);
	tasks[2] = spawn_named("c", use_block, &lock);
	settle();
	CHECK_INT(bide_cancel(tasks[1]), 1);
	CHECK_INT(bide_gather(3, tasks, NULL), 0);
	CHECK_NOTES("a in · b out · a out · c in · c out");
	CHECK_INT(case_now(), 2);
	return 0;
}

LOOP_TEST(with_lock, skips_the_block_and_keeps_the_lock_where_the_task_holds_it_already)
{
	bide_lock lock = { 0 };

	CHECK_INT(bide_lock_acquire(&lock), 0);
	BIDE_WITH_LOCK(&lock)
		NOTE("inside");
	CHECK_NOTES("");
	CHECK(bide_lock_held(&lock));
	CHECK_INT(bide_lock_release(&lock), 0);

	BIDE_WITH_LOCK(&lock) {
		BIDE_WITH_LOCK(&lock)
			NOTE("inner");
		CHECK(bide_lock_held(&lock));
	}
	CHECK_NOTES("");
	CHECK(!bide_lock_held(&lock));
	return 0;
}

LOOP_TEST(with_lock, may_release_by_itself)
{
	bide_lock lock = { 0 };
	bide_task *other = NULL;

	BIDE_WITH_LOCK(&lock)
		CHECK_INT(bide_lock_release(&lock), 0);
	CHECK(!bide_lock_held(&lock));

	/* Meanwhile it has become another task's, which keeps it. */
	BIDE_WITH_LOCK(&lock) {
		CHECK_INT(bide_lock_release(&lock), 0);
		other = spawn_named("other", hold_for_1u, &lock);
		settle();
		CHECK_INT(bide_lock_try(&lock), -EBUSY);
	}
	CHECK(bide_lock_held(&lock));
	CHECK_INT(bide_join(other), 0);

	BIDE_WITH_LOCK(&lock) {
		CHECK_INT(bide_lock_release(&lock), 0);
		CHECK_INT(bide_lock_acquire(&lock), 0);
	}
	CHECK(!bide_lock_held(&lock));
	return 0;
}

static bide_lock *pick(bide_lock *lock)
{
	NOTE("picked");
	return lock;
}

LOOP_TEST(with_lock, evaluates_its_argument_once_each_time)
{
	bide_lock locks[2] = { { 0 }, { 0 } };

	for (int i = 0; i < 2; i++)
		BIDE_WITH_LOCK(pick(&locks[i]))
			CHECK(bide_lock_held(&locks[i]) && !bide_lock_held(&locks[1 - i]));
	BIDE_WITH_LOCK(pick(&locks[0]))
		BIDE_WITH_LOCK(pick(&locks[1]))
			CHECK(bide_lock_held(&locks[0]) && bide_lock_held(&locks[1]));
	CHECK_NOTES("picked · picked · picked · picked");
	CHECK(!bide_lock_held(&locks[0]) && !bide_lock_held(&locks[1]));
	return 0;
}

static int leave_both(bide_lock *a, bide_lock *b)
{
	int n = 0;

	BIDE_WITH_LOCK(a) {
		CHECK(!bide_lock_held(b));
		n++;
	}
	BIDE_WITH_LOCK(b) {
		CHECK(!bide_lock_held(a));
		n++;
	}
	if (n == 2)
		BIDE_WITH_LOCK(a)
			n++;
	else
		n = 0;
	return n;
}

LOOP_TEST(with_lock, may_stand_in_one_function_several_times)
{
	bide_lock a = { 0 }, b = { 0 };

	CHECK_INT(leave_both(&a, &b), 3);
	CHECK(!bide_lock_held(&a) && !bide_lock_held(&b));
	return 0;
}
