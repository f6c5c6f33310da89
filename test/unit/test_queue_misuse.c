/* SPDX-License-Identifier: MIT */

/* test_queue_misuse.c - queues outside of tasks, in two loops, and freed too early */
#include "queue_test.h"
#include "sync_test.h"

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

TEST(queue_new, refuses_items_of_no_size_and_priority_without_cmp)
{
	errno = 0;
	CHECK(bide_queue_new(0, 1) == NULL);
	CHECK_INT(errno, EINVAL);
	errno = 0;
	CHECK(bide_queue_new_lifo(0, 1) == NULL);
	CHECK_INT(errno, EINVAL);
	errno = 0;
	CHECK(bide_queue_new_priority(0, 1, compare_ints) == NULL);
	CHECK_INT(errno, EINVAL);
	errno = 0;
	CHECK(bide_queue_new_priority(4, 1, NULL) == NULL);
	CHECK_INT(errno, EINVAL);
}

/* A limit that nobody means to reach costs nothing. */
TEST(queue_new, takes_any_limit)
{
	bide_queue *queue = new_queue(SIZE_MAX - 1);
	int value = 1;

	CHECK_INT(bide_queue_try_put(queue, &value), 0);
	CHECK(!bide_queue_full(queue));
	bide_queue_free(queue);
}

TEST(queue_free, ignores_null)
{
	bide_queue_free(NULL);
}

TEST(queue_free, drops_the_items_left)
{
	bide_queue *queues[] = {
		bide_queue_new(sizeof(int), 0),
		bide_queue_new_lifo(sizeof(int), 0),
		bide_queue_new_priority(sizeof(int), 0, compare_ints),
	};

	for (int i = 0; i < 3; i++) {
		for (int value = 0; value < 100; value++)
			CHECK_INT(bide_queue_try_put(queues[i], &value), 0);
		bide_queue_free(queues[i]);
	}
}

/* ---- outside of any task ---- */

TEST(queue_outside_of_a_loop, what_may_suspend_gives_eperm_and_does_nothing)
{
	bide_queue *queue = new_queue(2);
	bide_queue *rendezvous = new_queue(BIDE_QUEUE_RENDEZVOUS);
	int value = UNTOUCHED;
	bide_case one = { queue, &value, BIDE_PUT, UNTOUCHED };

	CHECK_INT(bide_queue_put(queue, &value), -EPERM);
	CHECK_INT(bide_queue_put(rendezvous, &value), -EPERM);
	CHECK_INT(bide_queue_size(queue), 0);
	CHECK_INT(bide_queue_try_put(queue, &(int){ 3 }), 0);
	CHECK_INT(bide_queue_get(queue, &value), -EPERM);
	CHECK_INT(bide_queue_get(rendezvous, &value), -EPERM);
	CHECK_INT(bide_queue_join(queue), -EPERM);
	CHECK_INT(bide_select(1, &one, BIDE_FOREVER), -EPERM);
	CHECK_INT(bide_select(0, NULL, BIDE_SECOND), -EPERM);
	CHECK_INT(one.result, UNTOUCHED);
	CHECK_INT(value, UNTOUCHED);
	CHECK_INT(bide_queue_size(queue), 1);
	bide_queue_free(rendezvous);
	bide_queue_free(queue);
}

TEST(queue_outside_of_a_loop, what_never_suspends_works)
{
	bide_queue *queue = new_queue(1);
	int value = 3;

	CHECK_INT(bide_queue_try_get(queue, &value), -EAGAIN);
	CHECK_INT(bide_queue_try_put(queue, &value), 0);
	CHECK_INT(bide_queue_try_put(queue, &value), -EAGAIN);
	CHECK(bide_queue_full(queue));
	value = UNTOUCHED;
	CHECK_INT(bide_queue_try_get(queue, &value), 0);
	CHECK_INT(value, 3);
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	bide_queue_shutdown(queue, true);
	CHECK_INT(bide_queue_try_put(queue, &value), -ESHUTDOWN);
	CHECK_INT(bide_queue_try_get(queue, &value), -ESHUTDOWN);
	bide_queue_free(queue);
}

/* ---- one loop after the other ---- */

static bide_queue *shared;
static bide_task *kept[3];

static int put_three(void *arg)
{
	(void)arg;
	for (int i = 1; i <= 3; i++)
		CHECK_INT(bide_queue_put(shared, &i), 0);
	return 0;
}

static int get_three(void *arg)
{
	int value = UNTOUCHED;

	(void)arg;
	for (int i = 1; i <= 3; i++) {
		CHECK_INT(bide_queue_get(shared, &value), 0);
		CHECK_INT(value, i);
		CHECK_INT(bide_queue_task_done(shared), 0);
	}
	CHECK_INT(bide_queue_join(shared), 0);
	return 0;
}

TEST(queue_of_two_loops, keeps_its_items_from_one_run_to_the_next)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	shared = new_queue(3);
	CHECK_INT(bide_run_with(&options, put_three, NULL), 0);
	CHECK_INT(bide_queue_size(shared), 3);
	CHECK_INT(bide_run_with(&options, get_three, NULL), 0);
	CHECK_INT(bide_queue_size(shared), 0);
	bide_queue_free(shared);
}

static int get_one(void *arg)
{
	int value = UNTOUCHED;
	int r = bide_queue_get(arg, &value);

	return r < 0 ? r : value;
}

static int put_zero(void *arg)
{
	return bide_queue_put(arg, &(int){ 0 });
}

static int join_queue(void *arg)
{
	return bide_queue_join(arg);
}

static int leave_waiters_behind(void *arg)
{
	(void)arg;
	CHECK_INT(put_zero(shared), 0);
	CHECK_INT(get_one(shared), 0);
	CHECK_INT(bide_go(get_one, shared), 0);
	CHECK_INT(bide_go(get_one, shared), 0);
	CHECK_INT(bide_go(join_queue, shared), 0);
	return bide_yield();
}

static int put_then_get(void *arg)
{
	int value = 4;

	(void)arg;
	CHECK_INT(bide_queue_try_put(shared, &value), 0);
	CHECK_INT(bide_queue_size(shared), 1);
	CHECK_INT(bide_queue_task_done(shared), 0);
	CHECK_INT(bide_queue_task_done(shared), 0);
	return get_one(shared);
}

TEST(queue_of_two_loops, forgets_who_waited_when_the_first_one_ended)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	shared = new_queue(1);
	CHECK_INT(bide_run_with(&options, leave_waiters_behind, NULL), 0);
	CHECK_INT(bide_run_with(&options, put_then_get, NULL), 4);
	bide_queue_free(shared);
}

static int spawn_getters(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++)
		kept[i] = bide_spawn(get_one, shared);
	return bide_yield();
}

static int join_getters(void *arg)
{
	(void)arg;
	CHECK_INT(bide_join(kept[0]), 5);
	CHECK_INT(bide_join(kept[1]), 6);
	CHECK_INT(bide_join(kept[2]), -ESHUTDOWN);
	return 0;
}

/* Between two runs the loop's tasks stay; who is served goes on in the next. */
TEST(queue_outside_of_a_loop, try_put_and_shutdown_serve_the_tasks_of_a_loop_at_rest)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };
	bide_loop *loop = bide_loop_new(&options);

	CHECK(loop != NULL);
	shared = new_queue(1);
	CHECK_INT(bide_loop_run(loop, spawn_getters, NULL), 0);
	for (int value = 5; value < 7; value++)
		CHECK_INT(bide_queue_try_put(shared, &value), 0);
	CHECK_INT(bide_queue_size(shared), 0);
	bide_queue_shutdown(shared, false);
	for (int i = 0; i < 3; i++)
		CHECK(!bide_done(kept[i]));
	CHECK_INT(bide_loop_run(loop, join_getters, NULL), 0);
	CHECK_INT(bide_loop_close(loop), 0);
	bide_queue_free(shared);
}

/* ---- freed under those who wait ---- */

static int free_under(bide_fn *fn, size_t maxsize)
{
	bide_queue *queue = new_queue(maxsize);

	CHECK(bide_spawn(fn, queue) != NULL);
	bide_yield();
	bide_queue_free(queue);
	return 0;
}

static int free_under_a_getter(void *arg)
{
	(void)arg;
	return free_under(get_one, 1);
}

static int free_under_a_putter(void *arg)
{
	(void)arg;
	return free_under(put_zero, BIDE_QUEUE_RENDEZVOUS);
}

static int put_and_join(void *arg)
{
	CHECK_INT(put_zero(arg), 0);
	return join_queue(arg);
}

static int free_under_a_joiner(void *arg)
{
	(void)arg;
	return free_under(put_and_join, 1);
}

static int select_either(void *arg)
{
	int value = 0;
	bide_case cases[] = {
		{ .queue = NULL, .item = &value, .op = BIDE_PUT },
		{ .queue = arg, .item = &value, .op = BIDE_GET },
	};

	return (int)bide_select(2, cases, BIDE_FOREVER);
}

static int free_under_a_select(void *arg)
{
	(void)arg;
	return free_under(select_either, 1);
}

static void check_names_the_rule(bide_fn *fn)
{
	const char *text = check_aborts(fn);

	CHECK_CONTAINS(text, "queue");
	CHECK_CONTAINS(text, "wait");
}

TEST(queue_free, aborts_where_somebody_waits_to_get)
{
	check_names_the_rule(free_under_a_getter);
}

TEST(queue_free, aborts_where_somebody_waits_to_put)
{
	check_names_the_rule(free_under_a_putter);
}

TEST(queue_free, aborts_where_somebody_joins)
{
	check_names_the_rule(free_under_a_joiner);
}

TEST(queue_free, aborts_where_somebody_selects)
{
	check_names_the_rule(free_under_a_select);
}

static int free_after_all_were_served(void *arg)
{
	bide_queue *queue = new_queue(BIDE_QUEUE_RENDEZVOUS);
	bide_task *tasks[2];

	(void)arg;
	tasks[0] = bide_spawn(get_one, queue);
	tasks[1] = bide_spawn(select_either, queue);
	bide_yield();
	CHECK_INT(bide_queue_try_put(queue, &(int){ 9 }), 0);
	bide_queue_shutdown(queue, true);
	CHECK_INT(bide_join(tasks[0]), 9);
	CHECK_INT(bide_join(tasks[1]), 1);
	bide_queue_free(queue);
	return 0;
}

TEST(queue_free, is_right_after_a_shutdown_and_joining_who_waited)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };

	CHECK_INT(bide_run_with(&options, free_after_all_were_served, NULL), 0);
}

/* Rounded up to a slot such a size was 0, and divided by. */
TEST(queue_new, of_items_larger_than_memory_cannot_be_had)
{
	for (size_t less = 1; less < 64; less++) {
		errno = 0;
		CHECK(bide_queue_new_priority(SIZE_MAX - less, 0, compare_ints) == NULL);
		CHECK_INT(errno, ENOMEM);
		errno = 0;
		CHECK(bide_queue_new(SIZE_MAX - less, 2) == NULL);
		CHECK_INT(errno, ENOMEM);
	}
}
