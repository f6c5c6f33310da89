/* SPDX-License-Identifier: MIT */

/*
 * test_deadlock.c - loops whose tasks all wait for each other, and what is printed
 *
 * Each kind of wait stands in the table `waits`, as a function that waits in vain
 * beside a main task that holds what can be held. The programs run in a process of
 * their own, which prints what their tasks noted and what bide_run() returned.
 */
#include "sync_test.h"

#include <bide.h>

/* ---- the programs and their process ---- */

/* Returns what is printed. On a real clock the loop must find out without one, too. */
static const char *check_deadlock(bide_fn *fn)
{
	run_in_child(0, BIDE_BACKEND_AUTO, fn);
	CHECK_CONTAINS(printed, "result -EDEADLK");
	run_in_child(BIDE_VIRTUAL_CLOCK, BIDE_BACKEND_EPOLL, fn);
	CHECK_CONTAINS(printed, "result -EDEADLK");
	run_in_child(BIDE_VIRTUAL_CLOCK, BIDE_BACKEND_AUTO, fn);
	CHECK_CONTAINS(printed, "result -EDEADLK");
	return printed;
}

/* ---- every wait that may be in vain ---- */

static bide_lock held;
static bide_lock own;
static bide_rwlock rwheld;
static bide_event event;
static bide_cond cond;
static bide_sem sem;
static bide_barrier barrier;
static bide_future future;
static bide_queue *empty;
static bide_queue *full;
static bide_watch *watch;
static bide_broadcast *radio;

/* What the main task does on both sides of the wait. */
static void set_the_stage(void)
{
	int item = 1;

	CHECK_INT(bide_lock_acquire(&held), 0);
	CHECK_INT(bide_rwlock_write(&rwheld), 0);
	bide_barrier_init(&barrier, 2);
	empty = bide_queue_new(sizeof item, 1);
	full = bide_queue_new(sizeof item, 1);
	watch = bide_watch_new(sizeof item, &item);
	radio = bide_broadcast_new(sizeof item, 1);
	CHECK(empty != NULL && full != NULL && watch != NULL && radio != NULL);
	CHECK_INT(bide_queue_try_put(full, &item), 0);
}

static void clear_the_stage(void)
{
	bide_broadcast_free(radio);
	bide_watch_free(watch);
	bide_queue_free(full);
	bide_queue_free(empty);
	CHECK_INT(bide_rwlock_release(&rwheld), 0);
	CHECK_INT(bide_lock_release(&held), 0);
}

static int wait_for_lock(void *arg)
{
	(void)arg;
	return bide_lock_acquire(&held);
}

static int wait_to_read(void *arg)
{
	(void)arg;
	return bide_rwlock_read(&rwheld);
}

static int wait_to_write(void *arg)
{
	(void)arg;
	return bide_rwlock_write(&rwheld);
}

static int wait_for_event(void *arg)
{
	(void)arg;
	return bide_event_wait(&event);
}

static int wait_in_cond(void *arg)
{
	int r;

	(void)arg;
	CHECK_INT(bide_lock_acquire(&own), 0);
	r = bide_cond_wait(&cond, &own);
	CHECK_INT(bide_lock_release(&own), 0);
	return r;
}

static int wait_for_permit(void *arg)
{
	(void)arg;
	return bide_sem_acquire(&sem);
}

static int wait_for_permits(void *arg)
{
	(void)arg;
	return bide_sem_acquire_many(&sem, 2);
}

static int wait_for_the_other_party(void *arg)
{
	(void)arg;
	return bide_barrier_wait(&barrier);
}

static int wait_to_put(void *arg)
{
	int item = 2;

	(void)arg;
	return bide_queue_put(full, &item);
}

static int wait_to_get(void *arg)
{
	(void)arg;
	return bide_queue_get(empty, NULL);
}

static int wait_for_work_to_be_done(void *arg)
{
	(void)arg;
	return bide_queue_join(full);
}

static int wait_for_one_of_several(void *arg)
{
	int item = 2;
	bide_case cases[] = {
		{ .queue = empty, .op = BIDE_GET, .item = &item },
		{ .queue = full, .op = BIDE_PUT, .item = &item },
		{ .queue = NULL, .op = BIDE_GET, .item = &item },
	};

	(void)arg;
	return (int)bide_select(3, cases, BIDE_FOREVER);
}

static int wait_for_future(void *arg)
{
	(void)arg;
	return bide_future_wait(&future, NULL);
}

static int wait_for_news(void *arg)
{
	uint64_t version = 1;

	(void)arg;
	return bide_watch_wait(watch, &version, NULL);
}

static int wait_for_broadcast(void *arg)
{
	uint64_t cursor = 0;

	(void)arg;
	return (int)bide_broadcast_get(radio, &cursor, NULL);
}

static const struct wait {
	const char *name;       /* of the call, as it is printed */
	bide_fn *fn;
	bool has_holder;        /* of which the name is printed: the main task */
	bool may_end;           /* by what does not show in the loop: another thread */
} waits[] = {
	{ .name = "lock_acquire", .fn = wait_for_lock, .has_holder = true },
	{ .name = "rwlock_read", .fn = wait_to_read, .has_holder = true },
	{ .name = "rwlock_write", .fn = wait_to_write, .has_holder = true },
	{ .name = "event_wait", .fn = wait_for_event },
	{ .name = "cond_wait", .fn = wait_in_cond },
	{ .name = "sem_acquire", .fn = wait_for_permit },
	{ .name = "sem_acquire", .fn = wait_for_permits },
	{ .name = "barrier_wait", .fn = wait_for_the_other_party },
	{ .name = "queue_put", .fn = wait_to_put },
	{ .name = "queue_get", .fn = wait_to_get },
	{ .name = "queue_join", .fn = wait_for_work_to_be_done },
	{ .name = "select", .fn = wait_for_one_of_several },
	{ .name = "future_wait", .fn = wait_for_future, .may_end = true },
	{ .name = "watch_wait", .fn = wait_for_news },
	{ .name = "broadcast_get", .fn = wait_for_broadcast },
};

#define WAIT_COUNT (sizeof waits / sizeof *waits)

static void check_wait_line(const char *text, const char *name, const struct wait *wait)
{
	char expected[80];
	const char *line = task_line(text, name);

	snprintf(expected, sizeof expected, "waits in %s", wait->name);
	CHECK_CONTAINS(line, expected);
	if (wait->has_holder)
		CHECK_CONTAINS(line, "held by 'boss'");
}

LOOP_TEST(dump, tells_which_call_each_task_waits_in_and_who_holds_the_lock)
{
	bide_task *tasks[WAIT_COUNT];
	char name[WAIT_COUNT][16];

	set_the_stage();
	bide_set_name(bide_self(), "boss");
	/* One at a time: two in a barrier would not wait, and so with other objects. */
	for (size_t i = 0; i < WAIT_COUNT; i++) {
		snprintf(name[i], sizeof name[i], "task %zu", i);
		tasks[i] = spawn_named(name[i], waits[i].fn, NULL);
		CHECK_INT(bide_sleep(1 * U), 0);
		check_wait_line(dump_tasks(), name[i], &waits[i]);
		CHECK_INT(bide_cancel(tasks[i]), 1);
		CHECK_INT(bide_join(tasks[i]), -ECANCELED);
	}
	clear_the_stage();
	return 0;
}

static int read_for_1u(void *arg)
{
	CHECK_INT(bide_rwlock_read(arg), 0);
	CHECK_INT(bide_sleep(1 * U), 0);
	return bide_rwlock_release(arg);
}

static int write_at_once(void *arg)
{
	CHECK_INT(bide_rwlock_write(arg), 0);
	return bide_rwlock_release(arg);
}

LOOP_TEST(dump, tells_a_writer_who_the_readers_are)
{
	bide_rwlock shared = { 0 };
	bide_task *tasks[3];
	const char *line;

	tasks[0] = spawn_named("ann", read_for_1u, &shared);
	tasks[1] = spawn_named("bob", read_for_1u, &shared);
	tasks[2] = spawn_named("cid", write_at_once, &shared);
	settle();
	line = task_line(dump_tasks(), "cid");
	CHECK_CONTAINS(line, "waits in rwlock_write");
	CHECK_CONTAINS(line, "ann");
	CHECK_CONTAINS(line, "bob");
	CHECK_INT(bide_gather(3, tasks, NULL), 0);
	return 0;
}

/* ---- deadlocks ---- */

static const struct wait *the_wait;

static int join_waiter(void *arg)
{
	bide_task *task;
	int r;

	(void)arg;
	bide_set_name(bide_self(), "boss");
	set_the_stage();
	task = spawn_named("waiter", the_wait->fn, NULL);
	r = bide_join(task);
	NOTE("main %s", ERR(r));
	clear_the_stage();
	return 5;
}

static void check_each_deadlocks(bide_fn *fn)
{
	for (size_t i = 0; i < WAIT_COUNT; i++) {
		the_wait = &waits[i];
		if (the_wait->may_end)
			continue;
		check_deadlock(fn);
		check_wait_line(printed, "waiter", the_wait);
		CHECK_CONTAINS(printed, "noted main -ECANCELED\n");
		CHECK_CONTAINS(task_line(printed, "boss"), "waits in join");
	}
}

TEST(deadlock, is_found_where_main_joins_a_task_that_waits_in_vain)
{
	check_each_deadlocks(join_waiter);
}

static int note_wait(void *arg)
{
	int r = the_wait->fn(arg);

	NOTE("%s %s", my_name(), ERR(r));
	return r;
}

static int wait_beside_another(void *arg)
{
	bide_lock more = { 0 };

	(void)arg;
	bide_set_name(bide_self(), "boss");
	set_the_stage();
	CHECK_INT(bide_lock_acquire(&more), 0);
	bide_detach(spawn_named("waiter", note_wait, NULL));
	NOTE("boss %s", ERR(bide_event_wait(&event)));
	CHECK_INT(bide_lock_release(&more), 0);
	CHECK_INT(bide_sleep(BIDE_FOREVER), -ECANCELED);
	clear_the_stage();
	return 0;
}

/* Cancelled in order of spawning; to a cancelled main each call says so. */
TEST(deadlock, cancels_every_task_whoever_owns_it)
{
	the_wait = &waits[0];
	check_deadlock(wait_beside_another);
	CHECK_CONTAINS(printed, "noted boss -ECANCELED · waiter -ECANCELED\n");
	CHECK_CONTAINS(task_line(printed, "boss"), "waits in event_wait");
	check_wait_line(printed, "waiter", the_wait);
}

static bide_lock ring[3];

static int take_two_of_the_ring(void *arg)
{
	int i = INT(arg);
	int r;

	CHECK_INT(bide_lock_acquire(&ring[i]), 0);
	CHECK_INT(bide_yield(), 0);
	r = bide_lock_acquire(&ring[(i + 1) % 3]);
	NOTE("%s %s", my_name(), ERR(r));
	CHECK_INT(bide_lock_release(&ring[i]), 0);
	return r;
}

static int gather_the_ring(void *arg)
{
	bide_task *tasks[3];
	int r;

	(void)arg;
	tasks[0] = spawn_named("ann", take_two_of_the_ring, ARG(0));
	tasks[1] = spawn_named("bob", take_two_of_the_ring, ARG(1));
	tasks[2] = spawn_named("cid", take_two_of_the_ring, ARG(2));
	r = bide_gather(3, tasks, NULL);
	NOTE("main %s", ERR(r));
	return 0;
}

TEST(deadlock, of_a_ring_of_locks_tells_for_each_task_who_holds_what_it_wants)
{
	check_deadlock(gather_the_ring);
	CHECK_CONTAINS(task_line(printed, "ann"), "waits in lock_acquire");
	CHECK_CONTAINS(task_line(printed, "ann"), "held by 'bob'");
	CHECK_CONTAINS(task_line(printed, "bob"), "held by 'cid'");
	CHECK_CONTAINS(task_line(printed, "cid"), "waits in lock_acquire");
	CHECK_CONTAINS(task_line(printed, "cid"), "held by 'ann'");
	CHECK_CONTAINS(printed,
	               "noted ann -ECANCELED · bob -ECANCELED · cid -ECANCELED · main -ECANCELED");
}

static int wait_in_two_ways(void *arg)
{
	struct turn {
		bide_lock *mine, *other;
	} *turn = arg;
	int r;

	CHECK_INT(bide_lock_acquire(turn->mine), 0);
	CHECK_INT(bide_sleep(1 * U / 10), 0);
	r = bide_lock_acquire(turn->other);
	CHECK_INT(bide_lock_release(turn->mine), 0);
	return r;
}

static int deadlock_later(void *arg)
{
	bide_lock *turns[2][2] = { { &held, &own }, { &own, &held } };
	bide_task *tasks[2];

	(void)arg;
	tasks[0] = spawn_named("ann", wait_in_two_ways, turns[0]);
	tasks[1] = spawn_named("bob", wait_in_two_ways, turns[1]);
	return bide_gather(2, tasks, NULL);
}

TEST(deadlock, is_found_when_the_last_timer_has_gone)
{
	check_deadlock(deadlock_later);
	CHECK_CONTAINS(task_line(printed, "ann"), "held by 'bob'");
	CHECK_CONTAINS(task_line(printed, "bob"), "held by 'ann'");
}

static int wait_alone(void *arg)
{
	(void)arg;
	return bide_event_wait(&event);
}

/* The deadline of the left scope is gone with it. */
static int wait_after_a_scope(void *arg)
{
	(void)arg;
	BIDE_TIMEOUT(1 * U)
		CHECK_INT(bide_yield(), 0);
	return bide_event_wait(&event);
}

TEST(deadlock, is_found_of_a_main_task_alone)
{
	check_deadlock(wait_alone);
	check_deadlock(wait_after_a_scope);
}

/* ---- with a time limit there is none ---- */

static int select_for_2u(void *arg)
{
	bide_case one = { .op = BIDE_GET };
	int r;

	(void)arg;
	set_the_stage();
	one.queue = empty;
	r = (int)bide_select(1, &one, 2 * U);
	NOTE("%s at %d", ERR(r), case_now());
	clear_the_stage();
	return 0;
}

static int wait_for_2u(void *arg)
{
	int r = 0;

	(void)arg;
	set_the_stage();
	BIDE_TIMEOUT(2 * U)
		r = the_wait->fn(NULL);
	NOTE("%s at %d", ERR(r), case_now());
	clear_the_stage();
	return 0;
}

TEST(deadlock, is_none_while_a_select_or_a_scope_has_a_time_limit)
{
	check_no_deadlock(select_for_2u, "noted -ETIMEDOUT at 2\nresult 0\n");
	for (size_t i = 0; i < WAIT_COUNT; i++) {
		/* Main itself waits: not for what it holds. */
		the_wait = &waits[i];
		if (!the_wait->has_holder)
			check_no_deadlock(wait_for_2u, "noted -ECANCELED at 2\nresult 0\n");
	}
}
