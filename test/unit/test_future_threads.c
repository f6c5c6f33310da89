/* SPDX-License-Identifier: MIT */

/* test_future_threads.c - futures between loops and plain threads */
#include "thread_test.h"

/* A wait, by a task or by a plain thread, and what came of it. */
struct wait {
	bide_future *future;
	sem_t is_here;          /* posted before it waits */
	int result;
	void *value;
	pid_t thread;
};

static void wait_init(struct wait *wait, bide_future *future)
{
	*wait = (struct wait){ .future = future, .value = "none" };
	CHECK_INT(sem_init(&wait->is_here, 0, 0), 0);
}

static int await(void *arg)
{
	struct wait *wait = arg;

	wait->thread = thread_id();
	sem_post(&wait->is_here);
	wait->result = bide_future_wait(wait->future, &wait->value);
	return wait->result;
}

static void *await_plainly(void *arg)
{
	await(arg);
	return NULL;
}

/* When it returns the task waits. */
static bide_task *spawn_waiter(bide_thread *host, struct wait *wait, bide_future *future)
{
	bide_task *task;

	wait_init(wait, future);
	task = spawn_on(bide_thread_loop(host), await, wait);
	CHECK_INT(call_on(host, return_arg, NULL), 0);
	return task;
}

/* When it returns the thread waits, as far as that can be told. */
static pthread_t start_waiter(struct wait *wait, bide_future *future)
{
	pthread_t thread;

	wait_init(wait, future);
	thread = start_plain(await_plainly, wait);
	MEET(&wait->is_here);
	until_asleep(wait->thread);
	return thread;
}

static void check_wait(const struct wait *wait, int result, const char *value)
{
	CHECK_INT(wait->result, result);
	CHECK_STR(wait->value, value);
}

/* ---- who waits, and who sets ---- */

#define HOSTS 3
#define WAITERS 2       /* on each host, and as many plain ones */

struct audience {
	bide_thread *hosts[HOSTS];
	struct wait waits[HOSTS][WAITERS];
	bide_task *tasks[HOSTS][WAITERS];
	struct wait plain_waits[WAITERS];
	pthread_t threads[WAITERS];
};

static void audience_begin(struct audience *all, bide_future *future)
{
	for (int i = 0; i < HOSTS; i++) {
		all->hosts[i] = start_host();
		for (int k = 0; k < WAITERS; k++)
			all->tasks[i][k] = spawn_waiter(all->hosts[i], &all->waits[i][k], future);
	}
	for (int k = 0; k < WAITERS; k++)
		all->threads[k] = start_waiter(&all->plain_waits[k], future);
}

static void audience_end(struct audience *all, int result, const char *value)
{
	for (int k = 0; k < WAITERS; k++) {
		join_plain(all->threads[k]);
		check_wait(&all->plain_waits[k], result, value);
	}
	for (int i = 0; i < HOSTS; i++) {
		for (int k = 0; k < WAITERS; k++) {
			CHECK_INT(bide_join(all->tasks[i][k]), result);
			check_wait(&all->waits[i][k], result, value);
		}
		end_host(all->hosts[i]);
	}
}

TEST(future_threads, set_by_a_plain_thread_wake_tasks_of_several_loops_and_threads)
{
	static struct audience all;
	bide_future future = { 0 };

	audience_begin(&all, &future);
	CHECK(!bide_future_done(&future));
	CHECK_INT(bide_future_set(&future, 5, "five"), 0);
	CHECK(bide_future_done(&future));
	audience_end(&all, 5, "five");
}

static int set_to_failure(void *arg)
{
	return bide_future_set(arg, -EIO, "failed");
}

TEST(future_threads, set_by_a_task_wake_tasks_of_several_loops_and_threads)
{
	static struct audience all;
	bide_future future = { 0 };

	audience_begin(&all, &future);
	CHECK_INT(call_on(all.hosts[1], set_to_failure, &future), 0);
	audience_end(&all, -EIO, "failed");
}

/* Each was woken, so nothing is left of where they waited. */
TEST(future_threads, may_be_freed_as_soon_as_they_were_set)
{
	static struct audience all;

	for (int round = 0; round < 20; round++) {
		bide_future *future = calloc(1, sizeof *future);

		CHECK(future != NULL);
		audience_begin(&all, future);
		CHECK_INT(bide_future_set(future, round, "gone"), 0);
		memset(future, 0xff, sizeof *future);
		free(future);
		audience_end(&all, round, "gone");
	}
}

TEST(future_threads, that_are_set_keep_nobody_waiting)
{
	bide_future future = { 0 };
	bide_thread *host = start_host();
	struct wait wait, task_wait;

	CHECK_INT(bide_future_set(&future, 1, "one"), 0);
	CHECK_INT(bide_future_set(&future, 2, "two"), -EALREADY);
	for (int i = 0; i < 2; i++) {
		wait_init(&wait, &future);
		CHECK_INT(await(&wait), 1);
		check_wait(&wait, 1, "one");
		CHECK_INT(bide_future_wait(&future, NULL), 1);
	}
	wait_init(&task_wait, &future);
	CHECK_INT(call_on(host, await, &task_wait), 1);
	check_wait(&task_wait, 1, "one");
	end_host(host);
}

/* The first one to come waits longest, whoever sets. */
static atomic_int turns;

static int take_turn(void *arg)
{
	CHECK_INT(bide_future_wait(arg, NULL), 0);
	return atomic_fetch_add(&turns, 1);
}

TEST(future_threads, wake_the_tasks_of_a_loop_in_order_of_waiting)
{
	bide_future future = { 0 };
	bide_thread *host = start_host();
	bide_task *tasks[20];

	for (int i = 0; i < 20; i++)
		tasks[i] = spawn_on(bide_thread_loop(host), take_turn, &future);
	CHECK_INT(call_on(host, return_arg, NULL), 0);
	CHECK_INT(bide_future_set(&future, 0, NULL), 0);
	for (int i = 0; i < 20; i++)
		CHECK_INT(bide_join(tasks[i]), i);
	end_host(host);
}

/* ---- several who set ---- */

#define SETTERS 4

struct race {
	pthread_barrier_t start;
	bide_future future;
	atomic_int winner_count;
	atomic_int winner;
};

struct setter {
	struct race *race;
	int number;
};

static void *set_first(void *arg)
{
	struct setter *setter = arg;
	struct race *race = setter->race;
	int r;

	pthread_barrier_wait(&race->start);
	r = bide_future_set(&race->future, setter->number, setter);
	CHECK(r == 0 || r == -EALREADY);
	if (r == 0) {
		atomic_fetch_add(&race->winner_count, 1);
		atomic_store(&race->winner, setter->number);
	}
	CHECK(bide_future_done(&race->future));
	return NULL;
}

TEST(future_threads, keep_the_result_and_value_of_the_first_who_sets)
{
	bide_thread *host = start_host();

	for (int round = 0; round < test_many(500); round++) {
		struct race race = { .winner = -1 };
		struct setter setters[SETTERS];
		pthread_t threads[SETTERS];
		struct wait wait;
		bide_task *task;

		CHECK_INT(pthread_barrier_init(&race.start, NULL, SETTERS), 0);
		wait_init(&wait, &race.future);
		task = spawn_on(bide_thread_loop(host), await, &wait);
		for (int i = 0; i < SETTERS; i++) {
			setters[i] = (struct setter){ &race, i };
			threads[i] = start_plain(set_first, &setters[i]);
		}
		for (int i = 0; i < SETTERS; i++)
			join_plain(threads[i]);
		CHECK_INT(atomic_load(&race.winner_count), 1);
		CHECK_INT(bide_join(task), atomic_load(&race.winner));
		CHECK(wait.value == &setters[wait.result]);
		pthread_barrier_destroy(&race.start);
	}
	end_host(host);
}

/* ---- what is published ---- */

static int plain_data;

static void *set_data(void *arg)
{
	plain_data = 42;
	CHECK_INT(bide_future_set(arg, 0, &plain_data), 0);
	return NULL;
}

TEST(future_threads, that_are_done_show_what_was_written_before)
{
	bide_future future = { 0 };
	pthread_t thread = start_plain(set_data, &future);
	void *value = NULL;

	while (!bide_future_done(&future))
		sched_yield();
	CHECK_INT(plain_data, 42);
	CHECK_INT(bide_future_wait(&future, &value), 0);
	CHECK(value == &plain_data);
	join_plain(thread);
}

/* ---- races ---- */

/*
 * One thread sets futures, one after the other, each as soon as it has come to know of
 * it, while another one cancels the task that waits, or is about to wait.
 */
struct duel {
	sem_t next;             /* posted for each future */
	sem_t done;             /* posted once it was set */
	bide_future *_Atomic future;    /* NULL: there will be no more */
	int spins;              /* how long the setter hesitates */
};

static void hesitate(int spins)
{
	for (int i = 0; i < spins; i++)
		__asm__ volatile("" ::: "memory");
}

static void *set_each(void *arg)
{
	struct duel *duel = arg;

	for (;;) {
		bide_future *future;

		MEET(&duel->next);
		future = atomic_load(&duel->future);
		if (future == NULL)
			return NULL;
		hesitate(duel->spins);
		CHECK_INT(bide_future_set(future, 7, "seven"), 0);
		sem_post(&duel->done);
	}
}

static pthread_t duel_begin(struct duel *duel)
{
	*duel = (struct duel){ .spins = 0 };
	CHECK_INT(sem_init(&duel->next, 0, 0), 0);
	CHECK_INT(sem_init(&duel->done, 0, 0), 0);
	return start_plain(set_each, duel);
}

static void duel_set(struct duel *duel, bide_future *future, int round)
{
	duel->spins = round * 7919 % 3000;
	atomic_store(&duel->future, future);
	sem_post(&duel->next);
}

static void duel_end(struct duel *duel, pthread_t setter)
{
	duel_set(duel, NULL, 0);
	join_plain(setter);
}

/* Either it was set before it was cancelled, or nothing has changed. */
static void check_either(const struct wait *wait)
{
	if (wait->result == 7)
		CHECK_STR(wait->value, "seven");
	else
		check_wait(wait, -ECANCELED, "none");
}

TEST(future_race, of_set_and_cancellation_is_decided_once)
{
	bide_thread *host = start_host();
	struct duel duel;
	pthread_t setter = duel_begin(&duel);

	for (int round = 0; round < test_many(2000); round++) {
		bide_future future = { 0 };
		struct wait wait;
		bide_task *task;
		int r;

		wait_init(&wait, &future);
		task = spawn_on(bide_thread_loop(host), await, &wait);
		MEET(&wait.is_here);
		duel_set(&duel, &future, round);
		bide_cancel(task);
		r = bide_join(task);
		CHECK_INT(r, wait.result);
		check_either(&wait);
		MEET(&duel.done);
		CHECK_INT(bide_future_wait(&future, NULL), 7);
	}
	duel_end(&duel, setter);
	end_host(host);
}

struct limited {
	struct wait wait;
	bide_time limit;
	int left;               /* what bide_scope_leave() gave */
	int next;               /* what the next cancellation point gave */
};

static int await_within(void *arg)
{
	struct limited *limited = arg;
	bide_scope scope;

	bide_scope_enter(&scope, limited->limit);
	await(&limited->wait);
	limited->next = bide_checkpoint();
	limited->left = bide_scope_leave(&scope);
	return 0;
}

TEST(future_race, of_set_and_a_time_limit_is_decided_once)
{
	bide_thread *host = start_host();
	struct duel duel;
	pthread_t setter = duel_begin(&duel);

	for (int round = 0; round < test_many(2000); round++) {
		bide_future future = { 0 };
		struct limited limited = { .limit = (round % 50) * BIDE_MICROSECOND };
		bide_task *task;

		wait_init(&limited.wait, &future);
		task = spawn_on(bide_thread_loop(host), await_within, &limited);
		duel_set(&duel, &future, round);
		CHECK_INT(bide_join(task), 0);
		check_either(&limited.wait);
		if (limited.wait.result == -ECANCELED)
			CHECK_INT(limited.next, -ECANCELED);
		CHECK_INT(limited.left, limited.next == 0 ? 0 : -ETIMEDOUT);
		MEET(&duel.done);
	}
	duel_end(&duel, setter);
	end_host(host);
}

/*
 * A waiter has its future on its stack, as a request and its answer. It returns, and
 * the stack goes, while the setter may not have returned yet.
 */
static struct duel exchange;
static int exchange_round;

static int ask(void *arg)
{
	bide_future future = { 0 };
	void *value = NULL;

	(void)arg;
	duel_set(&exchange, &future, exchange_round);
	CHECK_INT(bide_future_wait(&future, &value), 7);
	CHECK_STR(value, "seven");
	memset(&future, 0xff, sizeof future);
	return 0;
}

TEST(future_race, may_end_by_freeing_it_as_soon_as_the_wait_has_returned)
{
	bide_thread *host = start_host();
	pthread_t setter = duel_begin(&exchange);

	for (exchange_round = 0; exchange_round < test_many(2000); exchange_round++) {
		if (exchange_round % 2)
			CHECK_INT(ask(NULL), 0);
		else
			CHECK_INT(call_on(host, ask, NULL), 0);
		MEET(&exchange.done);
	}
	duel_end(&exchange, setter);
	end_host(host);
}

/* ---- loops that do not run ---- */

static bide_future kept;
static bide_task *kept_task;

static int leave_a_waiter(void *arg)
{
	kept_task = bide_spawn(await, arg);
	return bide_yield();
}

static int join_waiter(void *arg)
{
	(void)arg;
	return bide_join(kept_task);
}

static void *set_kept(void *arg)
{
	CHECK_INT(bide_future_set(&kept, INT(arg), "kept"), 0);
	return NULL;
}

TEST(future_threads, set_between_two_runs_of_a_loop_are_set_in_the_next)
{
	bide_loop *loop = bide_loop_new(NULL);
	struct wait wait;

	CHECK(loop != NULL);
	wait_init(&wait, &kept);
	CHECK_INT(bide_loop_run(loop, leave_a_waiter, &wait), 0);
	join_plain(start_plain(set_kept, ARG(3)));
	CHECK_INT(bide_loop_timeout(loop), 0);
	CHECK_INT(bide_loop_run(loop, join_waiter, NULL), 3);
	check_wait(&wait, 3, "kept");
	CHECK_INT(bide_loop_close(loop), 0);
}

TEST(future_threads, forget_the_waiters_of_a_loop_that_was_closed)
{
	struct wait wait;

	wait_init(&wait, &kept);
	CHECK_INT(bide_run(leave_a_waiter, &wait), 0);
	check_wait(&wait, -ECANCELED, "none");
	join_plain(start_plain(set_kept, ARG(3)));
	CHECK_INT(bide_future_wait(&kept, NULL), 3);
}

/* ---- waiting is not a deadlock, nor what holds a virtual clock ---- */

struct delayed {
	bide_future future;
	pid_t thread;           /* where the loop runs */
};

static void *set_when_asleep(void *arg)
{
	struct delayed *delayed = arg;

	until_asleep(delayed->thread);
	CHECK_INT(bide_future_set(&delayed->future, 6, NULL), 0);
	return NULL;
}

static int await_delayed(void *arg)
{
	struct delayed *delayed = arg;
	pthread_t thread = start_plain(set_when_asleep, delayed);
	int r = bide_future_wait(&delayed->future, NULL);

	join_plain(thread);
	return r;
}

TEST(future_threads, are_waited_for_by_a_loop_that_has_nothing_else_to_do)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	for (int i = 0; i < 2; i++) {
		struct delayed delayed = { .thread = thread_id() };

		CHECK_INT(bide_run_with(i ? &options : NULL, await_delayed, &delayed), 6);
	}
}

/* ---- a loop runs here, but no task ---- */

static bide_future unset;

static void wait_outside(bide_task *task, int result, void *ctx)
{
	(void)task;
	(void)result;
	CHECK_INT(bide_future_wait(&unset, NULL), -EPERM);
	CHECK_INT(bide_future_set(&kept, 1, NULL), 0);
	CHECK_INT(bide_future_wait(&kept, NULL), -EPERM);
	*(bool *)ctx = true;
}

static int fail_detached(void *arg)
{
	(void)arg;
	CHECK_INT(bide_go(return_arg, ARG(-EIO)), 0);
	return bide_future_wait(&kept, NULL);
}

TEST(future_threads, refuse_a_wait_that_would_block_a_loop)
{
	bool was_called = false;
	const bide_options options = { .on_error = wait_outside, .ctx = &was_called };

	CHECK_INT(bide_run_with(&options, fail_detached, NULL), 1);
	CHECK(was_called);
}
