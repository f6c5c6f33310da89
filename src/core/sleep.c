/* SPDX-License-Identifier: MIT */

/*
 * sleep.c - letting time pass, and letting others run
 */
#include "core/wait.h"

#include <bide/task.h>

struct sleeper {
	struct waiter waiter;
	struct bide_timer timer;        /* not armed in a sleep without an end */
};

static bool sleep_withdraw(struct waiter *waiter)
{
	struct sleeper *sleeper = container_of(waiter, struct sleeper, waiter);

	timer_disarm(&task_loop(waiter->task)->wheel, &sleeper->timer);
	return true;
}

static void sleep_fire(struct bide_timer *timer)
{
	bide__settle(&container_of(timer, struct sleeper, timer)->waiter, 0);
}

static int sleep_park(bide_loop *loop, bide_time when)
{
	struct sleeper sleeper = {
		.waiter = { .withdraw = sleep_withdraw, .reason = PARK_SLEEP },
		.timer = { .fire = sleep_fire },
	};
	int r;

	if (when < BIDE_FOREVER) {
		timer_arm(&loop->wheel, &sleeper.timer, when);
		return bide__park_interruptible(&sleeper.waiter);
	}
	/* Counted, as such a sleep is meant to be ended from outside: it is no
	 * deadlock. */
	loop->outside_count++;
	r = bide__park_interruptible(&sleeper.waiter);
	loop->outside_count--;
	return r;
}

int bide_yield(void)
{
	struct bide_task *self = task_current();
	int r = cancellation_point(self);

	if (unlikely(r < 0))
		return r;
	loop_time_round(bide__loop);
	ring_push(&bide__loop->ready, self);
	return bide__suspend(bide__loop, self);
}

int bide_sleep(bide_time d)
{
	int r;

	if (d <= 0)
		return bide_yield();
	r = cancellation_point(task_current());
	if (r < 0)
		return r;
	return sleep_park(bide__loop, loop_deadline(bide__loop, d));
}

int bide_sleep_until(bide_time when)
{
	int r = cancellation_point(task_current());

	if (r < 0)
		return r;
	if (when <= loop_clock(bide__loop))
		return bide_yield();
	return sleep_park(bide__loop, when);
}

void bide_ticker_start(bide_ticker *ticker, bide_time period)
{
	ticker->period = period;
	ticker->next = bide__time_after(bide_now(), period);
}

ssize_t bide_ticker_wait(bide_ticker *ticker)
{
	int r = cancellation_point(task_current());
	bide_time now, due;

	if (r < 0)
		return r;
	if (ticker->period <= 0)
		return -EINVAL;

	now = loop_clock(bide__loop);
	if (now < ticker->next) {
		r = sleep_park(bide__loop, ticker->next);
		if (r < 0)
			return r;
		now = loop_clock(bide__loop);
	}
	due = (now - ticker->next) / ticker->period + 1;
	ticker->next = bide__time_after(ticker->next, due * ticker->period);
	return (ssize_t)due;
}
