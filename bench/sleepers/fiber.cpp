/* SPDX-License-Identifier: MIT */

/*
 * fiber.cpp - the memory of so many sleeping boost.fibers, their CPU time, and the time
 * beyond their sleep
 */
#include "bench.h"

#include <boost/fiber/all.hpp>
#include <chrono>
#include <vector>

namespace fibers = boost::fibers;

int main(int argc, char **argv)
{
	struct bench bench = bench_init("sleepers", 1, argc, argv);
	double n = (double)bench.param, before = bench_memory(), bytes;
	int64_t started = bench_now(), cpu = bench_cpu(), asleep, over;
	long awake_again = 0;
	std::vector<fibers::fiber> sleepers;

	for (long i = 0; i < bench.param; i++)
		sleepers.emplace_back([&] {
			boost::this_fiber::sleep_for(std::chrono::nanoseconds(bench.duration));
			awake_again++;
		});
	boost::this_fiber::yield();             /* each runs until it sleeps */
	asleep = bench_now() - started;
	bytes = bench_memory() - before;
	if (awake_again != 0)
		bench_fail("the sleep is too short to count the sleepers");
	for (auto &sleeper : sleepers)
		sleeper.join();
	over = bench_now() - started - bench.duration;
	cpu = bench_cpu() - cpu;
	bench_print("sleepers", bench.param, bytes / n);
	bench_print("sleepers-start", bench.param, (double)asleep / n);
	bench_print("sleepers-over", bench.param, (double)over / n);
	bench_print("sleepers-cpu", bench.param, (double)cpu / n);
	return 0;
}
