/* SPDX-License-Identifier: MIT */

/*
 * futex.c - one thread hands the turn to another and gets it back
 *
 * The least that two threads can do, neither of which waits for anything else.
 */
#include "bench.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint32_t here, there;            /* 1: that side has the turn */

static void give(uint32_t *turn)
{
	__atomic_store_n(turn, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void take(uint32_t *turn)
{
	while (__atomic_load_n(turn, __ATOMIC_ACQUIRE) == 0)
		syscall(SYS_futex, turn, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	__atomic_store_n(turn, 0, __ATOMIC_RELAXED);
}

static void *worker(void *arg)
{
	for (;;) {
		take(&there);
		give(&here);
	}
	return arg;
}

int main(int argc, char **argv)
{
	struct bench bench = bench_init("to_thread", 1, argc, argv);
	pthread_t thread;

	if (pthread_create(&thread, NULL, worker, NULL) != 0)
		bench_fail("pthread_create failed");
	for (int64_t units; (units = bench_next(&bench)) != 0;)
		for (; units != 0; units--) {
			give(&there);
			take(&here);
		}
	return 0;
}
