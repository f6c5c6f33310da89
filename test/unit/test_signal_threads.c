/* SPDX-License-Identifier: MIT */

/*
 * test_signal_threads.c - waiting for signals where several threads run
 *
 * Nothing here depends on time: all meet at barriers, and end when the signals are
 * there.
 */
#include "signal_test.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

static int do_nothing(void *arg)
{
	(void)arg;
	return 0;
}

static int sleep_for_ever(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

/*
 * Spawns a waiter on the thread's loop. It waits when this returns: the second task
 * begins after it, so only once it has suspended.
 */
static bide_task *start_waiter(bide_thread *thread)
{
	bide_loop *loop = bide_thread_loop(thread);
	bide_task *task = bide_spawn_on(loop, wait_task, ARG(SIGUSR1));

	CHECK(task != NULL);
	CHECK_INT(bide_join(bide_spawn_on(loop, do_nothing, NULL)), 0);
	return task;
}

TEST(signal, is_seen_by_every_loop_that_waits_for_it)
{
	bide_thread *threads[2];
	bide_task *tasks[2];

	for (int i = 0; i < 2; i++) {
		threads[i] = bide_thread_start(NULL, sleep_for_ever, NULL);
		CHECK(threads[i] != NULL);
		tasks[i] = start_waiter(threads[i]);
	}
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	for (int i = 0; i < 2; i++)
		CHECK_INT(bide_join(tasks[i]), SIGUSR1);

	/* It was kept for nobody: one that is cancelled at once does not find it. */
	tasks[0] = start_waiter(threads[1]);
	CHECK(!bide_done(tasks[0]));
	CHECK_INT(bide_cancel(tasks[0]), 1);
	CHECK_INT(bide_join(tasks[0]), -ECANCELED);
	for (int i = 0; i < 2; i++)
		CHECK_INT(bide_thread_stop(threads[i], BIDE_FOREVER), -ECANCELED);
}

/* A signal that wakes the waiters of one loop is not kept for the waits of another. */
TEST(signal, that_a_loop_has_seen_is_kept_for_no_other_loop)
{
	bide_thread *threads[2];
	bide_task *task;

	for (int i = 0; i < 2; i++) {
		threads[i] = bide_thread_start(NULL, sleep_for_ever, NULL);
		CHECK(threads[i] != NULL);
	}
	task = start_waiter(threads[0]);
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(bide_join(task), SIGUSR1);
	task = start_waiter(threads[1]);
	CHECK(!bide_done(task));
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(bide_join(task), SIGUSR1);
	for (int i = 0; i < 2; i++)
		CHECK_INT(bide_thread_stop(threads[i], BIDE_FOREVER), -ECANCELED);
}

static bool is_same_set(const sigset_t *a, const sigset_t *b)
{
	for (int signo = 1; signo < NSIG; signo++)
		if (sigismember(a, signo) != sigismember(b, signo))
			return false;
	return true;
}

static void check_mask(const sigset_t *expected)
{
	sigset_t now;

	CHECK_INT(pthread_sigmask(SIG_BLOCK, NULL, &now), 0);
	CHECK(is_same_set(&now, expected));
}

/* Meets main twice: when it has a mask of its own, and when main has had a signal. */
static pthread_barrier_t barrier;

static void *keep_mask(void *arg)
{
	(void)arg;
	const sigset_t own = set_of(SIGUSR1, SIGTERM);

	CHECK_INT(pthread_sigmask(SIG_SETMASK, &own, NULL), 0);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	check_mask(&own);
	return NULL;
}

static void *look_at_mask(void *arg)
{
	check_mask(arg);
	return NULL;
}

static int wait_beside_threads(void *arg)
{
	bide_task *task = bide_spawn(wait_task, ARG(SIGUSR1));
	pthread_t later;

	pthread_barrier_wait(&barrier);
	bide_yield();
	CHECK_INT(kill(getpid(), SIGUSR1), 0);
	CHECK_INT(bide_join(task), SIGUSR1);
	check_mask(arg);
	CHECK_INT(pthread_create(&later, NULL, look_at_mask, arg), 0);
	CHECK_INT(pthread_join(later, NULL), 0);
	pthread_barrier_wait(&barrier);
	return 0;
}

TEST(signal_wait, leaves_the_masks_of_all_threads_alone)
{
	pthread_t thread;
	sigset_t before;

	CHECK_INT(pthread_sigmask(SIG_BLOCK, NULL, &before), 0);
	CHECK_INT(pthread_barrier_init(&barrier, NULL, 2), 0);
	CHECK_INT(pthread_create(&thread, NULL, keep_mask, NULL), 0);
	CHECK_INT(bide_run(wait_beside_threads, &before), 0);
	check_mask(&before);
	CHECK_INT(pthread_join(thread, NULL), 0);
	CHECK_INT(pthread_barrier_destroy(&barrier), 0);
}

/* The handler restarts what it interrupts, as a thread that knows nothing of it expects. */
static int idle_pipe[2];

static void *read_one_byte(void *arg)
{
	char byte;

	(void)arg;
	pthread_barrier_wait(&barrier);
	return (void *)(intptr_t)read(idle_pipe[0], &byte, 1);
}

static int signal_a_reader(void *arg)
{
	void *count;
	pthread_t thread;

	(void)arg;
	take_over(SIGUSR1);
	CHECK_INT(pthread_create(&thread, NULL, read_one_byte, NULL), 0);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 20; i++) {
		CHECK_INT(pthread_kill(thread, SIGUSR1), 0);
		CHECK_INT(wait_for(SIGUSR1), SIGUSR1);
	}
	CHECK_INT(write(idle_pipe[1], "x", 1), 1);
	CHECK_INT(pthread_join(thread, &count), 0);
	CHECK_INT((intptr_t)count, 1);
	return 0;
}

TEST(signal, does_not_fail_a_read_that_it_interrupts)
{
	if (HAS_TSAN)
		return;
	CHECK_INT(pipe(idle_pipe), 0);
	CHECK_INT(pthread_barrier_init(&barrier, NULL, 2), 0);
	CHECK_INT(bide_run(signal_a_reader, NULL), 0);
}

/* ---- a thousand of them ---- */

#define ROUNDS 500
#define SPINS_MAX 100000

/* A task that waits for one signal in each round. All but the signal's number atomic. */
struct watcher {
	int signo;
	int begun;              /* the round for which it waits, or is about to */
	int ended;              /* the round whose signal it has had */
};

static struct watcher watchers[2] = { { .signo = SIGUSR1 }, { .signo = SIGUSR2 } };
static bide_queue *tokens[2];   /* one for each round that a watcher may begin */

static bool has_come_to(const int *count, int round)
{
	return __atomic_load_n(count, __ATOMIC_SEQ_CST) >= round;
}

static void await(const int *count, int round)
{
	while (!has_come_to(count, round))
		(void)sched_yield();
}

/* Spins until the first watcher has had its signal, or n times. Returns how often. */
static long spin(int round, long n)
{
	long i = 0;

	while (i < n && !has_come_to(&watchers[0].ended, round))
		i++;
	return i;
}

/*
 * The second signal is to find the loop at every place on the way from the first to
 * its task. How long that takes each other round measures.
 */
static void *raise_all(void *arg)
{
	long way = 0;

	(void)arg;
	for (int round = 1; round <= ROUNDS; round++) {
		for (int i = 0; i < 2; i++)
			CHECK_INT(bide_queue_put(tokens[i], &round), 0);
		for (int i = 0; i < 2; i++)
			await(&watchers[i].begun, round);
		CHECK_INT(kill(getpid(), SIGUSR1), 0);
		if (round % 2 == 1)
			way = spin(round, SPINS_MAX);
		else
			(void)spin(round, way * (round % 64) / 64);
		CHECK_INT(kill(getpid(), SIGUSR2), 0);
		for (int i = 0; i < 2; i++)
			await(&watchers[i].ended, round);
	}
	return NULL;
}

static int watch(void *arg)
{
	struct watcher *watcher = arg;
	int round = 0;

	while (round < ROUNDS) {
		CHECK_INT(bide_queue_get(tokens[watcher - watchers], &round), 0);
		__atomic_store_n(&watcher->begun, round, __ATOMIC_SEQ_CST);
		CHECK_INT(wait_for(watcher->signo), watcher->signo);
		__atomic_store_n(&watcher->ended, round, __ATOMIC_SEQ_CST);
	}
	return 0;
}

static int watch_all(void *arg)
{
	bide_task *tasks[2];
	pthread_t thread;

	(void)arg;
	for (int i = 0; i < 2; i++) {
		tokens[i] = bide_queue_new_shared(sizeof(int), 0);
		CHECK(tokens[i] != NULL);
		tasks[i] = bide_spawn(watch, &watchers[i]);
	}
	CHECK_INT(pthread_create(&thread, NULL, raise_all, NULL), 0);
	CHECK_INT(bide_gather(2, tasks, NULL), 0);
	CHECK_INT(pthread_join(thread, NULL), 0);
	for (int i = 0; i < 2; i++)
		bide_queue_free(tokens[i]);
	return 0;
}

/*
 * Were one lost, the loop would sleep and the other thread spin for ever. TSan keeps
 * a signal back until its thread makes a call that it knows, and neither may do so.
 */
TEST(signal, is_never_lost_however_many_are_sent)
{
	if (HAS_TSAN)
		return;
	CHECK_INT(bide_run(watch_all, NULL), 0);
}
