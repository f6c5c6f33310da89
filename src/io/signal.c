/* SPDX-License-Identifier: MIT */

/*
 * signal.c - tasks that wait for signals
 *
 * A handler can do next to nothing: it notes the signal, and sends each loop that
 * has somebody waiting a message that lies ready. The loop that comes to it first
 * hands the signal out. So a task may do anything about a signal, and no thread's
 * mask need be touched.
 *
 * Invariants
 *   Z1  A signal is pending from its handler to the task that takes it, and then
 *       nobody else does.
 *   Z2  A station is in the list for good, and belongs to a loop while tasks of that
 *       wait; its message is under way or is_sent is false.
 *
 * Handlers run on any thread, at any moment; all else is under the lock.
 */
#include "base/mem.h"
#include "base/sys.h"
#include "core/scope.h"
#include "core/wake.h"

#include <bide/signal.h>
#include <sched.h>
#include <string.h>

/* Signals are numbered from 1. */
#define SIGNALS_MAX 65

struct station {
	struct message message;
	struct station *next;           /* never changes */
	bide_loop *loop;                /* atomic; pinned by its waiting tasks; NULL: free */
	size_t waiting_count;
	bool is_sent;                   /* atomic */
};

struct signal_waiter {
	struct sleeper sleeper;         /* its node is in waiters */
	const sigset_t *set;
	struct station *station;
};

static pthread_mutex_t signals_lock = PTHREAD_MUTEX_INITIALIZER;
static struct bide_node waiters;
static struct station *stations;        /* atomic */
static bool is_pending[SIGNALS_MAX];    /* atomic */
static bool is_ours[SIGNALS_MAX];       /* our handler was set */
static int handler_count;               /* atomic: handlers that are running */

static void lock(void)
{
	(void)pthread_mutex_lock(&signals_lock);
}

static void unlock(void)
{
	(void)pthread_mutex_unlock(&signals_lock);
}

static void signal_handle(int signo)
{
	struct station *station;

	__atomic_add_fetch(&handler_count, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&is_pending[signo], true, __ATOMIC_SEQ_CST);
	station = __atomic_load_n(&stations, __ATOMIC_SEQ_CST);
	for (; station != NULL; station = station->next) {
		bide_loop *loop = __atomic_load_n(&station->loop, __ATOMIC_SEQ_CST);

		if (loop != NULL && !__atomic_exchange_n(&station->is_sent, true, __ATOMIC_SEQ_CST))
			(void)bide__wake_send(loop, &station->message); /* 0: it has tasks */
	}
	__atomic_sub_fetch(&handler_count, 1, __ATOMIC_SEQ_CST);
}

/* Takes a pending signal of the set: its number, or 0. */
static int take_pending(const sigset_t *set)
{
	for (int signo = 1; signo < SIGNALS_MAX; signo++)
		if (sigismember(set, signo) == 1 &&
		    __atomic_exchange_n(&is_pending[signo], false, __ATOMIC_SEQ_CST))
			return signo;
	return 0;
}

/* Wakes all who wait for the signal. Returns whether there was anybody. */
static bool hand_out(int signo)
{
	struct bide_node *node = waiters.next;
	bool was_taken = false;

	while (node != NULL && node != &waiters) {
		struct signal_waiter *waiter = container_of(node, struct signal_waiter,
		                                            sleeper.node);

		node = node->next;
		if (sigismember(waiter->set, signo) != 1)
			continue;
		list_remove(&waiter->sleeper.node);
		bide__sleeper_wake(&waiter->sleeper, signo);
		was_taken = true;
	}
	return was_taken;
}

/* What nobody waits for stays pending. */
static void hand_out_all(void)
{
	for (int signo = 1; signo < SIGNALS_MAX; signo++)
		if (__atomic_exchange_n(&is_pending[signo], false, __ATOMIC_SEQ_CST) &&
		    !hand_out(signo))
			__atomic_store_n(&is_pending[signo], true, __ATOMIC_SEQ_CST);
}

static bool station_arrive(struct message *message, bide_loop *loop)
{
	struct station *station = container_of(message, struct station, message);

	(void)loop;
	/* Before what is pending is looked at: a signal from here on sends anew. */
	__atomic_store_n(&station->is_sent, false, __ATOMIC_SEQ_CST);
	lock();
	hand_out_all();
	unlock();
	return true;
}

/* The loop's station, or a free one, made where there is none. NULL: no memory. */
static struct station *station_enter(bide_loop *loop)
{
	struct station *found = NULL;

	for (struct station *station = stations; station != NULL; station = station->next) {
		if (station->loop == loop) {
			found = station;
			break;
		}
		if (station->loop == NULL && !station->is_sent)
			found = station;
	}
	if (found == NULL) {
		found = bide__calloc(1, sizeof *found);
		if (found == NULL)
			return NULL;
		found->message.run = station_arrive;
		found->next = stations;
		__atomic_store_n(&stations, found, __ATOMIC_SEQ_CST);
	}
	found->waiting_count++;
	__atomic_store_n(&found->loop, loop, __ATOMIC_SEQ_CST);
	return found;
}

static void station_leave(struct station *station)
{
	if (--station->waiting_count > 0)
		return;
	__atomic_store_n(&station->loop, NULL, __ATOMIC_SEQ_CST);
	/* A handler on another thread may still hold the pointer. */
	while (__atomic_load_n(&handler_count, __ATOMIC_SEQ_CST) > 0)
		(void)sched_yield();
}

/* In the child of a fork, whose loops do not run. */
static void forget(void)
{
	(void)pthread_mutex_init(&signals_lock, NULL);
	waiters = (struct bide_node){ NULL, NULL };
	handler_count = 0;
	memset(is_pending, 0, sizeof is_pending);
	for (struct station *station = stations; station != NULL; station = station->next) {
		station->loop = NULL;
		station->waiting_count = 0;
		station->is_sent = false;
	}
}

/* Whether there are signals in the set, and all of them can be handled. */
static bool can_handle(const sigset_t *set)
{
	/* The first two nobody can; to return from the others would raise them again. */
	static const int never[] = { SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	bool has_any = false;

	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
		if (sigismember(set, never[i]) == 1)
			return false;
	for (int signo = 1; signo < SIGNALS_MAX; signo++)
		has_any = has_any || sigismember(set, signo) == 1;
	return has_any;
}

/* Sets our handler where it is not there yet. Returns 0 or -EINVAL. */
static int handlers_set(const sigset_t *set)
{
	/* Its frame may be too large for a small task's stack. */
	const struct sigaction ours = {
		.sa_handler = signal_handle,
		.sa_flags = SA_RESTART | SA_ONSTACK,
	};
	static bool is_registered;

	if (!is_registered)
		is_registered = pthread_atfork(NULL, NULL, forget) == 0;
	for (int signo = 1; signo < SIGNALS_MAX; signo++) {
		if (sigismember(set, signo) != 1 || is_ours[signo])
			continue;
		if (bide__sys_sigaction(signo, &ours, NULL) < 0)
			return -EINVAL;
		is_ours[signo] = true;
	}
	return 0;
}

static bool signal_withdraw(struct waiter *waiter)
{
	struct sleeper *sleeper = container_of(waiter, struct sleeper, waiter);

	lock();
	if (list_is_linked(&sleeper->node)) {
		list_remove(&sleeper->node);
		sleeper->was_withdrawn = true;
	}
	unlock();
	return sleeper->was_withdrawn;
}

/*
 * Puts the waiter where the handler's message finds it. Returns 0, a signal that has
 * come already, or a negative errno; only with 0 it is there.
 */
static int waiter_enter(struct signal_waiter *waiter)
{
	int r = handlers_set(waiter->set);

	if (r < 0)
		return r;
	waiter->station = station_enter(bide__loop);
	if (waiter->station == NULL)
		return -ENOMEM;
	/* What has come is for those who were here before. The station is there
	 * first: what comes after this look sends a message. */
	hand_out_all();
	r = take_pending(waiter->set);
	if (r > 0)
		station_leave(waiter->station);
	else
		list_push_back(&waiters, &waiter->sleeper.node);
	return r;
}

int bide_signal_wait(const sigset_t *set)
{
	struct bide_task *self = task_current();
	struct signal_waiter waiter = { .set = set };
	int r = cancellation_point(self);

	if (r < 0)
		return r;
	if (!can_handle(set))
		return -EINVAL;
	bide__sleeper_init(&waiter.sleeper, PARK_SIGNAL, &waiters);
	waiter.sleeper.waiter.withdraw = signal_withdraw;
	lock();
	r = waiter_enter(&waiter);
	unlock();
	if (r != 0)
		return r;

	r = bide__sleeper_wait(&waiter.sleeper, BIDE_FOREVER);
	lock();
	station_leave(waiter.station);
	unlock();
	return waiter.sleeper.was_withdrawn ? bide__cut_short(self) : r;
}
