/* SPDX-License-Identifier: MIT */

/*
 * context.cpp - into a boost.context fiber and back: two switches
 */
#include "bench.h"

#include <boost/context/fiber.hpp>

namespace ctx = boost::context;

int main(int argc, char **argv)
{
	struct bench bench = bench_init("switch", 2, argc, argv);
	int item = 0, expected = 0;
	bool is_over = false;
	ctx::fiber fiber([&](ctx::fiber &&caller) {
		for (; !is_over; item++)
			caller = std::move(caller).resume();
		return std::move(caller);
	});

	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			fiber = std::move(fiber).resume();
			if (item != expected++)
				bench_fail("the wrong item");
		}
	is_over = true;
	fiber = std::move(fiber).resume();
	return 0;
}
