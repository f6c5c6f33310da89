/* SPDX-License-Identifier: MIT */

/*
 * futex-eventfd.c - one thread hands the turn to another, which gives it back to a loop
 *
 * The least that a loop can do which waits for descriptors meanwhile.
 */
#include "bench.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint32_t there;                  /* 1: the other thread has the turn */
static int epoll_fd, event_fd;

static void *worker(void *arg)
{
	uint64_t one = 1;

	for (;;) {
		while (__atomic_exchange_n(&there, 0, __ATOMIC_ACQUIRE) == 0)
			syscall(SYS_futex, &there, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
		if (write(event_fd, &one, sizeof(one)) < 0)
			bench_fail("write failed");
	}
	return arg;
}

static void there_and_back(void)
{
	struct epoll_event events[64];

	__atomic_store_n(&there, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, &there, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	if (epoll_wait(epoll_fd, events, 64, -1) != 1)
		bench_fail("not one event");
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("to_thread", 1, argc, argv);
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	pthread_t thread;

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &event) < 0 ||
	    pthread_create(&thread, NULL, worker, NULL) != 0)
		bench_fail("no epoll, eventfd or thread");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--)
			there_and_back();
	return 0;
}
