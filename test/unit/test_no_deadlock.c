/* SPDX-License-Identifier: MIT */

/*
 * test_no_deadlock.c - loops in which nobody can run, but something can still happen
 */
#include "sync_test.h"

#include <bide.h>
#include <sys/timerfd.h>
#include <time.h>

static bide_event event;

static int set_after_5u(void *arg)
{
	CHECK_INT(bide_sleep(5 * U), 0);
	bide_event_set(arg);
	return 0;
}

static int wait_for_a_sleeper(void *arg)
{
	(void)arg;
	CHECK_INT(bide_go(set_after_5u, &event), 0);
	CHECK_INT(bide_event_wait(&event), 0);
	return case_now();
}

static int set_event(void *arg)
{
	bide_event_set(arg);
	return 0;
}

static int wait_for_a_late_starter(void *arg)
{
	const bide_task_options options = { .delay = 3 * U };

	(void)arg;
	bide_detach(bide_spawn_with(&options, set_event, &event));
	CHECK_INT(bide_event_wait(&event), 0);
	return case_now();
}

TEST(no_deadlock, while_a_task_sleeps_or_is_to_start)
{
	check_no_deadlock(wait_for_a_sleeper, "noted \nresult 5\n");
	check_no_deadlock(wait_for_a_late_starter, "noted \nresult 3\n");
}

static int set_when_readable(void *arg)
{
	uint64_t count = 0;

	CHECK_INT(bide_read(*(int *)arg, &count, sizeof count), sizeof count);
	bide_event_set(&event);
	return 0;
}

/* The kernel's clock is none of the loop's timers; a millisecond of it is enough. */
static int wait_for_a_reader(void *arg)
{
	const struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	(void)arg;
	CHECK(fd >= 0);
	CHECK_INT(timerfd_settime(fd, 0, &soon, NULL), 0);
	CHECK_INT(bide_go(set_when_readable, &fd), 0);
	CHECK_INT(bide_event_wait(&event), 0);
	CHECK_INT(bide_close(fd), 0);
	return 0;
}

TEST(no_deadlock, while_a_task_waits_for_io)
{
	run_in_child(0, BIDE_BACKEND_AUTO, wait_for_a_reader);
	CHECK_STR(printed, "noted \nresult 0\n");
	run_in_child(0, BIDE_BACKEND_EPOLL, wait_for_a_reader);
	CHECK_STR(printed, "noted \nresult 0\n");
	run_in_child(BIDE_VIRTUAL_CLOCK, BIDE_BACKEND_EPOLL, wait_for_a_reader);
	CHECK_STR(printed, "noted \nresult 0\n");
}

/* What only the world outside can end; here that is SIGINT, a millisecond from now. */
static void interrupt_soon(void)
{
	struct sigevent notification = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGINT };
	const struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	timer_t timer;

	CHECK_INT(timer_create(CLOCK_MONOTONIC, &notification, &timer), 0);
	CHECK_INT(timer_settime(timer, 0, &soon, NULL), 0);
}

static int wait_for_a_future_until_sigint(void *arg)
{
	static bide_future future;

	(void)arg;
	interrupt_soon();
	return bide_future_wait(&future, NULL);
}

static int sleep_until_sigint(void *arg)
{
	(void)arg;
	interrupt_soon();
	return bide_sleep(BIDE_FOREVER);
}

TEST(no_deadlock, while_a_task_waits_for_a_future_or_sleeps_for_ever)
{
	run_in_child(0, BIDE_BACKEND_AUTO, wait_for_a_future_until_sigint);
	CHECK_STR(printed, "noted \nresult -EINTR\n");
	run_in_child(0, BIDE_BACKEND_AUTO, sleep_until_sigint);
	CHECK_STR(printed, "noted \nresult -EINTR\n");
}

static int put_two(void *arg)
{
	int item = 3;

	CHECK_INT(bide_queue_put(arg, &item), 0);
	CHECK_INT(bide_queue_put(arg, &item), 0);
	bide_queue_shutdown(arg, false);
	return 0;
}

static int drain(void *arg)
{
	bide_queue *queue = bide_queue_new(sizeof(int), 1);
	int item;

	(void)arg;
	CHECK(queue != NULL);
	CHECK_INT(bide_go(put_two, queue), 0);
	while (bide_queue_get(queue, &item) == 0)
		NOTE("%d", item);
	bide_queue_free(queue);
	return 0;
}

TEST(no_deadlock, where_tasks_wake_each_other)
{
	check_no_deadlock(drain, "noted 3 · 3\nresult 0\n");
}
