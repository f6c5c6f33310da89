/* SPDX-License-Identifier: MIT */

/* test_to_thread_use.c - what a call on the pool may use of its caller, and of bide */
#include "call_test.h"

/* ---- what needs a task ---- */

static int try_what_needs_a_task(void *arg)
{
	bide_loop *loop = arg;
	int byte;

	CHECK(bide_self() == NULL);
	CHECK(bide_loop_current() == NULL);
	CHECK_INT(bide_sleep(0), -EPERM);
	CHECK_INT(bide_yield(), -EPERM);
	errno = 0;
	CHECK(bide_spawn(never, NULL) == NULL);
	CHECK_INT(errno, EPERM);
	CHECK_INT(bide_go(never, NULL), -EPERM);
	CHECK_INT(bide_to_thread(never, NULL), -EPERM);
	CHECK_INT(bide_to_thread_abandon(never, NULL), -EPERM);
	CHECK_INT(bide_timeout(BIDE_SECOND, never, NULL), -EPERM);
	CHECK_INT(bide_shield(never, NULL), -EPERM);
	CHECK_INT(bide_read(0, &byte, 1), -EPERM);
	CHECK_INT((int)bide_tasks(NULL, 0), 0);
	CHECK_INT(bide_loop_step(loop), -EBUSY);
	return 0;
}

CALL_TEST(to_thread_call, is_no_task)
{
	bide_loop *loop = bide_loop_current();

	CHECK_INT(bide_to_thread(try_what_needs_a_task, loop), 0);
	CHECK_INT(bide_to_thread_abandon(try_what_needs_a_task, loop), 0);
	return 0;
}

/* ---- values of the caller ---- */

static bide_local key, other_key;

static int get_value(void *arg)
{
	(void)arg;
	CHECK(bide_local_get(&other_key) == NULL);
	return INT(bide_local_get(&key));
}

static int call_with_value(void *arg)
{
	CHECK_INT(bide_to_thread(get_value, NULL), 0);
	CHECK_INT(bide_local_set(&key, arg), 0);
	CHECK_INT(bide_to_thread(get_value, NULL), INT(arg));
	CHECK_INT(bide_local_set(&key, ARG(INT(arg) + 1)), 0);
	CHECK_INT(bide_to_thread_abandon(get_value, NULL), INT(arg) + 1);
	return 0;
}

CALL_TEST(to_thread_call, has_the_values_of_its_caller, .max_threads = 2)
{
	bide_task *tasks[50];

	for (int i = 0; i < 50; i++)
		tasks[i] = bide_spawn(call_with_value, ARG(100 * (i + 1)));
	CHECK_INT(bide_gather(50, tasks, NULL), 0);
	CHECK_INT(bide_to_thread(get_value, NULL), 0);
	return 0;
}

static int call_with_inherited_value(void *arg)
{
	(void)arg;
	return bide_to_thread(get_value, NULL);
}

CALL_TEST(to_thread_call, has_the_values_that_its_caller_was_born_with)
{
	bide_task *task;

	CHECK_INT(bide_local_set(&key, ARG(3)), 0);
	task = bide_spawn(call_with_inherited_value, NULL);
	CHECK_INT(bide_join(task), 3);
	return 0;
}

static int get_no_value(void *arg)
{
	(void)arg;
	CHECK(bide_local_get(&key) == NULL);
	return 0;
}

static int run_without_values(void *arg)
{
	CHECK_INT(INT(bide_local_get(&key)), 4);
	CHECK_INT(bide_run(get_no_value, arg), 0);
	CHECK_INT(INT(bide_local_get(&key)), 4);
	return 0;
}

CALL_TEST(to_thread_call, does_not_hand_them_to_a_loop_of_its_own)
{
	CHECK_INT(bide_local_set(&key, ARG(4)), 0);
	return bide_to_thread(run_without_values, NULL);
}

static struct call late;
static atomic_int late_value;

static int get_value_late(void *arg)
{
	act_held(arg);
	atomic_store(&late_value, INT(bide_local_get(&key)));
	sem_post(&late.has_begun);
	return 0;
}

static int abandon_with_value(void *arg)
{
	CHECK_INT(bide_local_set(&key, ARG(5)), 0);
	return bide_to_thread_abandon(get_value_late, arg);
}

static int abandon_late(void *arg)
{
	bide_task *task = bide_spawn(abandon_with_value, arg);

	CHECK_INT(bide_yield(), 0);
	MEET(&late.has_begun);
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_join(task), -ECANCELED);
	return 0;
}

/* The caller is gone, and its loop. */
TEST(to_thread_call, that_was_abandoned_has_the_values_of_its_caller)
{
	call_init(&late, 0);
	CHECK_INT(bide_run(abandon_late, &late), 0);
	let_go(&late);
	MEET(&late.has_begun);
	CHECK_INT(atomic_load(&late_value), 5);
}

/* ---- what it defers ---- */

static char order[16];
static bide_task *deferring;

static void append(void *arg)
{
	size_t used = strlen(order);

	CHECK(bide_self() == deferring);
	CHECK_INT(bide_yield(), 0);
	order[used] = (char)INT(arg);
	order[used + 1] = '\0';
}

static int defer_two(void *arg)
{
	CHECK_INT(bide_defer(append, arg), 0);
	CHECK_INT(bide_defer(append, ARG(INT(arg) + 1)), 0);
	CHECK_STR(order, "");
	return 0;
}

static int defer_here_and_there(void *arg)
{
	(void)arg;
	deferring = bide_self();
	CHECK_INT(bide_defer(append, ARG('a')), 0);
	CHECK_INT(bide_to_thread(defer_two, ARG('b')), 0);
	CHECK_INT(bide_defer(append, ARG('d')), 0);
	CHECK_INT(bide_to_thread(defer_two, ARG('e')), 0);
	CHECK_INT(bide_sleep(1), 0);
	CHECK_STR(order, "");
	return 7;
}

CALL_TEST(to_thread_call, defers_for_its_caller)
{
	bide_task *task = bide_spawn(defer_here_and_there, NULL);

	CHECK_INT(bide_join(task), 7);
	CHECK_STR(order, "fedcba");
	return 0;
}

static int defer_held(void *arg)
{
	act_held(arg);
	return bide_defer(append, ARG('x'));
}

static int call_defer_held(void *arg)
{
	deferring = bide_self();
	CHECK_INT(bide_to_thread(defer_held, arg), 0);
	CHECK_INT(bide_checkpoint(), -ECANCELED);
	CHECK_STR(order, "");
	return -ECANCELED;
}

CALL_TEST(to_thread_call, defers_for_a_caller_that_is_cancelled_meanwhile)
{
	struct call call;
	bide_task *task = bide_spawn(call_defer_held, &call);

	call_init(&call, 0);
	CHECK_INT(bide_yield(), 0);
	MEET(&call.has_begun);
	CHECK_INT(bide_cancel(task), 1);
	CHECK_INT(bide_yield(), 0);
	let_go(&call);
	CHECK_INT(bide_join(task), -ECANCELED);
	CHECK_STR(order, "x");
	return 0;
}

/* ---- from the call to the loops ---- */

struct meeting {
	bide_loop *loop;
	bide_queue *queue;
	bide_future future;
	int received;
	int posted;
};

static int count_posted(void *arg)
{
	struct meeting *meeting = arg;

	CHECK(bide_loop_current() == meeting->loop);
	meeting->posted++;
	return 0;
}

#define ITEMS 200

static int use_what_crosses_threads(void *arg)
{
	struct meeting *meeting = arg;
	void *value = NULL;
	bide_task *task;

	for (int i = 0; i < ITEMS; i++) {
		CHECK_INT(bide_queue_put(meeting->queue, &i), 0);
		CHECK_INT(bide_post(meeting->loop, count_posted, meeting), 0);
	}
	task = spawn_on(meeting->loop, return_arg, ARG(6));
	CHECK_INT(bide_join(task), 6);
	bide_queue_shutdown(meeting->queue, false);
	CHECK_INT(bide_future_set(&meeting->future, 4, "four"), 0);
	CHECK_INT(bide_future_wait(&meeting->future, &value), 4);
	CHECK_STR(value, "four");
	return 5;
}

static int receive(void *arg)
{
	struct meeting *meeting = arg;
	int item, r;

	while ((r = bide_queue_get(meeting->queue, &item)) == 0)
		CHECK_INT(item, meeting->received++);
	return r;
}

static int await(void *arg)
{
	struct meeting *meeting = arg;

	return bide_future_wait(&meeting->future, NULL);
}

CALL_TEST(to_thread_call, may_post_and_set_futures_and_put_into_shared_queues)
{
	struct meeting meeting = {
		.loop = bide_loop_current(),
		.queue = bide_queue_new_shared(sizeof(int), 3),
	};
	bide_task *tasks[2];
	int results[2];

	tasks[0] = bide_spawn(receive, &meeting);
	tasks[1] = bide_spawn(await, &meeting);
	CHECK_INT(bide_to_thread(use_what_crosses_threads, &meeting), 5);
	CHECK_INT(bide_gather(2, tasks, results), 0);
	CHECK_INT(results[0], -ESHUTDOWN);
	CHECK_INT(results[1], 4);
	CHECK_INT(meeting.received, ITEMS);
	CHECK_INT(meeting.posted, ITEMS);
	bide_queue_free(meeting.queue);
	return 0;
}

/* Calls wait for each other, each a plain thread that blocks. */
static int pass_on(void *arg)
{
	bide_queue **queues = arg;
	int item, r;

	while ((r = bide_queue_get(queues[0], &item)) == 0) {
		item++;
		CHECK_INT(bide_queue_put(queues[1], &item), 0);
	}
	bide_queue_shutdown(queues[1], false);
	return r;
}

static int run_pass_on(void *arg)
{
	return bide_to_thread(pass_on, arg);
}

CALL_TEST(to_thread_call, may_block_in_a_shared_queue)
{
	bide_queue *queues[5];
	bide_task *tasks[4];
	int item;

	for (int i = 0; i < 5; i++)
		queues[i] = bide_queue_new_shared(sizeof(int), i % 2 ? 1 : BIDE_QUEUE_RENDEZVOUS);
	for (int i = 0; i < 4; i++)
		tasks[i] = bide_spawn(run_pass_on, &queues[i]);
	for (int i = 0; i < ITEMS; i++) {
		CHECK_INT(bide_queue_put(queues[0], &i), 0);
		CHECK_INT(bide_queue_get(queues[4], &item), 0);
		CHECK_INT(item, i + 4);
	}
	bide_queue_shutdown(queues[0], false);
	for (int i = 0; i < 4; i++)
		CHECK_INT(bide_join(tasks[i]), -ESHUTDOWN);
	for (int i = 0; i < 5; i++)
		bide_queue_free(queues[i]);
	return 0;
}
