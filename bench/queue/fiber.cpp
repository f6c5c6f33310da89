/* SPDX-License-Identifier: MIT */

/*
 * fiber.cpp - hand items from one boost.fiber to another by a buffered_channel
 *
 * Its size has to be a power of 2, and it holds one item less.
 */
#include "bench.h"

#include <boost/fiber/all.hpp>

namespace fibers = boost::fibers;

static std::size_t size_to_hold(long items)
{
	std::size_t size = 2;

	while (size <= (std::size_t)items)
		size *= 2;
	return size;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("queue", 1, argc, argv);
	fibers::buffered_channel<int64_t> channel(size_to_hold(bench.param));
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
	return 0;
}
