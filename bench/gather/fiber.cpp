/* SPDX-License-Identifier: MIT */

/*
 * fiber.cpp - launch so many boost.fibers and join them
 */
#include "bench.h"

#include <boost/fiber/all.hpp>
#include <vector>

namespace fibers = boost::fibers;

int main(int argc, char **argv)
{
	struct bench bench = bench_init("gather", 1, argc, argv);
	fibers::pooled_fixedsize_stack stacks;
	std::vector<fibers::fiber> children;

	bench.ops_per_unit = (double)bench.param;
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			for (long i = 0; i < bench.param; i++)
				children.emplace_back(std::allocator_arg, stacks, [] {});
			for (auto &child : children)
				child.join();
			children.clear();
		}
	return 0;
}
