/* SPDX-License-Identifier: MIT */

/*
 * test_embed.c - a loop inside a foreign one, and loops that are told to stop
 *
 * The foreign loop is poll(2) on one descriptor. These tests need the real
 * clock; what they wait for takes a few milliseconds.
 */
#include "test.h"

#include <bide.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define MS BIDE_MILLISECOND

static int milliseconds(bide_time timeout)
{
	if (timeout == BIDE_FOREVER)
		return -1;
	/* Rounded up: woken too early, poll would be called again and again. */
	return (int)((timeout + MS - 1) / MS);
}

/* Drives the loop until no task is left. Returns how often poll was called. */
static int drive(bide_loop *loop)
{
	int live, polls = 0;

	while ((live = bide_loop_step(loop)) > 0) {
		struct pollfd item = { .fd = bide_loop_fd(loop), .events = POLLIN };
		int timeout = milliseconds(bide_loop_timeout(loop));

		CHECK(poll(&item, 1, timeout) >= 0);
		polls++;
	}
	CHECK_INT(live, 0);
	return polls;
}

static int pair[2];
static int slept, received, yields;

static int sleep_briefly(void *arg)
{
	CHECK_INT(bide_sleep((bide_time)(intptr_t)arg * MS), 0);
	slept++;
	return 0;
}

static int receive(void *arg)
{
	char byte;

	(void)arg;
	while (bide_read(pair[0], &byte, 1) == 1)
		received++;
	return 0;
}

static int send_later(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		CHECK_INT(bide_sleep(2 * MS), 0);
		CHECK_INT(bide_write(pair[1], "x", 1), 1);
	}
	CHECK_INT(bide_close(pair[1]), 0);
	return 0;
}

static int yield_often(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++) {
		CHECK_INT(bide_yield(), 0);
		yields++;
	}
	return 0;
}

static int leave_tasks_over(void *arg)
{
	(void)arg;
	CHECK_INT(bide_go(sleep_briefly, (void *)5), 0);
	CHECK_INT(bide_go(sleep_briefly, (void *)3), 0);
	CHECK_INT(bide_go(receive, NULL), 0);
	CHECK_INT(bide_go(send_later, NULL), 0);
	CHECK_INT(bide_go(yield_often, NULL), 0);
	bide_yield();
	return 0;
}

TEST(embedding, drives_left_over_tasks_to_their_end)
{
	bide_loop *loop = bide_loop_new(NULL);

	CHECK(loop != NULL);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_INT(bide_loop_run(loop, leave_tasks_over, NULL), 0);
	CHECK_INT(slept, 0);
	/* It waits where there is nothing to do, and does not spin. */
	CHECK(drive(loop) < 100);
	CHECK_INT(slept, 2);
	CHECK_INT(received, 3);
	CHECK_INT(yields, 20);
	CHECK_INT(bide_close(pair[0]), 0);
	CHECK_INT(bide_loop_close(loop), 0);
}

static int sleep_an_hour(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_HOUR);
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static bool is_readable(int fd)
{
	struct pollfd item = { .fd = fd, .events = POLLIN };

	return poll(&item, 1, 0) == 1;
}

static bide_fn *left_over;

static int go_left_over(void *arg)
{
	(void)arg;
	CHECK_INT(bide_go(left_over, NULL), 0);
	bide_yield();
	return 0;
}

/* A loop with one parked task. */
static bide_loop *loop_with(bide_fn *fn)
{
	bide_loop *loop = bide_loop_new(NULL);

	CHECK(loop != NULL);
	left_over = fn;
	CHECK_INT(bide_loop_run(loop, go_left_over, NULL), 0);
	/* The first step may have something to tidy up. */
	CHECK_INT(bide_loop_step(loop), 1);
	return loop;
}

TEST(embedding, timeout_is_the_time_to_the_next_deadline)
{
	bide_loop *loop = loop_with(sleep_an_hour);
	bide_time timeout = bide_loop_timeout(loop);

	CHECK(timeout > BIDE_HOUR - BIDE_MINUTE && timeout <= BIDE_HOUR);
	CHECK(!is_readable(bide_loop_fd(loop)));
	CHECK_INT(bide_loop_step(loop), 1);
	CHECK_INT(bide_loop_close(loop), 0);
}

TEST(embedding, timeout_is_for_ever_where_no_timer_runs)
{
	bide_loop *loop = loop_with(sleep_for_ever);

	CHECK_INT(bide_loop_timeout(loop), BIDE_FOREVER);
	CHECK(!is_readable(bide_loop_fd(loop)));
	CHECK_INT(bide_loop_close(loop), 0);

	loop = bide_loop_new(NULL);
	CHECK(loop != NULL);
	CHECK_INT(bide_loop_timeout(loop), BIDE_FOREVER);
	CHECK_INT(bide_loop_step(loop), 0);
	CHECK_INT(bide_loop_close(loop), 0);
}

static int yield_for_ever(void *arg)
{
	(void)arg;
	while (bide_yield() == 0)
		yields++;
	return 0;
}

TEST(embedding, timeout_is_zero_where_a_task_is_ready)
{
	bide_loop *loop = loop_with(yield_for_ever);
	int before = yields;

	CHECK_INT(bide_loop_timeout(loop), 0);
	CHECK_INT(bide_loop_step(loop), 1);
	CHECK(yields > before);
	CHECK_INT(bide_loop_close(loop), 0);
}

TEST(embedding, descriptor_is_readable_when_there_is_input)
{
	bide_loop *loop;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	loop = loop_with(receive);
	CHECK(!is_readable(bide_loop_fd(loop)));
	CHECK_INT(write(pair[1], "xy", 2), 2);
	CHECK(is_readable(bide_loop_fd(loop)));
	while (is_readable(bide_loop_fd(loop)) || bide_loop_timeout(loop) == 0)
		CHECK_INT(bide_loop_step(loop), 1);
	CHECK_INT(received, 2);
	CHECK_INT(bide_loop_close(loop), 0);
	CHECK_INT(bide_close(pair[0]), 0);
	CHECK_INT(bide_close(pair[1]), 0);
}

static bide_task *reader;
static ssize_t reader_result;

static int read_one(void *arg)
{
	char byte;

	(void)arg;
	reader_result = bide_read(pair[0], &byte, 1);
	return 0;
}

static int close_first(void *arg)
{
	(void)arg;
	CHECK_INT(bide_close(pair[0]), 0);
	return 0;
}

static int park_reader_and_go_closer(void *arg)
{
	(void)arg;
	reader = bide_spawn(read_one, NULL);
	bide_yield();
	CHECK(!bide_done(reader));
	bide_detach(reader);
	return bide_go(close_first, NULL);
}

/* With tasks left, the foreign loop must never be made to wait: nothing would wake it. */
static void check_driven_to_the_end(bide_loop *loop)
{
	while (bide_loop_step(loop) > 0)
		CHECK(is_readable(bide_loop_fd(loop)) || bide_loop_timeout(loop) == 0);
}

static void check_notices_a_close(const bide_options *options)
{
	bide_loop *loop = bide_loop_new(options);

	CHECK(loop != NULL);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	CHECK_INT(bide_loop_run(loop, park_reader_and_go_closer, NULL), 0);
	reader_result = 0;
	check_driven_to_the_end(loop);
	CHECK_INT(reader_result, -EBADF);
	CHECK_INT(bide_close(pair[1]), 0);
	CHECK_INT(bide_loop_close(loop), 0);
}

TEST(embedding, is_told_of_what_a_close_has_ended)
{
	check_notices_a_close(NULL);
	check_notices_a_close(&(bide_options){ .backend = BIDE_BACKEND_URING });
	check_notices_a_close(&(bide_options){ .flags = BIDE_VIRTUAL_CLOCK });
	check_notices_a_close(&(bide_options){
		.flags = BIDE_VIRTUAL_CLOCK,
		.backend = BIDE_BACKEND_EPOLL,
	});
}

static int yield_once(void *arg)
{
	(void)arg;
	yields++;
	CHECK_INT(bide_yield(), 0);
	yields++;
	return 7;
}

TEST(stop, before_a_run_lets_that_run_do_one_round)
{
	bide_loop *loop = bide_loop_new(NULL);

	CHECK(loop != NULL);
	bide_loop_stop(loop);
	CHECK_INT(bide_loop_run(loop, yield_once, NULL), -EINPROGRESS);
	CHECK_INT(yields, 1);
	CHECK_INT(bide_loop_run(loop, yield_once, NULL), 7);
	CHECK_INT(yields, 4);

	bide_loop_stop(loop);
	CHECK_INT(bide_loop_run_forever(loop), 0);
	CHECK_INT(bide_loop_close(loop), 0);
}

static int stop_current(void *arg)
{
	(void)arg;
	bide_loop_stop(bide_loop_current());
	yields++;
	return 0;
}

static int go_stop_current(void *arg)
{
	(void)arg;
	return bide_go(stop_current, NULL);
}

TEST(stop, inside_a_task_ends_the_run_after_the_round)
{
	bide_loop *loop = bide_loop_new(NULL);

	CHECK(loop != NULL);
	CHECK_INT(bide_loop_run(loop, go_stop_current, NULL), 0);
	CHECK_INT(bide_loop_run_forever(loop), 0);
	CHECK_INT(yields, 1);
	CHECK_INT(bide_loop_close(loop), 0);
}

static bide_loop *stopped;

static void stop_in_handler(int signo)
{
	(void)signo;
	bide_loop_stop(stopped);
}

static void arm_alarm(void)
{
	const struct itimerval timer = { .it_value = { .tv_usec = 5000 } };
	const struct sigaction action = { .sa_handler = stop_in_handler };

	CHECK_INT(sigaction(SIGALRM, &action, NULL), 0);
	CHECK_INT(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

TEST(stop, from_a_signal_handler_ends_a_run_that_waits)
{
	stopped = bide_loop_new(NULL);
	CHECK(stopped != NULL);
	arm_alarm();
	CHECK_INT(bide_loop_run(stopped, sleep_an_hour, NULL), -EINPROGRESS);
	arm_alarm();
	CHECK_INT(bide_loop_run_forever(stopped), 0);
	CHECK_INT(bide_loop_close(stopped), 0);
}

TEST(stop, from_a_signal_handler_ends_a_run_of_no_tasks)
{
	stopped = bide_loop_new(NULL);
	CHECK(stopped != NULL);
	arm_alarm();
	CHECK_INT(bide_loop_run_forever(stopped), 0);
	CHECK_INT(bide_loop_close(stopped), 0);
}

static void *stop_in_thread(void *arg)
{
	bide_loop_stop(arg);
	bide_loop_unref(arg);
	return NULL;
}

static int start_thread_and_sleep(void *arg)
{
	bide_loop *loop = bide_loop_ref(bide_loop_current());

	CHECK_INT(pthread_create(arg, NULL, stop_in_thread, loop), 0);
	return bide_sleep(BIDE_HOUR);
}

TEST(stop, from_another_thread_ends_a_run_that_waits)
{
	for (int i = 0; i < 50; i++) {
		bide_loop *loop = bide_loop_new(NULL);
		pthread_t thread;

		CHECK(loop != NULL);
		CHECK_INT(bide_loop_run(loop, start_thread_and_sleep, &thread), -EINPROGRESS);
		CHECK_INT(pthread_join(thread, NULL), 0);
		CHECK_INT(bide_loop_close(loop), 0);
	}
}
