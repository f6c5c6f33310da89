/* SPDX-License-Identifier: MIT */

/*
 * fiber.cpp - pop_wait_for() of an item that is there
 */
#include "bench.h"

#include <boost/fiber/all.hpp>
#include <chrono>

namespace fibers = boost::fibers;

int main(int argc, char **argv)
{
	struct bench bench = bench_init("timeout-ready", 1, argc, argv);
	fibers::buffered_channel<int64_t> channel(2);
	int64_t item = 0, sent = 0;

	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			if (channel.push(sent) != fibers::channel_op_status::success ||
			    channel.pop_wait_for(item, std::chrono::seconds(1)) !=
			            fibers::channel_op_status::success ||
			    item != sent++)
				bench_fail("not the item");
	return 0;
}
