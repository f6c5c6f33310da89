/* SPDX-License-Identifier: MIT */

/*
 * reaper.c - the threads that wait for children
 *
 * A process that is freed while it runs is killed, but how long the system takes to
 * put it down nobody knows, and until it was collected it is a zombie. So that freeing
 * never waits, one thread of the program collects what was left, and ends when there is
 * nothing more. It asks for each of them in turn, at growing intervals, as one that
 * hangs in the kernel must not keep the others waiting.
 *
 * Where the kernel has no pidfds a watcher stands in for one: a thread that waits for one
 * child and then closes its end of a pipe.
 *
 * Invariants, under the lock
 *   CR1  What is in the list was killed, and belongs to nobody else.
 *   CR2  While is_running, a thread will look at the list once more after any change.
 *
 * Where no thread can be started, the next start or free of a process looks.
 */
#include "base/mem.h"
#include "base/sys.h"
#include "base/sys_fd.h"
#include "base/sys_process.h"
#include "io/process.h"

#include <pthread.h>

#define INTERVAL_MIN BIDE_MILLISECOND
#define INTERVAL_MAX BIDE_SECOND

static pthread_mutex_t reaper_lock = PTHREAD_MUTEX_INITIALIZER;
static struct bide_node left_behind;    /* struct bide_process.node */
static bool is_running;
static uint32_t taken_count;            /* atomic: what the thread sleeps on */

/* In the child of a fork, which has neither the thread nor these children. */
static void forget(void)
{
	(void)pthread_mutex_init(&reaper_lock, NULL);
	left_behind = (struct bide_node){ NULL, NULL };
	is_running = false;
}

static void watch_forks(void)
{
	(void)pthread_atfork(NULL, NULL, forget);       /* no memory: no watch */
}

static void lock(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, watch_forks);
	(void)pthread_mutex_lock(&reaper_lock);
}

static void unlock(void)
{
	(void)pthread_mutex_unlock(&reaper_lock);
}

/* Called with the lock. */
static void collect(void)
{
	struct bide_node *node = left_behind.next;

	while (node != NULL && node != &left_behind) {
		struct bide_process *process = container_of(node, struct bide_process, node);

		node = node->next;
		if (bide__sys_reap(process->pid, -1, &process->status) == 0)
			continue;
		list_remove(&process->node);
		bide__process_discard(process);
	}
}

static void *reaper_main(void *arg)
{
	bide_time interval = INTERVAL_MIN;

	lock();
	for (collect(); !list_is_empty(&left_behind); collect()) {
		uint32_t seen = __atomic_load_n(&taken_count, __ATOMIC_RELAXED);

		unlock();
		(void)bide__sys_futex_wait(&taken_count, seen, interval);
		lock();
		interval = interval < INTERVAL_MAX / 2 ? interval * 2 : INTERVAL_MAX;
		if (__atomic_load_n(&taken_count, __ATOMIC_RELAXED) != seen)
			interval = INTERVAL_MIN;
	}
	is_running = false;
	unlock();
	return arg;
}

/* Sees to it that somebody collects what is in the list. Called with the lock. */
static void reaper_start(void)
{
	pthread_t thread;

	if (is_running || bide__sys_thread_start(&thread, reaper_main, NULL, true) < 0)
		return;
	is_running = true;
	(void)pthread_detach(thread);
}

void bide__reaper_take(bide_process *process)
{
	lock();
	list_push_back(&left_behind, &process->node);
	__atomic_add_fetch(&taken_count, 1, __ATOMIC_RELAXED);
	reaper_start();
	unlock();
	bide__sys_futex_wake(&taken_count);
}

void bide__reaper_look(void)
{
	lock();
	if (!is_running)
		collect();
	if (!list_is_empty(&left_behind))
		reaper_start();
	unlock();
}

struct watched {
	pid_t pid;
	int fd;                         /* owned: closed when the child has ended */
};

static void *watcher_main(void *arg)
{
	struct watched watched = *(struct watched *)arg;

	bide__free(arg);
	bide__sys_await_child(watched.pid);
	(void)bide__sys_close(watched.fd);
	return NULL;
}

int bide__watcher_start(pid_t pid)
{
	struct watched *watched = bide__alloc(sizeof *watched);
	pthread_t thread;
	int fds[2];
	int r;

	if (watched == NULL)
		return -ENOMEM;
	r = bide__sys_pipe(fds);
	if (r < 0) {
		bide__free(watched);
		return r;
	}
	*watched = (struct watched){ pid, fds[1] };
	r = bide__sys_thread_start(&thread, watcher_main, watched, true);
	if (r < 0) {
		(void)bide__sys_close(fds[0]);
		(void)bide__sys_close(fds[1]);
		bide__free(watched);
		return r;
	}
	/* Its child may have been collected by us before it looks: who would join it might
	 * wait for another one that has got the number. */
	(void)pthread_detach(thread);
	return fds[0];
}
