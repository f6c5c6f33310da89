/* SPDX-License-Identifier: MIT */

/*
 * fiber.cpp - so many boost.fibers take turns with one mutex and yield while they hold it
 */
#include "bench.h"

#include <boost/fiber/all.hpp>
#include <mutex>
#include <vector>

namespace fibers = boost::fibers;

int main(int argc, char **argv)
{
	struct bench bench = bench_init("lock", 1, argc, argv);
	fibers::pooled_fixedsize_stack stacks;
	std::vector<fibers::fiber> workers;
	fibers::mutex mutex;
	bool is_contended = bench.param > 1;

	bench.ops_per_unit = (double)bench.param;
	for (int64_t units; (units = bench_next(&bench)) != 0;) {
		int64_t count = 0;

		for (long n = 0; n < bench.param; n++)
			workers.emplace_back(std::allocator_arg, stacks, [&] {
				for (int64_t i = 0; i < units; i++) {
					std::unique_lock<fibers::mutex> lock(mutex);

					count++;
					if (is_contended)
						boost::this_fiber::yield();
				}
			});
		for (auto &worker : workers)
			worker.join();
		workers.clear();
		if (count != bench.param * units)
			bench_fail("a fiber failed");
	}
	return 0;
}
