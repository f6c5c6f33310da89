/* SPDX-License-Identifier: MIT */

/*
 * wake.c - into a loop from other threads
 *
 * Each loop has an inbox: a list of messages, the newest first, that any thread adds
 * to by one compare-and-swap. The loop takes the whole list at each look, and
 * reverses it. The head also says whether the loop sleeps, so that only the first
 * message to a sleeping loop pays for a system call, and none to a busy one.
 *
 * Invariants
 *   V1  Whoever replaces INBOX_ASLEEP by a message interrupts the back end.
 *   V2  The loop waits in its back end only while the head is INBOX_ASLEEP, or was
 *       and V1 is about to happen.
 *   V3  A sleeper is in an object's queue, or will be woken, or was.
 *
 * A task that is woken from elsewhere may run, and its loop end, before the thread
 * that woke it is out of bide__wake_send(). So the waker pins the loop's memory.
 */
#include "core/wake.h"

#include "base/sys.h"
#include "core/scope.h"

#include <sched.h>

/* Messages that are run between two rounds. */
#define BATCH 128

/* Heads of an inbox that are no messages. An empty one of a loop that runs is NULL. */
#define INBOX_ASLEEP ((struct message *)1)
#define INBOX_CLOSED ((struct message *)2)

int bide__wake_send(bide_loop *loop, struct message *message)
{
	struct message *head = __atomic_load_n(&loop->inbox, __ATOMIC_RELAXED);

	do {
		if (head == INBOX_CLOSED)
			return -ESHUTDOWN;
		message->next = head == INBOX_ASLEEP ? NULL : head;
		/* Release: with the message comes what the sender did before. */
	} while (!__atomic_compare_exchange_n(&loop->inbox, &head, message, true, __ATOMIC_SEQ_CST,
	                                      __ATOMIC_RELAXED));
	if (head == INBOX_ASLEEP)
		loop->backend->ops->interrupt(loop->backend);   /* V1 */
	return 0;
}

void bide__inbox_init(bide_loop *loop)
{
	/* Until it runs, a foreign loop may wait for its descriptor. */
	loop->inbox = INBOX_ASLEEP;
}

static bool is_list(const struct message *head)
{
	return head != NULL && head != INBOX_ASLEEP && head != INBOX_CLOSED;
}

/* Returns the oldest of a list of messages, linked to the newer ones. */
static struct message *reversed(struct message *newest)
{
	struct message *oldest = NULL;

	while (newest != NULL) {
		struct message *next = newest->next;

		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

/*
 * Runs the oldest ones. Not all of a long list at once: tasks that are begun while
 * those before them have ended find memory that is still in the cache.
 */
static void run_postponed(bide_loop *loop)
{
	struct message *message = loop->postponed;

	for (unsigned n = 0; message != NULL && n < BATCH; n++) {
		struct message *next = message->next;

		if (!message->run(message, loop))
			break;
		message = next;
	}
	loop->postponed = message;
	if (message != NULL)
		__atomic_store_n(&loop->attention, 1, __ATOMIC_RELAXED);
}

void bide__inbox_drain(bide_loop *loop)
{
	struct message *head = __atomic_load_n(&loop->inbox, __ATOMIC_RELAXED);

	/* Those that are left over come first. */
	if (loop->postponed == NULL && head != NULL && head != INBOX_CLOSED) {
		/* Acquire: what the senders did comes before what we do. */
		head = __atomic_exchange_n(&loop->inbox, NULL, __ATOMIC_SEQ_CST);
		if (is_list(head))
			loop->postponed = reversed(head);
	}
	if (loop->postponed != NULL)
		run_postponed(loop);
}

bool bide__inbox_sleep(bide_loop *loop)
{
	struct message *head = NULL;

	if (loop->postponed != NULL)
		return false;
	return __atomic_compare_exchange_n(&loop->inbox, &head, INBOX_ASLEEP, false,
	                                   __ATOMIC_SEQ_CST, __ATOMIC_RELAXED) ||
	       head == INBOX_ASLEEP;
}

bool bide__inbox_is_empty(const bide_loop *loop)
{
	return loop->postponed == NULL && !is_list(__atomic_load_n(&loop->inbox, __ATOMIC_RELAXED));
}

bool bide__inbox_close(bide_loop *loop)
{
	struct message *head;

	if (loop->postponed == NULL) {
		head = __atomic_exchange_n(&loop->inbox, INBOX_CLOSED, __ATOMIC_SEQ_CST);
		if (is_list(head))
			loop->postponed = reversed(head);
	}
	if (loop->postponed != NULL) {
		run_postponed(loop);
		/* What was run may need messages to come to its end. */
		head = INBOX_CLOSED;
		(void)__atomic_compare_exchange_n(&loop->inbox, &head, NULL, false,
		                                  __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
		return false;
	}
	/* Those who have woken the last tasks are about to let go. */
	while (__atomic_load_n(&loop->pin_count, __ATOMIC_ACQUIRE) > 0)
		(void)sched_yield();
	return true;
}

/* Never freed, so that a wait that was ended elsewhere can be cancelled in safety. */
#define GUARDS 64

static union {
	pthread_mutex_t mutex;
	char line[64];                  /* one processor's lock does not slow another's */
} guards[GUARDS] __attribute__((aligned(64)));

static unsigned guard_index(const void *object)
{
	uint64_t hash = (uint64_t)(uintptr_t)object * 0x9e3779b97f4a7c15u;

	return (unsigned)(hash >> 58);
}

void bide__guard_lock(const void *object)
{
	/* All-zero is PTHREAD_MUTEX_INITIALIZER. */
	(void)pthread_mutex_lock(&guards[guard_index(object)].mutex);
}

void bide__guard_unlock(const void *object)
{
	(void)pthread_mutex_unlock(&guards[guard_index(object)].mutex);
}

uint64_t bide__guard_bit(const void *object)
{
	return (uint64_t)1 << guard_index(object);
}

void bide__guards_lock(uint64_t set)
{
	/* In ascending order, as everybody who takes more than one. */
	for (; set != 0; set &= set - 1)
		(void)pthread_mutex_lock(&guards[__builtin_ctzll(set)].mutex);
}

void bide__guards_unlock(uint64_t set)
{
	for (; set != 0; set &= set - 1)
		(void)pthread_mutex_unlock(&guards[__builtin_ctzll(set)].mutex);
}

void bide__guards_reset(void)
{
	for (unsigned i = 0; i < GUARDS; i++)
		(void)pthread_mutex_init(&guards[i].mutex, NULL);
}

static bool sleeper_withdraw(struct waiter *waiter)
{
	struct sleeper *sleeper = container_of(waiter, struct sleeper, waiter);

	bide__guard_lock(waiter->object);
	if (list_is_linked(&sleeper->node)) {
		list_remove(&sleeper->node);
		sleeper->was_withdrawn = true;
	}
	bide__guard_unlock(waiter->object);
	/* Else the waker is about to wake it, or has done so. */
	return sleeper->was_withdrawn;
}

void bide__sleeper_init(struct sleeper *sleeper, enum park_reason reason, const void *object)
{
	*sleeper = (struct sleeper){
		.waiter = {
			.task = task_current(),
			.withdraw = sleeper_withdraw,
			.object = object,
			.reason = (uint8_t)reason,
		},
		.loop = bide__loop,
	};
}

int bide__sleeper_may_wait(void)
{
	struct bide_task *self = task_current();

	if (self == NULL && bide__loop == NULL)
		return 0;
	return cancellation_point(self);
}

static bool is_woken(struct sleeper *sleeper)
{
	/* Acquire: the result was stored before. */
	return __atomic_load_n(&sleeper->is_woken, __ATOMIC_ACQUIRE) != 0;
}

static int thread_wait(struct sleeper *sleeper, bide_time deadline)
{
	while (!is_woken(sleeper)) {
		bide_time left = BIDE_FOREVER;

		if (deadline < BIDE_FOREVER) {
			bide_time now = bide__clock_now();

			left = deadline > now ? deadline - now : 0;
		}
		if (left <= 0 && sleeper->waiter.withdraw(&sleeper->waiter))
			return -ETIMEDOUT;
		/* Past the deadline it is about to be woken. */
		(void)bide__sys_futex_wait(&sleeper->is_woken, 0, left > 0 ? left : BIDE_FOREVER);
	}
	return sleeper->result;
}

int bide__sleeper_wait(struct sleeper *sleeper, bide_time deadline)
{
	bide_loop *loop = bide__loop;
	int r;

	if (loop == NULL)
		return thread_wait(sleeper, deadline);
	loop->outside_count++;
	r = bide__park(&sleeper->waiter);
	loop->outside_count--;
	return r;
}

static bool sleeper_arrive(struct message *message, bide_loop *loop)
{
	struct sleeper *sleeper = container_of(message, struct sleeper, message);

	(void)loop;
	bide__settle(&sleeper->waiter, sleeper->result);
	return true;
}

void bide__sleeper_wake(struct sleeper *sleeper, int result)
{
	bide_loop *loop = sleeper->loop;

	sleeper->result = result;
	if (loop == NULL) {
		__atomic_store_n(&sleeper->is_woken, 1, __ATOMIC_RELEASE);
		bide__sys_futex_wake(&sleeper->is_woken);
		return;
	}
	if (loop == bide__loop) {
		bide__settle(&sleeper->waiter, result);
		return;
	}
	sleeper->message.run = sleeper_arrive;
	__atomic_add_fetch(&loop->pin_count, 1, __ATOMIC_RELAXED);
	(void)bide__wake_send(loop, &sleeper->message); /* 0: its loop has a task */
	__atomic_sub_fetch(&loop->pin_count, 1, __ATOMIC_RELEASE);
}
