/* SPDX-License-Identifier: MIT */

/*
 * fiber.cpp - launch one boost.fiber and join it
 */
#include "bench.h"

#include <boost/fiber/all.hpp>

namespace fibers = boost::fibers;

int main(int argc, char **argv)
{
	struct bench bench = bench_init("spawn", 1, argc, argv);
	fibers::pooled_fixedsize_stack stacks;

	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			fibers::fiber(std::allocator_arg, stacks, [] {}).join();
	return 0;
}
