/* SPDX-License-Identifier: MIT */

/* test_queue_shared_end.c - shared queues that are shut down or freed, and loops that end */
#include "shared_test.h"

#include <signal.h>
#include <sys/wait.h>

/* ---- shutdown ---- */

TEST(queue_shared_shutdown, wakes_getters_of_all_kinds)
{
	bide_queue *queue = new_shared(1);
	bide_thread *hosts[3] = { start_host(), start_host(), NULL };
	struct visitor getters[6];

	for (int i = 0; i < 6; i++)
		visit_to_get(&getters[i], hosts[i % 3], queue);
	bide_queue_shutdown(queue, false);
	for (int i = 0; i < 6; i++) {
		CHECK_INT(visitor_end(&getters[i]), -ESHUTDOWN);
		CHECK_INT(getters[i].value, UNTOUCHED);
	}
	CHECK_INT(get(queue), -ESHUTDOWN);
	end_host(hosts[0]);
	end_host(hosts[1]);
	bide_queue_free(queue);
}

TEST(queue_shared_shutdown, wakes_putters_of_all_kinds_and_keeps_what_is_queued)
{
	bide_queue *queue = new_shared(1);
	bide_thread *hosts[3] = { start_host(), start_host(), NULL };
	struct visitor putters[6];

	CHECK_INT(put(queue, 1), 0);
	for (int i = 0; i < 6; i++)
		visit_to_put(&putters[i], hosts[i % 3], queue, 2 + i);
	bide_queue_shutdown(queue, false);
	for (int i = 0; i < 6; i++)
		CHECK_INT(visitor_end(&putters[i]), -ESHUTDOWN);
	CHECK_INT(get(queue), 1);
	CHECK_INT(get(queue), -ESHUTDOWN);
	end_host(hosts[0]);
	end_host(hosts[1]);
	bide_queue_free(queue);
}

TEST(queue_shared_shutdown, at_once_drops_what_is_queued_and_wakes_who_joins)
{
	bide_queue *queue = new_shared(2);
	bide_thread *hosts[3] = { start_host(), start_host(), NULL };
	struct visitor joiners[3], putter;

	CHECK_INT(put(queue, 1), 0);
	CHECK_INT(put(queue, 2), 0);
	for (int i = 0; i < 3; i++)
		visit_to_join(&joiners[i], hosts[i], queue);
	visit_to_put(&putter, hosts[0], queue, 3);
	bide_queue_shutdown(queue, true);
	for (int i = 0; i < 3; i++)
		CHECK_INT(visitor_end(&joiners[i]), 0);
	CHECK_INT(visitor_end(&putter), -ESHUTDOWN);
	CHECK_INT(get(queue), -ESHUTDOWN);
	CHECK_INT(bide_queue_task_done(queue), -EINVAL);
	end_host(hosts[0]);
	end_host(hosts[1]);
	bide_queue_free(queue);
}

/* Items that were got are owed, so whoever joins waits for them. */
TEST(queue_shared_shutdown, leaves_who_joins_waiting_for_what_was_got)
{
	bide_queue *queue = new_shared(2);
	bide_thread *host = start_host();
	struct visitor joiner;

	CHECK_INT(put(queue, 1), 0);
	CHECK_INT(put(queue, 2), 0);
	CHECK_INT(get(queue), 1);
	visit_to_join(&joiner, host, queue);
	bide_queue_shutdown(queue, true);
	CHECK_INT(call_on(host, return_arg, NULL), 0);
	CHECK(!bide_done(joiner.task));
	CHECK_INT(bide_queue_task_done(queue), 0);
	CHECK_INT(visitor_end(&joiner), 0);
	end_host(host);
	bide_queue_free(queue);
}

/* ---- freeing ---- */

TEST(queue_shared_free, drops_the_items_left)
{
	bide_queue *queue = new_shared(0);

	for (int i = 0; i < 100; i++)
		CHECK_INT(put(queue, i), 0);
	bide_queue_free(queue);
}

/* Those who were woken have nothing to do with the queue any more. */
TEST(queue_shared_free, is_right_as_soon_as_all_who_waited_were_woken)
{
	bide_thread *hosts[3] = { start_host(), start_host(), NULL };

	for (int round = 0; round < 50; round++) {
		bide_queue *queue = new_shared(1);
		struct visitor visitors[6];

		for (int i = 0; i < 6; i++)
			visit_to_get(&visitors[i], hosts[i % 3], queue);
		CHECK_INT(put(queue, 1), 0);
		CHECK_INT(put(queue, 2), 0);
		bide_queue_shutdown(queue, round % 2);
		if (getenv("BIDE_TEST_SLOW") == NULL)
			bide_queue_free(queue);
		for (int i = 0; i < 6; i++) {
			int r = visitor_end(&visitors[i]);

			CHECK(r == -ESHUTDOWN || (r == 0 && visitors[i].value > 0));
		}
		if (getenv("BIDE_TEST_SLOW") != NULL)
			bide_queue_free(queue);
	}
	end_host(hosts[0]);
	end_host(hosts[1]);
}

/* An answer is put into a queue that is the asker's, who takes it and frees the queue. */
static void answer(void *arg, int round)
{
	bide_queue **queue = arg;

	CHECK_INT(put(*queue, round), 0);
}

static struct partner answerer;
static bide_queue *answers;
static int round_now;

static int ask(void *arg)
{
	(void)arg;
	answers = new_shared(round_now % 3 == 2 ? BIDE_QUEUE_RENDEZVOUS : (size_t)round_now % 3);
	partner_go(&answerer, round_now);
	CHECK_INT(get(answers), round_now);
	bide_queue_free(answers);
	return 0;
}

TEST(queue_shared_free, is_right_for_who_has_got_the_last_item)
{
	bide_thread *host = start_host();

	partner_begin(&answerer, answer, &answers);
	for (round_now = 0; round_now < test_many(1000); round_now++) {
		if (round_now % 2)
			CHECK_INT(ask(NULL), 0);
		else
			CHECK_INT(call_on(host, ask, NULL), 0);
		partner_wait(&answerer);
	}
	partner_end(&answerer);
	end_host(host);
}

static bide_fn *visit_fn;
static bool is_plain;
static char printed[8192];

static void free_under_visitor(void)
{
	bide_queue *queue = new_shared(1);
	struct choice choice;
	struct visitor visitor;

	if (visit_fn != visit_get)
		CHECK_INT(put(queue, 1), 0);
	choice_init(&choice, BIDE_FOREVER);
	add_get(&choice, NULL);
	add_put(&choice, queue, 3);
	visitor_init(&visitor, visit_fn, queue);
	visitor.choice = &choice;
	visit(&visitor, is_plain ? NULL : start_host());
	bide_queue_free(queue);
}

static void check_aborts(bide_fn *fn)
{
	visit_fn = fn;
	for (int i = 0; i < 2; i++) {
		int status;

		is_plain = i == 1;
		if (is_plain && getenv("BIDE_TEST_SLOW") != NULL)
			return;
		status = test_child(free_under_visitor, printed, sizeof printed);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			test_fail(__FILE__, __LINE__, "status is %#x; it printed: %s",
			          (unsigned)status, printed);
		CHECK(strstr(printed, "queue") != NULL && strstr(printed, "wait") != NULL);
	}
}

TEST(queue_shared_free, aborts_where_somebody_waits_to_get)
{
	check_aborts(visit_get);
}

TEST(queue_shared_free, aborts_where_somebody_waits_to_put)
{
	check_aborts(visit_put);
}

TEST(queue_shared_free, aborts_where_somebody_joins)
{
	check_aborts(visit_join);
}

TEST(queue_shared_free, aborts_where_somebody_selects)
{
	check_aborts(visit_select);
}

/* ---- loops that do not run ---- */

static struct visitor kept[3];

static int leave_visitors(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++)
		kept[i].task = bide_spawn(visitor_act, &kept[i]);
	return bide_yield();
}

static int join_visitors(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++)
		visitor_end(&kept[i]);
	return 0;
}

static void *put_one_and_shut_down(void *arg)
{
	CHECK_INT(put(arg, 5), 0);
	bide_queue_shutdown(arg, false);
	return NULL;
}

/* The loop has something to do then, which goes on in the next run. */
TEST(queue_shared, serves_the_tasks_of_a_loop_at_rest)
{
	bide_loop *loop = bide_loop_new(NULL);
	bide_queue *queue = new_shared(1);

	CHECK(loop != NULL);
	for (int i = 0; i < 3; i++)
		visitor_init(&kept[i], visit_get, queue);
	CHECK_INT(bide_loop_run(loop, leave_visitors, NULL), 0);
	join_plain(start_plain(put_one_and_shut_down, queue));
	CHECK_INT(bide_loop_timeout(loop), 0);
	bide_queue_free(queue);
	CHECK_INT(bide_loop_run(loop, join_visitors, NULL), 0);
	CHECK_INT(kept[0].result, 0);
	CHECK_INT(kept[0].value, 5);
	CHECK_INT(kept[1].result, -ESHUTDOWN);
	CHECK_INT(kept[2].result, -ESHUTDOWN);
	CHECK_INT(bide_loop_close(loop), 0);
}

TEST(queue_shared, forgets_the_waiters_of_a_loop_that_was_closed)
{
	bide_queue *queue = new_shared(1);

	for (int i = 0; i < 3; i++)
		visitor_init(&kept[i], i == 2 ? visit_join : visit_get, queue);
	CHECK_INT(put(queue, 1), 0);
	CHECK_INT(get(queue), 1);
	CHECK_INT(bide_run(leave_visitors, NULL), 0);
	for (int i = 0; i < 3; i++)
		CHECK_INT(kept[i].result, -ECANCELED);
	CHECK_INT(put(queue, 2), 0);
	CHECK_INT(get(queue), 2);
	bide_queue_free(queue);
}

/* ---- waiting is not a deadlock ---- */

struct delayed {
	bide_queue *queue;
	pid_t thread;           /* where the loop runs */
};

static void *put_when_asleep(void *arg)
{
	struct delayed *delayed = arg;

	until_asleep(delayed->thread);
	CHECK_INT(put(delayed->queue, 8), 0);
	return NULL;
}

static int get_delayed(void *arg)
{
	struct delayed *delayed = arg;
	pthread_t thread = start_plain(put_when_asleep, delayed);
	int r = get(delayed->queue);

	join_plain(thread);
	return r;
}

TEST(queue_shared, is_waited_for_by_a_loop_that_has_nothing_else_to_do)
{
	const bide_options options = { .flags = BIDE_VIRTUAL_CLOCK };
	struct delayed delayed = { new_shared(1), thread_id() };

	CHECK_INT(bide_run(get_delayed, &delayed), 8);
	CHECK_INT(bide_run_with(&options, get_delayed, &delayed), 8);
	bide_queue_free(delayed.queue);
}

/* ---- a loop runs here, but no task ---- */

static void use_outside(bide_task *task, int result, void *ctx)
{
	int value = 3;
	bide_case one = { .queue = ctx, .item = &value, .op = BIDE_GET };

	(void)task;
	(void)result;
	CHECK_INT(bide_queue_get(ctx, &value), -EPERM);
	CHECK_INT(bide_select(1, &one, BIDE_SECOND), -EPERM);
	CHECK_INT(bide_queue_try_put(ctx, &value), 0);
	CHECK_INT(bide_queue_put(ctx, &value), -EPERM);
	CHECK_INT(bide_queue_join(ctx), -EPERM);
}

static int fail_detached(void *arg)
{
	CHECK_INT(bide_go(return_arg, ARG(-EIO)), 0);
	return get(arg);
}

TEST(queue_shared, refuses_a_wait_that_would_block_a_loop)
{
	bide_queue *queue = new_shared(1);
	const bide_options options = { .on_error = use_outside, .ctx = queue };

	CHECK_INT(bide_run_with(&options, fail_detached, queue), 3);
	bide_queue_free(queue);
}
