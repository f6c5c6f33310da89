/* SPDX-License-Identifier: MIT */

/*
 * fiber.cpp - a yield, a spawn, a time limit and a wake-up, while so many other
 * boost.fibers sleep
 *
 * The limit is that of a wait, as in timeout/fiber.cpp.
 */
#include "bench.h"

#include <boost/fiber/all.hpp>
#include <chrono>
#include <unistd.h>

namespace fibers = boost::fibers;

static char **arguments;

static void growth_switch()
{
	struct bench bench = bench_init("growth-switch", 2, 4, arguments);
	bool is_over = false;
	fibers::fiber partner([&] {
		while (!is_over)
			boost::this_fiber::yield();
	});

	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			boost::this_fiber::yield();
	is_over = true;
	partner.join();
}

static void growth_spawn()
{
	struct bench bench = bench_init("growth-spawn", 1, 4, arguments);
	fibers::pooled_fixedsize_stack stacks;

	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			fibers::fiber(std::allocator_arg, stacks, [] {}).join();
}

static fibers::mutex mutex;
static fibers::condition_variable turns[2];

static void turn(std::unique_lock<fibers::mutex> &lock, int mine)
{
	turns[1 - mine].notify_one();
	if (turns[mine].wait_for(lock, std::chrono::seconds(1)) == fibers::cv_status::timeout)
		bench_fail("timed out");
}

static void growth_timer()
{
	struct bench bench = bench_init("growth-timer", 2, 4, arguments);
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
}

static void growth_wake()
{
	struct bench bench = bench_init("growth-wake", 1, 4, arguments);
	fibers::buffered_channel<int64_t> channel(2);
	fibers::fiber producer([&] {
		for (int64_t item = 0; channel.push(item) == fibers::channel_op_status::success;)
			item++;
	});
	int64_t item = 0, expected = 0;

	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			if (channel.pop(item) != fibers::channel_op_status::success ||
			    item != expected++)
				bench_fail("not the next item");
	channel.close();
	producer.join();
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("growth", 1, argc, argv);

	arguments = argv;
	for (long i = 0; i < bench.param; i++)
		fibers::fiber([] {
			boost::this_fiber::sleep_for(std::chrono::hours(1));
		}).detach();
	boost::this_fiber::yield();             /* each runs until it sleeps */
	growth_switch();
	growth_spawn();
	growth_timer();
	growth_wake();
	fflush(stdout);
	_exit(0);                               /* the sleepers cannot be cancelled */
}
