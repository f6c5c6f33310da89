/* SPDX-License-Identifier: MIT */

/*
 * eventfd.c - two threads wake each other by eventfd, and wait by epoll
 *
 * The least that two loops can do which wait for descriptors, too: where epoll tells
 * edges, each write is one, and nothing has to be read.
 */
#include "bench.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct side {
	int epoll_fd;
	int event_fd;
};

static struct side here, there;

static void open_side(struct side *side)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	side->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	side->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (epoll_ctl(side->epoll_fd, EPOLL_CTL_ADD, side->event_fd, &event) < 0)
		bench_fail("no epoll or no eventfd");
}

static void wake(struct side *side)
{
	uint64_t one = 1;

	if (write(side->event_fd, &one, sizeof(one)) < 0)
		bench_fail("write failed");
}

static void wait_for(struct side *side)
{
	struct epoll_event events[64];

	if (epoll_wait(side->epoll_fd, events, 64, -1) != 1)
		bench_fail("not one event");
}

static void *pong(void *arg)
{
	for (;;) {
		wait_for(&there);
		wake(&here);
	}
	return arg;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("wake", 1, argc, argv);
	pthread_t thread;

	open_side(&here);
	open_side(&there);
	if (pthread_create(&thread, NULL, pong, NULL) != 0)
		bench_fail("pthread_create failed");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			wake(&there);
			wait_for(&here);
		}
	return 0;
}
