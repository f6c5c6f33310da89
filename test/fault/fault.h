/* SPDX-License-Identifier: MIT */

/*
 * fault.h - every failure path of a scenario, one after the other
 *
 * FAULT_SWEEP(unit, sentence, scenario) runs the scenario with its first fault
 * point failing, then with its second, and so on, until a run meets no fault: the
 * number of steps is discovered, never written down. A scenario returns 0, or the
 * negative errno that it met; it must give back whatever it took either way, and
 * may not crash. The leak checker of the sanitizer build looks for memory, the
 * sweep itself for descriptors.
 */
#ifndef TEST_FAULT_FAULT_H
#define TEST_FAULT_FAULT_H

#include "base/fault.h"
#include "test.h"

#include <bide.h>
#include <dirent.h>
#include <errno.h>

static inline int descriptor_count(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static inline void fault_sweep(int (*scenario)(void))
{
	int failures = 0;
	int before;

	CHECK_INT(scenario(), 0);       /* loads what the C library loads once */
	before = descriptor_count();
	for (long nth = 1;; nth++) {
		bool has_fired;
		int r;

		bide__fault_arm(nth);
		r = scenario();
		has_fired = bide__fault_fired();
		bide__fault_arm(0);
		CHECK_INT(descriptor_count(), before);
		if (!has_fired) {
			CHECK_INT(r, 0);
			break;
		}
		CHECK(r <= 0);
		failures += r < 0;
		CHECK_INT(scenario(), 0);       /* nothing stays broken */
	}
	CHECK(failures > 0);
}

#define FAULT_SWEEP(unit, sentence, scenario)                                                      \
	TEST(unit, sentence)                                                                       \
	{                                                                                          \
		fault_sweep(scenario);                                                             \
	}

#endif
