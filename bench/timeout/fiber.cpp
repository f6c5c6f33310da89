/* SPDX-License-Identifier: MIT */

/*
 * fiber.cpp - a wait with a time limit that another boost.fiber ends
 *
 * As in st.c: the limit is an argument of the wait, and two fibers notify each
 * other.
 */
#include "bench.h"

#include <boost/fiber/all.hpp>
#include <chrono>

namespace fibers = boost::fibers;

static fibers::mutex mutex;
static fibers::condition_variable turns[2];

static void turn(std::unique_lock<fibers::mutex> &lock, int mine)
{
	turns[1 - mine].notify_one();
	if (turns[mine].wait_for(lock, std::chrono::seconds(1)) == fibers::cv_status::timeout)
		bench_fail("timed out");
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("timeout", 2, argc, argv);
	bool is_over = false;
	fibers::fiber partner([&] {
		std::unique_lock<fibers::mutex> lock(mutex);

		while (!is_over)
			turn(lock, 1);
	});

	boost::this_fiber::yield();             /* lets it wait for its turn */
	{
		std::unique_lock<fibers::mutex> lock(mutex);

		for (int64_t units; (units = bench_next(&bench)) != 0;)
			for (; units != 0; units--)
				turn(lock, 0);
		is_over = true;
		turns[1].notify_one();
	}
	partner.join();
	return 0;
}
