/* SPDX-License-Identifier: MIT */

/* test_to_thread.c - where and when a call on the pool runs, and what it may do there */
#include "call_test.h"

#include <limits.h>
#include <poll.h>

/* ---- one call ---- */

struct place {
	pthread_t thread;
	bide_loop *loop;
	bide_task *task;
	int result;
};

static int note_place(void *arg)
{
	struct place *place = arg;

	place->thread = pthread_self();
	place->loop = bide_loop_current();
	place->task = bide_self();
	return place->result;
}

CALL_TEST(to_thread, runs_the_function_elsewhere_and_gives_its_result)
{
	static const int results[] = { INT_MIN, -ECANCELED, -EPERM, -1, 0, 7, INT_MAX };

	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		struct place place = { .result = results[i] };

		CHECK_INT(bide_to_thread(note_place, &place), results[i]);
		CHECK(!pthread_equal(place.thread, pthread_self()));
		CHECK(place.loop == NULL && place.task == NULL);
		CHECK_INT(bide_to_thread_abandon(note_place, &place), results[i]);
		CHECK(!pthread_equal(place.thread, pthread_self()));
		CHECK_INT(bide_checkpoint(), 0);
	}
	return 0;
}

/* The call ends only when another task has let it go. */
CALL_TEST(to_thread, lets_the_other_tasks_go_on)
{
	struct call call;
	bide_task *task = spawn_held(&call, 3);

	for (int i = 0; i < 100; i++)
		CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_sleep(1), 0);
	CHECK(!call.has_returned);
	let_go(&call);
	CHECK_INT(bide_join(task), 3);
	return 0;
}

TEST(to_thread, outside_of_a_loop_gives_eperm_and_runs_nothing)
{
	CHECK_INT(bide_to_thread(never, NULL), -EPERM);
	CHECK_INT(bide_to_thread_abandon(never, NULL), -EPERM);
}

/* ---- how many, and in which order ---- */

#define CALLS 12

/* Lets the calls go one by one: each makes room for the next one in the queue. */
static int check_order(int thread_max)
{
	struct call calls[CALLS];
	bide_task *tasks[CALLS];
	int results[CALLS];

	for (int i = 0; i < CALLS; i++)
		tasks[i] = spawn_queued(&calls[i], i);
	for (int i = 0; i < thread_max; i++)
		MEET(&calls[i].has_begun);
	for (int i = 0; i < CALLS; i++) {
		CHECK_INT(atomic_load(&turns), i + thread_max < CALLS ? i + thread_max : CALLS);
		let_go(&calls[i]);
		if (i + thread_max < CALLS)
			MEET(&calls[i + thread_max].has_begun);
	}
	CHECK_INT(bide_gather(CALLS, tasks, results), 0);
	for (int i = 0; i < CALLS; i++) {
		CHECK_INT(results[i], i);
		CHECK(i < thread_max || calls[i].turn == i + 1);
	}
	return 0;
}

CALL_TEST(to_thread, runs_as_many_calls_at_a_time_as_it_may_and_the_rest_in_order, .max_threads = 3)
{
	return check_order(3);
}

CALL_TEST(to_thread, of_one_thread_runs_one_call_after_the_other, .max_threads = 1)
{
	return check_order(1);
}

CALL_TEST(to_thread, of_many_threads_starts_no_more_than_are_needed, .max_threads = 1000)
{
	struct call calls[3];
	bide_task *tasks[3];

	for (int i = 0; i < 3; i++)
		tasks[i] = spawn_held(&calls[i], 0);
	CHECK_INT(atomic_load(&pool_threads), 3);
	for (int i = 0; i < 3; i++)
		let_go(&calls[i]);
	return bide_gather(3, tasks, NULL);
}

/* The callers come by themselves, and by far more than there are threads. */
#define MANY test_many(3000)

static int call_twice(void *arg)
{
	struct call *call = arg;
	int r = bide_to_thread(act, call);

	CHECK_INT(r, call->result);
	return bide_to_thread(act, call);
}

static int check_many(void)
{
	struct call *calls = calloc((size_t)MANY, sizeof *calls);
	bide_task **tasks = calloc((size_t)MANY, sizeof *tasks);
	int *results = calloc((size_t)MANY, sizeof *results);

	for (int i = 0; i < MANY; i++) {
		call_init(&calls[i], i);
		tasks[i] = bide_spawn(call_twice, &calls[i]);
		CHECK(tasks[i] != NULL);
	}
	CHECK_INT(bide_gather((size_t)MANY, tasks, results), 0);
	for (int i = 0; i < MANY; i++)
		CHECK_INT(results[i], i);
	CHECK_INT(atomic_load(&turns), 2 * MANY);
	free(results);
	free(tasks);
	free(calls);
	return 0;
}

CALL_TEST(to_thread, runs_each_of_thousands_of_calls_once)
{
	return check_many();
}

CALL_TEST(to_thread, runs_each_of_thousands_of_calls_once_on_two_threads, .max_threads = 2)
{
	return check_many();
}

/* ---- the threads ---- */

/* A thread that ends as soon as it is idle, and tools that hold threads, tell nothing. */
static bool threads_stay(void)
{
#ifdef BIDE_HOSTILE
	return false;
#else
	return getenv("BIDE_TEST_SLOW") == NULL;
#endif
}

CALL_TEST(to_thread, takes_a_thread_that_is_idle)
{
	struct call first, call;

	if (!threads_stay())
		return 0;
	call_init(&first, 1);
	call_init(&call, 2);
	CHECK_INT(bide_to_thread(act, &first), 1);
	for (int i = 0; i < 100; i++) {
		until_asleep(first.thread);
		CHECK_INT(bide_to_thread(act, &call), 2);
		CHECK_INT(call.thread, first.thread);
	}
	CHECK_INT(atomic_load(&pool_threads), 1);
	return 0;
}

CALL_TEST(to_thread, takes_the_thread_that_became_idle_last)
{
	struct call calls[3], call;
	bide_task *tasks[3];

	if (!threads_stay())
		return 0;
	for (int i = 0; i < 3; i++)
		tasks[i] = spawn_held(&calls[i], i);
	for (int i = 0; i < 3; i++) {
		let_go(&calls[i]);
		CHECK_INT(bide_join(tasks[i]), i);
		until_asleep(calls[i].thread);
	}
	call_init(&call, 2);
	for (int i = 0; i < 10; i++) {
		CHECK_INT(bide_to_thread(act, &call), 2);
		CHECK_INT(call.thread, calls[2].thread);
		until_asleep(call.thread);
	}
	return 0;
}

/* ---- the loop meanwhile ---- */

#define TICKS 20
#define PERIOD (10 * MS)

static bide_time lateness[TICKS];

static int tick(void *arg)
{
	(void)arg;
	for (int i = 0; i < TICKS; i++) {
		bide_time due = bide_now() + PERIOD;

		CHECK_INT(bide_sleep_until(due), 0);
		lateness[i] = bide_now() - due;
	}
	return 0;
}

static int compare_times(const void *a, const void *b)
{
	bide_time one = *(const bide_time *)a;
	bide_time two = *(const bide_time *)b;

	return (one > two) - (one < two);
}

#define BLOCKED 64

/* Half of the ticks may be late by whatever else the machine does. */
CALL_TEST(to_thread, holds_up_no_timer_while_64_calls_block, .max_threads = BLOCKED)
{
	static struct call calls[BLOCKED];
	bide_task *tasks[BLOCKED];
	bide_task *ticker;

	for (int i = 0; i < BLOCKED; i++)
		tasks[i] = spawn_held(&calls[i], 0);
	ticker = bide_spawn(tick, NULL);
	CHECK_INT(bide_join(ticker), 0);
	for (int i = 0; i < BLOCKED; i++)
		CHECK(!bide_done(tasks[i]));
	qsort(lateness, TICKS, sizeof lateness[0], compare_times);
	CHECK(lateness[0] >= 0);
	CHECK(lateness[TICKS / 2] < (bide_time)(5 * MS * test_timeout_scale()));
	for (int i = 0; i < BLOCKED; i++)
		let_go(&calls[i]);
	return bide_gather(BLOCKED, tasks, NULL);
}

static int return_when_asleep(void *arg)
{
	count_thread();
	until_asleep(INT(arg));
	return 0;
}

static int sleep_and_tell(void *arg)
{
	CHECK_INT(bide_sleep(BIDE_NANOSECOND), 0);
	*(bool *)arg = true;
	return 0;
}

/* The call ends when the loop has nothing left to do but to wait for it. */
CALL_TEST(to_thread, stops_a_virtual_clock, .flags = BIDE_VIRTUAL_CLOCK)
{
	bool has_slept = false;
	bide_task *task = bide_spawn(sleep_and_tell, &has_slept);

	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_to_thread(return_when_asleep, ARG(thread_id())), 0);
	CHECK_INT(bide_now(), 0);
	CHECK(!has_slept);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(bide_now(), 1);
	return 0;
}

static bide_lock lock;

static int call_under_lock(void *arg)
{
	int r = bide_lock_acquire(&lock);

	CHECK_INT(r, 0);
	r = bide_to_thread(return_when_asleep, arg);
	CHECK_INT(bide_lock_release(&lock), 0);
	return r;
}

/* Main waits for a task, that one for a lock, and its owner for the pool. */
CALL_TEST(to_thread, is_no_deadlock_for_those_who_wait_for_the_caller)
{
	bide_task *tasks[3];

	for (int i = 0; i < 3; i++)
		tasks[i] = bide_spawn(call_under_lock, ARG(thread_id()));
	return bide_gather(3, tasks, NULL);
}

/* ---- a loop in pieces ---- */

static bide_task *kept;
static struct call kept_call;

static int leave_a_call(void *arg)
{
	(void)arg;
	kept = spawn_held(&kept_call, 6);
	return 0;
}

static int join_kept(void *arg)
{
	(void)arg;
	return bide_join(kept);
}

/* The call ends while nobody runs the loop. */
TEST(to_thread, may_end_between_two_runs_of_its_loop)
{
	bide_loop *loop = bide_loop_new(NULL);

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, leave_a_call, NULL), 0);
	let_go(&kept_call);
	if (getenv("BIDE_TEST_SLOW") == NULL)
		until_asleep(kept_call.thread);
	CHECK_INT(bide_loop_run(loop, join_kept, NULL), 6);
	CHECK_INT(bide_loop_close(loop), 0);
	CHECK_INT(atomic_load(&pool_threads), 0);
}

TEST(to_thread, makes_the_descriptor_of_an_embedded_loop_readable)
{
	bide_loop *loop = bide_loop_new(NULL);
	struct pollfd entry = { .events = POLLIN };

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, leave_a_call, NULL), 0);
	while (bide_loop_timeout(loop) == 0)
		CHECK_INT(bide_loop_step(loop), 1);
	CHECK(bide_loop_timeout(loop) == BIDE_FOREVER);
	let_go(&kept_call);
	entry.fd = bide_loop_fd(loop);
	while (!kept_call.has_returned) {
		CHECK_INT(poll(&entry, 1, -1), 1);
		CHECK(bide_loop_step(loop) >= 0);
	}
	CHECK_INT(bide_loop_run(loop, join_kept, NULL), 6);
	CHECK_INT(bide_loop_close(loop), 0);
}

/* ---- several pools ---- */

static int run_many_calls(void *arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++) {
		struct place place = { .result = i };

		CHECK_INT(bide_to_thread(note_place, &place), i);
		CHECK(!pthread_equal(place.thread, pthread_self()));
	}
	return 0;
}

static int run_many_callers(void *arg)
{
	bide_task *tasks[20];

	for (int i = 0; i < 20; i++)
		tasks[i] = bide_spawn(run_many_calls, arg);
	return bide_gather(20, tasks, NULL);
}

TEST(to_thread, has_a_pool_for_each_loop)
{
	bide_thread *threads[4];

	for (unsigned i = 0; i < 4; i++)
		threads[i] = start_with(&(bide_options){ .max_threads = i + 1 }, run_many_callers,
		                        NULL);
	for (int i = 0; i < 4; i++)
		CHECK_INT(bide_thread_join(threads[i]), 0);
}

static int call_in_own_loop(void *arg)
{
	count_thread();
	return bide_run(make_call, arg);
}

/* A call's thread is a plain thread, which may have a loop, and that one a pool. */
CALL_TEST(to_thread, may_run_a_loop_of_its_own_there)
{
	struct call call;

	call_init(&call, 8);
	let_go(&call);
	CHECK_INT(bide_to_thread(call_in_own_loop, &call), 8);
	CHECK(call.thread != 0 && call.thread != thread_id());
	return 0;
}
