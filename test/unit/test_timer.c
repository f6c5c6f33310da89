/* SPDX-License-Identifier: MIT */

/*
 * test_timer.c - the timer wheel against a sorted list
 */
#include "base/list.h"
#include "core/timer.h"
#include "test.h"

#include <stdlib.h>

#define TIMERS 2000

struct tested {
	struct bide_timer timer;
	uint64_t armed;                 /* how many were armed before */
	bool is_due;                    /* in the model: armed and not fired */
};

static struct timer_wheel wheel;
static struct tested timers[TIMERS];
static struct tested *fired[TIMERS];
static size_t fired_count;
static uint64_t armed_count;
static uint64_t seed;

static uint64_t pick(uint64_t bound)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (seed >> 20) % bound;
}

static void fire(struct bide_timer *timer)
{
	struct tested *tested = container_of(timer, struct tested, timer);

	CHECK(tested->is_due);
	tested->is_due = false;
	fired[fired_count++] = tested;
}

static void arm(struct tested *tested, bide_time deadline)
{
	tested->timer.fire = fire;
	tested->armed = armed_count++;
	tested->is_due = true;
	timer_arm(&wheel, &tested->timer, deadline);
}

static void disarm(struct tested *tested)
{
	tested->is_due = false;
	timer_disarm(&wheel, &tested->timer);
}

static bide_time earliest_due(void)
{
	bide_time earliest = BIDE_FOREVER;

	for (size_t i = 0; i < TIMERS; i++)
		if (timers[i].is_due && timers[i].timer.deadline < earliest)
			earliest = timers[i].timer.deadline;
	return earliest;
}

/* What has fired is what was due, by deadline, and as armed where that is the same. */
static void check_advance(bide_time now)
{
	uint64_t left = 0;

	fired_count = 0;
	CHECK(bide__wheel_next(&wheel) <= earliest_due());
	bide__wheel_advance(&wheel, now);
	for (size_t i = 0; i < TIMERS; i++) {
		CHECK(!timers[i].is_due || timers[i].timer.deadline > now);
		CHECK(timers[i].is_due == timer_is_armed(&timers[i].timer));
		left += timers[i].is_due;
	}
	CHECK_INT(wheel.count, left);
	for (size_t i = 0; i < fired_count; i++)
		CHECK(fired[i]->timer.deadline <= now);
	for (size_t i = 1; i < fired_count; i++) {
		const struct tested *a = fired[i - 1];
		const struct tested *b = fired[i];

		CHECK(a->timer.deadline <= b->timer.deadline);
		CHECK(a->timer.deadline != b->timer.deadline || a->armed < b->armed);
	}
}

/* Spans from nanoseconds to years, with many equal deadlines. */
static bide_time pick_span(void)
{
	return (bide_time)pick((uint64_t)1 << pick(40));
}

static void play(uint64_t new_seed)
{
	bide_time now = (bide_time)pick(1000000);

	seed = new_seed;
	bide__wheel_init(&wheel, now);
	for (size_t i = 0; i < TIMERS; i++)
		timers[i] = (struct tested){ 0 };
	armed_count = 0;
	for (int step = 0; step < 300; step++) {
		for (uint64_t n = pick(100); n > 0; n--) {
			struct tested *tested = &timers[pick(TIMERS)];

			if (tested->is_due)
				disarm(tested);
			else
				arm(tested, now + pick_span());
		}
		now += pick_span() / 16;
		check_advance(now);
	}
	check_advance(BIDE_FOREVER - 1);
	CHECK_INT(wheel.count, 0);
	CHECK(bide__wheel_next(&wheel) == BIDE_FOREVER);
}

TEST(timer, fire_by_deadline_and_order_of_arming_for_any_seed)
{
	const char *given = getenv("BIDE_TEST_SEED");

	if (given != NULL)
		play(strtoull(given, NULL, 0));
	for (uint64_t i = 1; given == NULL && i <= 30; i++)
		play(i);
}

TEST(timer, armed_for_the_past_is_due_at_once)
{
	bide__wheel_init(&wheel, 1000);
	arm(&timers[0], 5);
	arm(&timers[1], 1000);
	CHECK(bide__wheel_next(&wheel) <= 1000);
	fired_count = 0;
	bide__wheel_advance(&wheel, 1000);
	CHECK_INT(fired_count, 2);
}

TEST(timer, that_is_not_armed_may_be_disarmed)
{
	bide__wheel_init(&wheel, 0);
	disarm(&timers[0]);
	CHECK_INT(wheel.count, 0);
}
