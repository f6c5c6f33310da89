/* SPDX-License-Identifier: MIT */

/* test_to_thread_cancel.c - calls on the pool whose callers are cancelled, or whose loop closes */
#include "call_test.h"

/* ---- before it begins ---- */

CALL_TEST(to_thread_cancel, takes_back_a_call_that_has_not_begun, .max_threads = 1)
{
	struct call first, second, third;
	bide_task *tasks[3];

	tasks[0] = spawn_held(&first, 1);
	tasks[1] = spawn_queued(&second, 2);
	tasks[2] = spawn_queued(&third, 3);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	CHECK_INT(bide_join(tasks[1]), -ECANCELED);
	CHECK_INT(second.next, -ECANCELED);
	CHECK(!first.has_returned && !third.has_returned);
	let_go(&first);
	let_go(&third);
	CHECK_INT(bide_join(tasks[0]), 1);
	CHECK_INT(bide_join(tasks[2]), 3);
	CHECK_INT(second.turn, 0);
	CHECK_INT(third.turn, 2);
	return 0;
}

CALL_TEST(to_thread_cancel, takes_back_all_that_have_not_begun, .max_threads = 1)
{
	static struct call first, calls[100];
	bide_task *task, *tasks[100];

	task = spawn_held(&first, 1);
	for (int i = 0; i < 100; i++)
		tasks[i] = spawn_queued(&calls[i], i);
	for (int i = 0; i < 100; i++)
		CHECK_INT(bide_cancel(tasks[i * 7 % 100]), 1);
	CHECK_INT(bide_gather(100, tasks, NULL), -ECANCELED);
	let_go(&first);
	CHECK_INT(bide_join(task), 1);
	for (int i = 0; i < 100; i++)
		CHECK_INT(calls[i].turn, 0);
	return 0;
}

static int call_when_cancelled(void *arg)
{
	CHECK_INT(bide_cancel(bide_self()), 1);
	CHECK_INT(bide_to_thread(never, NULL), -ECANCELED);
	CHECK_INT(bide_to_thread_abandon(never, NULL), -ECANCELED);
	CHECK_INT(bide_shield(make_call, arg), 4);
	CHECK_INT(bide_to_thread(never, NULL), -ECANCELED);
	return 0;
}

CALL_TEST(to_thread_cancel, of_a_caller_that_is_cancelled_already_runs_nothing_outside_of_a_shield)
{
	struct call call;
	bide_task *task;

	call_init(&call, 4);
	let_go(&call);
	task = bide_spawn(call_when_cancelled, &call);
	CHECK_INT(bide_join(task), 0);
	CHECK_INT(call.turn, 1);
	return 0;
}

CALL_TEST(to_thread_cancel, by_a_time_limit_takes_back_a_call_that_has_not_begun, .max_threads = 1)
{
	struct call first, second;
	bide_task *task = spawn_held(&first, 1);

	call_init(&second, 2);
	CHECK_INT(bide_timeout(1 * MS, make_call, &second), -ETIMEDOUT);
	CHECK_INT(bide_timeout(1 * MS, make_call_to_abandon, &second), -ETIMEDOUT);
	let_go(&first);
	CHECK_INT(bide_join(task), 1);
	CHECK_INT(second.turn, 0);
	return 0;
}

/* ---- while it runs ---- */

static void check_waits(int result)
{
	struct call call;
	bide_task *task = spawn_held(&call, result);

	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_cancel(task), 1);
	settle();
	CHECK(!call.has_returned);
	let_go(&call);
	CHECK(bide_join(task) == result);
	CHECK_INT(call.next, -ECANCELED);
}

CALL_TEST(to_thread_cancel, waits_for_a_call_that_has_begun_and_leaves_its_result)
{
	check_waits(5);
	check_waits(0);
	check_waits(-ENOENT);
	return 0;
}

/* Another call's thread is free again, and takes the one that was in the queue. */
CALL_TEST(to_thread_cancel, of_a_running_call_leaves_those_behind_it, .max_threads = 1)
{
	struct call first, second;
	bide_task *tasks[2];

	tasks[0] = spawn_held(&first, 1);
	tasks[1] = spawn_queued(&second, 2);
	CHECK_INT(bide_cancel(tasks[0]), 1);
	settle();
	CHECK(!first.has_returned && second.turn == 0);
	let_go(&second);
	let_go(&first);
	CHECK_INT(bide_join(tasks[1]), 2);
	CHECK_INT(bide_join(tasks[0]), 1);
	return 0;
}

struct limited {
	struct call call;
	int left;               /* what bide_scope_leave() gave */
};

static int call_within_limit(void *arg)
{
	struct limited *limited = arg;
	bide_scope scope;
	int r;

	bide_scope_enter(&scope, BIDE_SECOND);
	r = make_call(&limited->call);
	limited->left = bide_scope_leave(&scope);
	return r;
}

CALL_TEST(to_thread_cancel, by_a_time_limit_cuts_a_running_call_not_short,
          .flags = BIDE_VIRTUAL_CLOCK)
{
	struct limited limited;
	bide_task *task;

	call_init(&limited.call, 5);
	task = bide_spawn(call_within_limit, &limited);
	CHECK_INT(bide_yield(), 0);
	MEET(&limited.call.has_begun);
	bide_clock_advance(2 * BIDE_SECOND);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_yield(), 0);
	CHECK(!limited.call.has_returned);
	let_go(&limited.call);
	CHECK_INT(bide_join(task), 5);
	/* The checkpoint behind the call, not the call itself, was cut short. */
	CHECK_INT(limited.call.next, -ECANCELED);
	CHECK_INT(limited.left, -ETIMEDOUT);
	return 0;
}

/*
 * Goal: whether a call had begun when its caller was cancelled, or not, is told
 * right: it ran exactly when its result came back.
 * Method: many calls on two threads, cancelled while they come to their turn.
 */
CALL_TEST(to_thread_cancel, tells_whether_the_call_was_run, .max_threads = 2)
{
	static struct call calls[8];

	for (int round = 0; round < test_many(1000); round++) {
		bide_task *tasks[8];

		for (int i = 0; i < 8; i++) {
			calls[i] = (struct call){ .result = 5 };
			CHECK_INT(sem_init(&calls[i].has_begun, 0, 0), 0);
			CHECK_INT(sem_init(&calls[i].go_on, 0, 1), 0);
			tasks[i] = bide_spawn(make_call, &calls[i]);
		}
		for (int i = 0; i <= round % 4; i++)
			CHECK_INT(bide_yield(), 0);
		for (int i = 0; i < 8; i++)
			bide_cancel(tasks[i]);
		for (int i = 0; i < 8; i++) {
			int r = bide_join(tasks[i]);

			CHECK(calls[i].turn > 0 ? r == 5 : r == -ECANCELED);
		}
	}
	return 0;
}

/* ---- abandoned ---- */

static int act_and_tell(void *arg)
{
	struct call *call = arg;
	int r = act_held(call);

	sem_post(&call->has_begun);
	return r;
}

static int abandon(void *arg)
{
	return bide_to_thread_abandon(act_and_tell, arg);
}

static int abandon_by_limit(void *arg)
{
	return bide_timeout(BIDE_SECOND, abandon, arg);
}

CALL_TEST(to_thread_abandon, gives_etimedout_where_a_time_limit_cuts_it_short,
          .flags = BIDE_VIRTUAL_CLOCK)
{
	struct call call;
	bide_task *task = bide_spawn(abandon_by_limit, &call);

	later_threads = 1;
	call_init(&call, 5);
	CHECK_INT(bide_yield(), 0);
	MEET(&call.has_begun);
	bide_clock_advance(2 * BIDE_SECOND);
	CHECK_INT(bide_join(task), -ETIMEDOUT);
	let_go(&call);
	MEET(&call.has_begun);
	return 0;
}

static int give_up(void *arg)
{
	struct call *call = arg;
	bide_task *task = bide_spawn(abandon, call);

	call_init(call, 5);
	CHECK_INT(bide_yield(), 0);
	MEET(&call->has_begun);
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);
	return 0;
}

CALL_TEST(to_thread_abandon, does_not_wait_for_a_call_that_has_begun)
{
	struct call call, other;

	later_threads = 1;
	give_up(&call);
	/* Its thread is taken, the loop has others. */
	call_init(&other, 6);
	let_go(&other);
	CHECK_INT(make_call(&other), 6);
	CHECK(other.thread != call.thread);
	let_go(&call);
	MEET(&call.has_begun);
	return 0;
}

/* The call sees its argument, and its end, when the loop is gone. */
TEST(to_thread_abandon, outlives_its_loop)
{
	struct call *call = calloc(1, sizeof *call);

	CHECK(call != NULL);
	CHECK_INT(bide_run(give_up, call), 0);
	CHECK_INT(atomic_load(&pool_threads), 1);
	let_go(call);
	MEET(&call->has_begun);
	free(call);
}

static int give_up_and_leave_one(void *arg)
{
	static struct call other;

	give_up(arg);
	spawn_queued(&other, 1);
	let_go(&other);
	return 0;
}

/* Whether the thread counts as one that the loop may have, or not. */
TEST(to_thread_abandon, that_holds_the_only_thread_does_not_hold_the_close)
{
	const bide_options options = { .max_threads = 1 };
	struct call call;

	CHECK_INT(bide_run_with(&options, give_up_and_leave_one, &call), 0);
	let_go(&call);
	MEET(&call.has_begun);
}

/* Whoever waits in the queue has no other thread to hope for. */
CALL_TEST(to_thread_abandon, gives_the_thread_that_is_lost_to_those_in_the_queue, .max_threads = 1)
{
	struct call call, others[2];
	bide_task *task, *tasks[2];

	later_threads = 1;
	call_init(&call, 5);
	task = bide_spawn(abandon, &call);
	CHECK_INT(bide_yield(), 0);
	MEET(&call.has_begun);
	for (int i = 0; i < 2; i++) {
		tasks[i] = spawn_queued(&others[i], i);
		let_go(&others[i]);
	}
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);
	for (int i = 0; i < 2; i++)
		CHECK_INT(bide_join(tasks[i]), i);
	CHECK(others[0].thread == others[1].thread);
	let_go(&call);
	MEET(&call.has_begun);
	return 0;
}

static int give_up_and_sleep(void *arg)
{
	give_up(arg);
	CHECK_INT(bide_sleep(BIDE_HOUR), 0);
	let_go(arg);
	return 0;
}

/* Nobody waits for it any more, so nothing keeps the clock from moving on. */
TEST(to_thread_abandon, lets_a_virtual_clock_go_on)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };
	struct call call;

	CHECK_INT(bide_run_with(&options, give_up_and_sleep, &call), 0);
	MEET(&call.has_begun);
}

CALL_TEST(to_thread_abandon, takes_back_a_call_that_has_not_begun, .max_threads = 1)
{
	struct call first, second;
	bide_task *tasks[2];

	tasks[0] = spawn_held(&first, 1);
	call_init(&second, 2);
	tasks[1] = bide_spawn(make_call_to_abandon, &second);
	CHECK_INT(bide_yield(), 0);
	CHECK_INT(bide_cancel(tasks[1]), 1);
	CHECK_INT(bide_join(tasks[1]), -ECANCELED);
	let_go(&first);
	CHECK_INT(bide_join(tasks[0]), 1);
	CHECK_INT(second.turn, 0);
	return 0;
}

/* ---- the loop's end ---- */

static struct call left[4];

static int let_go_when_cancelled(void *arg)
{
	CHECK_INT(stay(arg), -ECANCELED);
	CHECK(!left[0].has_returned && !left[1].has_returned);
	let_go(&left[0]);
	let_go(&left[1]);
	return 0;
}

static int leave_calls(void *arg)
{
	spawn_held(&left[0], 0);
	spawn_held(&left[1], 0);
	spawn_queued(&left[2], 0);
	spawn_queued(&left[3], 0);
	CHECK_INT(bide_go(let_go_when_cancelled, arg), 0);
	CHECK_INT(bide_yield(), 0);
	return 9;
}

TEST(to_thread_shutdown, waits_for_calls_that_have_begun_and_runs_no_other)
{
	const bide_options options = { .max_threads = 2 };

	CHECK_INT(bide_run_with(&options, leave_calls, NULL), 9);
	for (int i = 0; i < 4; i++) {
		CHECK(left[i].has_returned);
		CHECK_INT(left[i].next, -ECANCELED);
		CHECK(i < 2 || left[i].turn == 0);
	}
	CHECK_INT(atomic_load(&pool_threads), 0);
}

static void call_deferred(void *arg)
{
	struct call *call = arg;

	let_go(call);
	CHECK_INT(make_call(call), 2);
}

static int sleep_and_call(void *arg)
{
	CHECK_INT(bide_defer(call_deferred, arg), 0);
	return stay(NULL);
}

static int leave_a_clean_up(void *arg)
{
	CHECK_INT(bide_go(sleep_and_call, arg), 0);
	CHECK_INT(bide_yield(), 0);
	return 0;
}

TEST(to_thread_shutdown, runs_the_calls_of_clean_ups)
{
	struct call call;

	call_init(&call, 2);
	CHECK_INT(bide_run(leave_a_clean_up, &call), 0);
	CHECK_INT(call.turn, 1);
	CHECK_INT(atomic_load(&pool_threads), 0);
}

static int call_a_few(void *arg)
{
	struct call call;

	for (int i = 0; i < INT(arg); i++) {
		call_init(&call, i);
		CHECK_INT(bide_to_thread(act, &call), i);
	}
	return 0;
}

/* Threads that have just been idle, are about to be, or have only now been started. */
TEST(to_thread_shutdown, joins_every_thread)
{
	for (int round = 0; round < test_many(500); round++) {
		CHECK_INT(bide_run(call_a_few, ARG(round % 4)), 0);
		CHECK_INT(atomic_load(&pool_threads), 0);
	}
}
