/* SPDX-License-Identifier: MIT */

/*
 * epoll.c - what asking the kernel for events costs where there are none
 */
#include "bench.h"

#include <sys/epoll.h>

int main(int argc, char **argv)
{
	struct bench bench = bench_init("floor", 1, argc, argv);
	struct epoll_event events[64];
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		bench_fail("epoll_create1 failed");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			if (epoll_wait(fd, events, 64, 0) != 0)
				bench_fail("an event out of nowhere");
	return 0;
}
