/* SPDX-License-Identifier: MIT */

/*
 * fiber.cpp - one yield among so many boost.fibers
 */
#include "bench.h"

#include <boost/fiber/all.hpp>
#include <vector>

namespace fibers = boost::fibers;

int main(int argc, char **argv)
{
	struct bench bench = bench_init("yield", 1, argc, argv);
	fibers::pooled_fixedsize_stack stacks;
	std::vector<fibers::fiber> workers;
	bool is_over = false;

	bench.ops_per_unit = (double)bench.param;
	for (long i = 1; i < bench.param; i++)
		workers.emplace_back(std::allocator_arg, stacks, [&] {
			while (!is_over)
				boost::this_fiber::yield();
		});
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			boost::this_fiber::yield();
	is_over = true;
	for (auto &worker : workers)
		worker.join();
	return 0;
}
