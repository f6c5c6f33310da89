/* SPDX-License-Identifier: MIT */

/*
 * fault_pool.c - memory and threads run out under calls on the pool and shared objects
 *
 * A call that cannot be made says so, and its function is not run; one that was
 * accepted runs once, whatever fails after.
 */
#include "fault.h"

#include <semaphore.h>
#include <stdatomic.h>

static bool is_shortage(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -EAGAIN || r == -ENOSPC;
}

static atomic_int run_count;

static int count_run(void *arg)
{
	(void)arg;
	atomic_fetch_add(&run_count, 1);
	return 5;
}

/* Returns 0, or why the call was not made. */
static int call(int (*to_thread)(bide_fn *fn, void *arg))
{
	int before = atomic_load(&run_count);
	int r = to_thread(count_run, NULL);

	CHECK(r == 5 || is_shortage(r));
	CHECK_INT(atomic_load(&run_count), before + (r == 5));
	return r == 5 ? 0 : r;
}

static int first_failure(int one, int two)
{
	return one < 0 ? one : two;
}

/* ---- one call after the other ---- */

static int call_in_turn(void *arg)
{
	int r = 0;

	(void)arg;
	for (int i = 0; i < 3; i++) {
		r = first_failure(r, call(bide_to_thread));
		r = first_failure(r, call(bide_to_thread_abandon));
	}
	return r;
}

static int run_in_turn(void)
{
	const bide_options options = { .backend = BIDE_BACKEND_EPOLL, .max_threads = 2 };

	return bide_run_with(&options, call_in_turn, NULL);
}
FAULT_SWEEP(to_thread, that_cannot_be_made_says_so_and_runs_nothing, run_in_turn)

static int call_with_fault(void *arg)
{
	int r;

	bide__fault_arm(*(long *)arg);
	r = bide_to_thread(count_run, NULL);
	return bide__fault_fired() ? r : -ENODATA;
}

/* One of the failures is that of the thread's start; nothing but the call is hit. */
TEST(to_thread, for_which_no_thread_can_be_started_gives_eagain)
{
	bool was_seen = false;
	int r = 0;

	for (long nth = 1; r != -ENODATA; nth++) {
		int before = atomic_load(&run_count);

		r = bide_run(call_with_fault, &nth);
		bide__fault_arm(0);
		CHECK(r == 5 || r == -ENODATA || is_shortage(r));
		CHECK_INT(atomic_load(&run_count), before + !is_shortage(r));
		was_seen |= r == -EAGAIN;
	}
	CHECK(was_seen);
}

/* ---- several at once ---- */

static sem_t has_begun, go_on;

static int hold(void *arg)
{
	(void)arg;
	atomic_fetch_add(&run_count, 1);
	sem_post(&has_begun);
	while (sem_wait(&go_on) != 0)
		CHECK_INT(errno, EINTR);
	return 6;
}

static int call_held(void *arg)
{
	int r = bide_to_thread(hold, arg);

	CHECK(r == 6 || is_shortage(r));
	return r == 6 ? 0 : r;
}

#define CALLERS 4

/*
 * Where no further thread can be started the calls wait for those there are; only
 * where there is none at all they fail.
 */
static int call_at_once(void *arg)
{
	bide_task *tasks[CALLERS];
	int spawned = 0;
	int r = 0;

	for (int i = 0; i < CALLERS; i++) {
		tasks[spawned] = bide_spawn(call_held, arg);
		if (tasks[spawned] == NULL)
			r = -ENOMEM;
		else
			spawned++;
		sem_post(&go_on);
	}
	for (int i = 0; i < spawned; i++)
		r = first_failure(r, bide_join(tasks[i]));
	return r;
}

static int run_at_once(void)
{
	const bide_options options = { .backend = BIDE_BACKEND_EPOLL, .max_threads = 3 };

	CHECK_INT(sem_init(&has_begun, 0, 0), 0);
	CHECK_INT(sem_init(&go_on, 0, 0), 0);
	return bide_run_with(&options, call_at_once, NULL);
}
FAULT_SWEEP(to_thread, of_several_tasks_ends_whatever_fails, run_at_once)

/* One call is out, its thread held; a second one finds no thread of its own. */
static int call_behind_another(void *arg)
{
	bide_task *first = bide_spawn(call_held, arg);
	bide_task *second;
	int r;

	if (first == NULL)
		return -ENOMEM;
	if (bide_yield() < 0 || bide_done(first))
		return bide_join(first);
	while (sem_wait(&has_begun) != 0)
		CHECK_INT(errno, EINTR);
	bide__fault_arm(1);
	r = bide_to_thread_abandon(count_run, NULL);
	CHECK(bide__fault_fired());
	CHECK_INT(r, -ENOMEM);
	second = bide_spawn(call_held, arg);
	CHECK(second != NULL);
	sem_post(&go_on);
	sem_post(&go_on);
	r = bide_join(first);
	return first_failure(r, bide_join(second));
}

/* The first thing that a call which may be abandoned needs is memory of its own. */
TEST(to_thread, that_finds_no_memory_leaves_those_that_are_out)
{
	CHECK_INT(sem_init(&has_begun, 0, 0), 0);
	CHECK_INT(sem_init(&go_on, 0, 0), 0);
	CHECK_INT(bide_run(call_behind_another, NULL), 0);
	CHECK_INT(atomic_load(&run_count), 2);
}

static int hold_to_be_left(void *arg)
{
	(void)arg;
	return bide_to_thread_abandon(hold, NULL);
}

/* The only thread is lost, and no other one can be started for those in the queue. */
static int abandon_before_others(void *arg)
{
	bide_task *first = bide_spawn(hold_to_be_left, arg);
	bide_task *others[2];

	CHECK(first != NULL && bide_yield() == 0);
	while (sem_wait(&has_begun) != 0)
		CHECK_INT(errno, EINTR);
	for (int i = 0; i < 2; i++)
		CHECK((others[i] = bide_spawn(call_held, arg)) != NULL);
	CHECK_INT(bide_yield(), 0);
	bide__fault_arm(1);
	CHECK_INT(bide_cancel(first), 1);
	CHECK(bide__fault_fired());
	CHECK_INT(bide_join(first), -ECANCELED);
	for (int i = 0; i < 2; i++)
		CHECK_INT(bide_join(others[i]), -EAGAIN);
	sem_post(&go_on);
	return 0;
}

TEST(to_thread, behind_one_that_is_abandoned_is_told_where_no_thread_can_be_started)
{
	const bide_options options = { .max_threads = 1 };

	CHECK_INT(sem_init(&has_begun, 0, 0), 0);
	CHECK_INT(sem_init(&go_on, 0, 0), 0);
	CHECK_INT(bide_run_with(&options, abandon_before_others, NULL), 0);
	CHECK_INT(atomic_load(&run_count), 1);
}

/* ---- values, and what a call defers ---- */

static bide_local key;

static void count_deferred(void *arg)
{
	(*(int *)arg)++;
}

struct defer {
	int deferred_count;     /* how many were accepted */
	int run_count;          /* how many have run */
};

static int defer_once(void *arg)
{
	struct defer *defer = arg;
	int r = bide_defer(count_deferred, &defer->run_count);

	CHECK(bide_local_get(&key) == &key);
	CHECK(r == 0 || r == -ENOMEM);
	defer->deferred_count += r == 0;
	return r;
}

static int call_and_defer(void *arg)
{
	int r = bide_local_set(&key, &key);

	if (r < 0)
		return r;
	r = bide_to_thread(defer_once, arg);
	return first_failure(r, bide_to_thread(defer_once, arg));
}

static int spawn_deferring(void *arg)
{
	bide_task *task = bide_spawn(call_and_defer, arg);

	return task != NULL ? bide_join(task) : -ENOMEM;
}

static int run_deferring(void)
{
	struct defer defer = { .deferred_count = 0 };
	int r = bide_run(spawn_deferring, &defer);

	CHECK_INT(defer.run_count, defer.deferred_count);
	return r;
}
FAULT_SWEEP(to_thread, runs_what_was_deferred_in_it_and_nothing_else, run_deferring)

static int get_value(void *arg)
{
	(void)arg;
	return bide_local_get(&key) == &key ? 0 : -EIO;
}

static int call_with_values(void *arg)
{
	int r = bide_local_set(&key, &key);

	(void)arg;
	if (r == 0)
		r = bide_to_thread_abandon(get_value, NULL);
	CHECK(r == 0 || is_shortage(r));
	return r;
}

static int run_with_values(void)
{
	return bide_run(call_with_values, NULL);
}
FAULT_SWEEP(to_thread, that_may_be_abandoned_has_all_values_or_is_not_made, run_with_values)

/* ---- shared queues and futures ---- */

#define ITEMS 300

/* On a plain thread, which needs no memory to wait. */
static int fill_and_empty(void)
{
	bide_queue *queue = bide_queue_new_shared(sizeof(int), 0);
	int lost = -1;
	int got;

	if (queue == NULL)
		return -errno;
	for (int i = 0; i < ITEMS; i++) {
		int r = bide_queue_put(queue, &i);

		if (r == 0)
			continue;
		CHECK_INT(r, -ENOMEM);
		CHECK_INT(lost, -1);
		lost = i;
	}
	for (int i = 0; i < ITEMS; i++)
		if (i != lost) {
			CHECK_INT(bide_queue_get(queue, &got), 0);
			CHECK_INT(got, i);
			CHECK_INT(bide_queue_task_done(queue), 0);
		}
	CHECK_INT(bide_queue_join(queue), 0);
	CHECK_INT(bide_queue_try_get(queue, &got), -EAGAIN);
	bide_queue_free(queue);
	return lost < 0 ? 0 : -ENOMEM;
}
FAULT_SWEEP(queue_shared, a_put_that_finds_no_memory_loses_nothing, fill_and_empty)

#define CASES 20

static int put_three(void *arg)
{
	int r = bide_queue_put(arg, &(int){ 3 });

	/* The one fault of the sweep is over. */
	return r < 0 ? bide_queue_put(arg, &(int){ 3 }) : r;
}

/* Where memory for the wait was missing nothing has changed: another try gets the item. */
static int choose(bide_queue *queue)
{
	bide_task *task = bide_spawn(put_three, queue);
	bide_case cases[CASES] = { { .queue = NULL } };
	bool has_failed;
	int item = 0;
	int r;

	if (task == NULL)
		return -ENOMEM;
	for (int i = 0; i < CASES; i++)
		cases[i] = (bide_case){ .queue = queue, .item = &item, .op = BIDE_GET };
	r = (int)bide_select(CASES, cases, BIDE_SECOND);
	has_failed = r == -ENOMEM;
	if (has_failed) {
		CHECK_INT(item, 0);
		r = (int)bide_select(CASES, cases, BIDE_SECOND);
	}
	/* It may have found no stack. */
	if (bide_join(task) < 0) {
		CHECK_INT(r, -ETIMEDOUT);
		return -ENOMEM;
	}
	CHECK(r >= 0);
	CHECK_INT(item, 3);
	return has_failed ? -ENOMEM : 0;
}

static int choose_among_shared(void *arg)
{
	bide_queue *queue = bide_queue_new_shared(sizeof(int), 1);
	int r = queue != NULL ? choose(queue) : -ENOMEM;

	(void)arg;
	bide_queue_free(queue);
	return r;
}

static int run_choice(void)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	return bide_run_with(&options, choose_among_shared, NULL);
}
FAULT_SWEEP(select_shared, that_finds_no_memory_to_wait_leaves_its_queues, run_choice)

static bide_future future;

static int wait_here(void *arg)
{
	(void)arg;
	return bide_future_wait(&future, NULL);
}

static int set_there(void *arg)
{
	(void)arg;
	return bide_future_set(&future, 4, NULL);
}

/* What was promised comes, also where the message that tells of it finds no memory. */
static int wait_and_set(void *arg)
{
	bide_task *task;
	int r, result;

	(void)arg;
	future = (bide_future){ 0 };
	task = bide_spawn(wait_here, NULL);
	if (task == NULL)
		return -ENOMEM;
	r = bide_to_thread(set_there, NULL);
	if (r < 0)
		CHECK_INT(bide_future_set(&future, 4, NULL), 0);
	result = bide_join(task);
	/* It may have found no stack. */
	CHECK(result == 4 || result == -ENOMEM);
	return result == 4 ? r : result;
}

static int run_future(void)
{
	return bide_run(wait_and_set, NULL);
}
FAULT_SWEEP(future, that_was_set_by_another_thread_wakes_who_waits, run_future)
