/* SPDX-License-Identifier: MIT */

/* test_rwlock.c - many readers or one writer; how a task ends with one: test_lock_end.c */
#include "sync_test.h"

#include <bide.h>

/* One lock, fresh in each test's own process. */
static bide_rwlock lock;

/* What readers and writers do with it: acquire, note, hold for so many u, release. */
static int hold(int r, void *arg)
{
	NOTE("%s %s", my_name(), ERR(r));
	if (r < 0)
		return r;
	if (INT(arg) > 0)
		(void)bide_sleep(INT(arg) * U);
	CHECK_INT(bide_rwlock_release(&lock), 0);
	return 0;
}

static int read_and_hold(void *arg)
{
	return hold(bide_rwlock_read(&lock), arg);
}

static int write_and_hold(void *arg)
{
	return hold(bide_rwlock_write(&lock), arg);
}

static bide_task *spawn_reader(const char *name, int hold_u)
{
	bide_task *task = spawn_named(name, read_and_hold, ARG(hold_u));

	settle();
	return task;
}

static bide_task *spawn_writer(const char *name, int hold_u)
{
	bide_task *task = spawn_named(name, write_and_hold, ARG(hold_u));

	settle();
	return task;
}

/* Nobody holds it, and nobody waits. */
static void check_is_free(void)
{
	WITHOUT_SUSPENSION({
		CHECK_INT(bide_rwlock_write(&lock), 0);
		CHECK_INT(bide_rwlock_release(&lock), 0);
	});
}

LOOP_TEST(rwlock, is_free_when_its_bytes_are_zero)
{
	bide_rwlock *heap = calloc(1, sizeof *heap);

	check_is_free();
	CHECK(heap != NULL);
	WITHOUT_SUSPENSION({
		CHECK_INT(bide_rwlock_read(heap), 0);
		CHECK_INT(bide_rwlock_write(&lock), 0);
		CHECK_INT(bide_rwlock_release(heap), 0);
		CHECK_INT(bide_rwlock_release(&lock), 0);
	});
	free(heap);
	check_is_free();
	return 0;
}

TEST(rwlock, is_nobodys_outside_of_a_loop)
{
	CHECK_INT(bide_rwlock_read(&lock), -EPERM);
	CHECK_INT(bide_rwlock_write(&lock), -EPERM);
	CHECK_INT(bide_rwlock_release(&lock), -EPERM);
}

LOOP_TEST(rwlock, is_shared_by_readers)
{
	bide_task *tasks[3];

	tasks[0] = spawn_reader("a", 3);
	tasks[1] = spawn_reader("b", 1);
	tasks[2] = spawn_reader("c", 2);
	CHECK_NOTES("a 0 · b 0 · c 0");
	WITHOUT_SUSPENSION({
		CHECK_INT(bide_rwlock_read(&lock), 0);
		CHECK_INT(bide_rwlock_release(&lock), 0);
	});
	CHECK_INT(bide_gather(3, tasks, NULL), 0);
	CHECK_INT(case_now(), 3);
	check_is_free();
	return 0;
}

LOOP_TEST(rwlock, goes_to_a_writer_when_the_last_reader_has_released_it)
{
	bide_task *tasks[4];

	tasks[0] = spawn_reader("a", 3);
	tasks[1] = spawn_reader("b", 1);
	tasks[2] = spawn_reader("c", 2);
	tasks[3] = spawn_writer("w", 1);
	CHECK_NOTES("a 0 · b 0 · c 0");
	CHECK_INT(bide_sleep(2 * U + U / 2), 0);
	CHECK_NOTES("");
	CHECK_INT(bide_gather(4, tasks, NULL), 0);
	CHECK_NOTES("w 0");
	CHECK_INT(case_now(), 4);
	check_is_free();
	return 0;
}

LOOP_TEST(rwlock, held_by_a_writer_excludes_everybody)
{
	bide_task *tasks[3];

	tasks[0] = spawn_writer("w1", 1);
	tasks[1] = spawn_writer("w2", 1);
	tasks[2] = spawn_reader("r", 1);
	CHECK_NOTES("w1 0");
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_NOTES("w2 0");
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_NOTES("r 0");
	CHECK_INT(bide_gather(3, tasks, NULL), 0);
	return 0;
}

LOOP_TEST(rwlock, lets_no_reader_overtake_a_waiting_writer)
{
	bide_task *tasks[4];

	tasks[0] = spawn_reader("r1", 1);
	tasks[1] = spawn_writer("w", 1);
	tasks[2] = spawn_reader("r2", 1);
	tasks[3] = spawn_reader("r3", 1);
	CHECK_NOTES("r1 0");
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_NOTES("w 0");
	CHECK_INT(bide_gather(4, tasks, NULL), 0);
	CHECK_NOTES("r2 0 · r3 0");
	CHECK_INT(case_now(), 3);
	return 0;
}

LOOP_TEST(rwlock, is_handed_over_to_a_run_of_readers_up_to_the_next_writer)
{
	bide_task *tasks[6];

	tasks[0] = spawn_writer("w1", 1);
	tasks[1] = spawn_reader("r1", 1);
	tasks[2] = spawn_reader("r2", 2);
	tasks[3] = spawn_writer("w2", 1);
	tasks[4] = spawn_reader("r3", 1);
	tasks[5] = spawn_writer("w3", 1);
	CHECK_NOTES("w1 0");
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_NOTES("r1 0 · r2 0");
	CHECK_INT(bide_sleep(2 * U), 0);
	CHECK_NOTES("w2 0");
	CHECK_INT(bide_gather(6, tasks, NULL), 0);
	CHECK_NOTES("r3 0 · w3 0");
	CHECK_INT(case_now(), 6);
	check_is_free();
	return 0;
}

/* What was handed over is held, though the one who was given it has yet to run. */
LOOP_TEST(rwlock, is_not_overtaken_by_who_releases_it_and_comes_again)
{
	bide_task *tasks[2];

	CHECK_INT(bide_rwlock_write(&lock), 0);
	tasks[0] = spawn_writer("w", 1);
	CHECK_INT(bide_rwlock_release(&lock), 0);
	CHECK_INT(bide_rwlock_release(&lock), -EPERM);
	CHECK_INT(bide_rwlock_read(&lock), 0);
	CHECK_NOTES("w 0");
	CHECK_INT(case_now(), 1);

	tasks[1] = spawn_writer("w", 1);
	CHECK_INT(bide_rwlock_release(&lock), 0);
	CHECK_INT(bide_rwlock_write(&lock), 0);
	CHECK_NOTES("w 0");
	CHECK_INT(case_now(), 2);
	CHECK_INT(bide_rwlock_release(&lock), 0);
	CHECK_INT(bide_gather(2, tasks, NULL), 0);
	return 0;
}

LOOP_TEST(rwlock, that_was_handed_to_readers_is_shared_by_one_who_comes_before_they_run)
{
	bide_task *task;

	CHECK_INT(bide_rwlock_write(&lock), 0);
	task = spawn_reader("r", 1);
	CHECK_INT(bide_rwlock_release(&lock), 0);
	CHECK_INT(bide_rwlock_read(&lock), 0);
	CHECK_NOTES("");
	CHECK_INT(bide_rwlock_release(&lock), 0);
	CHECK_INT(bide_join(task), 0);
	return 0;
}

/* ---- who holds it ---- */

LOOP_TEST(rwlock, is_neither_recursive_nor_changed_from_one_way_to_the_other)
{
	CHECK_INT(bide_rwlock_read(&lock), 0);
	WITHOUT_SUSPENSION({
		CHECK_INT(bide_rwlock_read(&lock), -EDEADLK);
		CHECK_INT(bide_rwlock_write(&lock), -EDEADLK);
	});
	CHECK_INT(bide_rwlock_release(&lock), 0);
	CHECK_INT(bide_rwlock_release(&lock), -EPERM);

	CHECK_INT(bide_rwlock_write(&lock), 0);
	WITHOUT_SUSPENSION({
		CHECK_INT(bide_rwlock_read(&lock), -EDEADLK);
		CHECK_INT(bide_rwlock_write(&lock), -EDEADLK);
	});
	CHECK_INT(bide_rwlock_release(&lock), 0);
	CHECK_INT(bide_rwlock_release(&lock), -EPERM);
	check_is_free();
	return 0;
}

LOOP_TEST(rwlock, tells_a_reader_that_it_holds_the_lock_also_while_others_do_or_wait)
{
	bide_task *tasks[3];

	CHECK_INT(bide_rwlock_read(&lock), 0);
	tasks[0] = spawn_reader("r1", 1);
	CHECK_INT(bide_rwlock_read(&lock), -EDEADLK);
	tasks[1] = spawn_writer("w", 1);
	tasks[2] = spawn_reader("r2", 1);
	CHECK_INT(bide_rwlock_read(&lock), -EDEADLK);
	CHECK_INT(bide_rwlock_write(&lock), -EDEADLK);
	CHECK_INT(bide_rwlock_release(&lock), 0);
	CHECK_INT(bide_gather(3, tasks, NULL), 0);
	CHECK_NOTES("r1 0 · w 0 · r2 0");
	return 0;
}

static int release_it(void *arg)
{
	(void)arg;
	return bide_rwlock_release(&lock);
}

LOOP_TEST(rwlock, is_released_only_by_who_holds_it)
{
	bide_task *tasks[2];

	CHECK_INT(bide_rwlock_release(&lock), -EPERM);
	tasks[0] = spawn_reader("r", 1);
	CHECK_INT(bide_rwlock_release(&lock), -EPERM);
	tasks[1] = spawn_writer("w", 1);
	CHECK_INT(bide_rwlock_release(&lock), -EPERM);
	CHECK_INT(bide_join(tasks[0]), 0);
	CHECK_INT(bide_rwlock_release(&lock), -EPERM);
	CHECK_INT(bide_join(tasks[1]), 0);

	CHECK_INT(bide_rwlock_read(&lock), 0);
	CHECK_INT(bide_join(spawn_named("thief", release_it, NULL)), -EPERM);
	CHECK_INT(bide_rwlock_release(&lock), 0);
	CHECK_INT(bide_rwlock_write(&lock), 0);
	CHECK_INT(bide_join(spawn_named("thief", release_it, NULL)), -EPERM);
	CHECK_INT(bide_rwlock_release(&lock), 0);
	return 0;
}

LOOP_TEST(rwlock, is_not_released_by_who_holds_another_one)
{
	bide_rwlock other = { 0 };
	bide_lock plain = { 0 };
	bide_task *reader = spawn_reader("r", 1);

	CHECK_INT(bide_lock_acquire(&plain), 0);
	CHECK_INT(bide_rwlock_read(&other), 0);
	CHECK_INT(bide_rwlock_release(&lock), -EPERM);
	CHECK_INT(bide_rwlock_release(&other), 0);
	CHECK_INT(bide_rwlock_write(&other), 0);
	CHECK_INT(bide_rwlock_release(&lock), -EPERM);
	CHECK_INT(bide_rwlock_release(&other), 0);
	CHECK_INT(bide_rwlock_release(&other), -EPERM);
	CHECK_INT(bide_lock_release(&plain), 0);
	CHECK_INT(bide_join(reader), 0);
	CHECK_NOTES("r 0");
	check_is_free();
	return 0;
}

/* Released in another order than acquired, half for reading and half for writing. */
LOOP_TEST(rwlock, may_be_one_of_many_that_a_task_holds)
{
	enum {
		N = 100
	};
	bide_rwlock *locks = calloc(N, sizeof *locks);

	CHECK(locks != NULL);
	for (int i = 0; i < N; i++)
		CHECK_INT(i % 2 ? bide_rwlock_read(&locks[i]) : bide_rwlock_write(&locks[i]), 0);
	for (int i = 0; i < N; i++) {
		int k = i * 37 % N;

		CHECK_INT(bide_rwlock_read(&locks[k]), -EDEADLK);
		CHECK_INT(bide_rwlock_release(&locks[k]), 0);
		CHECK_INT(bide_rwlock_release(&locks[k]), -EPERM);
	}
	free(locks);
	return 0;
}

/* ---- cancellation ---- */

LOOP_TEST(rwlock, lets_the_readers_behind_a_cancelled_writer_join_those_who_hold_it)
{
	bide_task *tasks[5];
	int results[5];

	tasks[0] = spawn_reader("r1", 9);
	tasks[1] = spawn_writer("w1", 1);
	tasks[2] = spawn_reader("r2", 1);
	tasks[3] = spawn_reader("r3", 1);
	tasks[4] = spawn_writer("w2", 1);
	CHECK_NOTES("r1 0");
	CHECK_INT(bide_cancel(tasks[1]), 1);
	settle();
	CHECK_NOTES("w1 -ECANCELED · r2 0 · r3 0");
	CHECK_INT(bide_gather(5, tasks, results), 0);
	CHECK_NOTES("w2 0");
	CHECK_INT(case_now(), 10);
	return 0;
}

LOOP_TEST(rwlock, is_given_to_those_readers_in_the_step_that_cancels_the_writer)
{
	bide_task *tasks[3];
	int results[3];

	tasks[0] = spawn_reader("r1", 1);
	tasks[1] = spawn_writer("w", 1);
	tasks[2] = spawn_reader("r2", 0);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	CHECK_INT(bide_cancel(tasks[2]), 1);
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_STR(case_list(3, results), "[0, -ECANCELED, 0]");
	return 0;
}

static int write_within_1u(void *arg)
{
	return bide_timeout(1 * U, write_and_hold, arg);
}

LOOP_TEST(rwlock, lets_the_readers_go_also_where_the_writer_has_run_out_of_time)
{
	bide_task *tasks[3];
	int results[3];

	tasks[0] = spawn_reader("r1", 9);
	tasks[1] = spawn_named("w", write_within_1u, ARG(1));
	settle();
	tasks[2] = spawn_reader("r2", 1);
	CHECK_INT(bide_sleep(1 * U), 0);
	CHECK_NOTES("r1 0 · w -ECANCELED · r2 0");
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_STR(case_list(3, results), "[0, -ETIMEDOUT, 0]");
	return 0;
}

LOOP_TEST(rwlock, keeps_readers_behind_the_next_writer_where_one_is_cancelled)
{
	bide_task *tasks[5];
	int results[5];

	tasks[0] = spawn_reader("r1", 1);
	tasks[1] = spawn_writer("w1", 1);
	tasks[2] = spawn_writer("w2", 1);
	tasks[3] = spawn_reader("r2", 1);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	tasks[4] = spawn_writer("w3", 1);
	CHECK_NOTES("r1 0 · w1 -ECANCELED");
	CHECK_INT(bide_gather(5, tasks, results), 0);
	CHECK_NOTES("w2 0 · r2 0 · w3 0");
	return 0;
}

LOOP_TEST(rwlock, keeps_readers_waiting_where_a_writer_holds_it_and_another_is_cancelled)
{
	bide_task *tasks[3];
	int results[3];

	tasks[0] = spawn_writer("w1", 1);
	tasks[1] = spawn_writer("w2", 1);
	tasks[2] = spawn_reader("r", 1);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	settle();
	CHECK_NOTES("w1 0 · w2 -ECANCELED");
	CHECK_INT(bide_gather(3, tasks, results), 0);
	CHECK_NOTES("r 0");
	CHECK_INT(case_now(), 2);
	return 0;
}

LOOP_TEST(rwlock, that_was_handed_over_is_held_by_who_is_cancelled_after_that)
{
	bide_task *tasks[3];

	CHECK_INT(bide_rwlock_write(&lock), 0);
	tasks[0] = spawn_reader("r1", 0);
	tasks[1] = spawn_reader("r2", 0);
	tasks[2] = spawn_writer("w", 0);
	CHECK_INT(bide_rwlock_release(&lock), 0);
	CHECK_INT(bide_cancel(tasks[0]), 1);
	CHECK_INT(bide_gather(3, tasks, NULL), 0);
	CHECK_NOTES("r1 0 · r2 0 · w 0");

	CHECK_INT(bide_rwlock_read(&lock), 0);
	tasks[0] = spawn_writer("w", 0);
	CHECK_INT(bide_rwlock_release(&lock), 0);
	CHECK_INT(bide_cancel(tasks[0]), 1);
	CHECK_INT(bide_join(tasks[0]), 0);
	CHECK_NOTES("w 0");
	check_is_free();
	return 0;
}

static int acquire_when_cancelled(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	CHECK_INT(bide_rwlock_read(&lock), -ECANCELED);
	CHECK_INT(bide_rwlock_write(&lock), -ECANCELED);
	CHECK_INT(bide_rwlock_release(&lock), -EPERM);
	return INT(arg);
}

LOOP_TEST(rwlock, that_is_free_is_not_acquired_by_a_cancelled_task)
{
	CHECK_INT(bide_join(spawn_named("t", acquire_when_cancelled, NULL)), 0);
	check_is_free();
	return 0;
}

static int read_count, write_count;

static int use_at_random(void *arg)
{
	unsigned number = (unsigned)INT(arg);
	bool is_writer = number % 3 == 0;
	int r = is_writer ? bide_rwlock_write(&lock) : bide_rwlock_read(&lock);

	if (r < 0)
		return r;
	*(is_writer ? &write_count : &read_count) += 1;
	CHECK(write_count == 0 || (write_count == 1 && read_count == 0));
	(void)bide_sleep((number * 7 % 3) * U);
	*(is_writer ? &write_count : &read_count) -= 1;
	return bide_rwlock_release(&lock);
}

LOOP_TEST(rwlock, excludes_and_ends_free_when_many_are_cancelled)
{
	bide_task *tasks[300];

	for (int i = 0; i < 300; i++)
		tasks[i] = bide_spawn(use_at_random, ARG(i));
	for (int i = 0; i < 300; i++) {
		if (i % 4 == 0)
			CHECK(bide_cancel(tasks[i]) >= 0);
		if (i % 5 == 0)
			CHECK_INT(bide_sleep(1 * U), 0);
	}
	for (int i = 0; i < 300; i++) {
		int r = bide_join(tasks[i]);

		CHECK(r == 0 || (r == -ECANCELED && i % 4 == 0));
	}
	check_is_free();
	return 0;
}
