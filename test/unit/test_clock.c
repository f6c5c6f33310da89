/* SPDX-License-Identifier: MIT */

/* test_clock.c - the clock from which durations count */
#include "base/clock.h"
#include "test.h"

/*
 * Goal: a duration that counts from a reading never ends early, whether the real
 * clock was looked at a moment ago or long ago; and hardly any is late.
 * Method: the real clock is read before and after each reading, for long enough that
 * the counter's rate is found and used. Late are those before which the thread had to
 * stand still between the counter and the clock.
 */
static void read_for_a_while(bide_time between_looks)
{
	struct start_clock clock = { 0 };
	bide_time begun = bide__clock_now();
	bide_time looked = 0;
	bide_time last = 0;
	bide_time now = begun;
	unsigned read_count = 0;
	unsigned late_count = 0;

	while (now < begun + 50 * BIDE_MILLISECOND) {
		bide_time reading;

		if (now - looked >= between_looks)
			looked = bide__start_clock_look(&clock);
		now = bide__clock_now();
		reading = start_clock_read(&clock);
		CHECK(reading >= now);
		CHECK(reading >= last);
		last = reading;
		now = bide__clock_now();
		read_count++;
		late_count += reading > now + BIDE_MICROSECOND;
	}
	CHECK(late_count < read_count / 10);
}

TEST(start_clock, is_not_early_where_looks_are_frequent)
{
	read_for_a_while(10 * BIDE_MICROSECOND);
}

TEST(start_clock, is_not_early_where_looks_are_rare)
{
	read_for_a_while(BIDE_MILLISECOND);
}

TEST(start_clock, needs_no_look)
{
	read_for_a_while(BIDE_FOREVER);
}
