/* SPDX-License-Identifier: MIT */

/*
 * fiber.cpp - notify_all wakes so many boost.fibers, which all wait again
 */
#include "bench.h"

#include <boost/fiber/all.hpp>
#include <mutex>
#include <vector>

namespace fibers = boost::fibers;

static fibers::mutex mutex;
static fibers::condition_variable start, ready;
static long waiting, waiters;
static int64_t turn;
static bool is_over;

static void waiter()
{
	std::unique_lock<fibers::mutex> lock(mutex);

	while (!is_over) {
		int64_t mine = turn;

		if (++waiting == waiters)
			ready.notify_one();
		start.wait(lock, [&] { return turn != mine; });
	}
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("event", 1, argc, argv);
	fibers::pooled_fixedsize_stack stacks;
	std::vector<fibers::fiber> fibers;
	auto all_wait = [] { return waiting == waiters; };

	bench.ops_per_unit = (double)bench.param;
	waiters = bench.param;
	for (long i = 0; i < waiters; i++)
		fibers.emplace_back(std::allocator_arg, stacks, waiter);
	{
		std::unique_lock<fibers::mutex> lock(mutex);

		ready.wait(lock, all_wait);
		for (int64_t units; (units = bench_next(&bench)) != 0;)
			for (; units != 0; units--) {
				waiting = 0;
				turn++;
				start.notify_all();
				ready.wait(lock, all_wait);
			}
		is_over = true;
		turn++;
		start.notify_all();
	}
	for (auto &fiber : fibers)
		fiber.join();
	return 0;
}
