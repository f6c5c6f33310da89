/* SPDX-License-Identifier: MIT */

/*
 * shared_test.h - tests of shared queues of ints
 *
 * A visitor is a task of a loop, or a plain thread, that makes one call which may
 * wait. When visit() returns the visitor waits, as far as that can be told of a
 * thread, or has returned.
 */
#ifndef TEST_SUPPORT_SHARED_TEST_H
#define TEST_SUPPORT_SHARED_TEST_H

#include "queue_test.h"
#include "thread_test.h"

static inline bide_queue *new_shared(size_t maxsize)
{
	bide_queue *queue = bide_queue_new_shared(sizeof(int), maxsize);

	CHECK(queue != NULL);
	return queue;
}

/* Gets one. Returns the value, or the error. */
static inline int get(bide_queue *queue)
{
	int value = UNTOUCHED;
	int r = bide_queue_get(queue, &value);

	CHECK(r == 0 || value == UNTOUCHED);
	return r == 0 ? value : r;
}

/* ---- what visitors do ---- */

struct visitor {
	bide_fn *fn;            /* which of the calls below */
	bide_queue *queue;
	int value;              /* what is put, what was got */
	struct choice *choice;  /* for select */
	int result;
	int next;               /* what a task's next cancellation point gave */
	sem_t is_here;          /* posted before the call */
	pid_t thread;
	pthread_t plain;
	bide_task *task;        /* NULL: a plain thread */
};

static inline int visit_get(void *arg)
{
	struct visitor *visitor = arg;

	return bide_queue_get(visitor->queue, &visitor->value);
}

static inline int visit_put(void *arg)
{
	struct visitor *visitor = arg;

	return bide_queue_put(visitor->queue, &visitor->value);
}

static inline int visit_join(void *arg)
{
	struct visitor *visitor = arg;

	return bide_queue_join(visitor->queue);
}

static inline int visit_select(void *arg)
{
	struct visitor *visitor = arg;

	return choose(visitor->choice);
}

static inline int visitor_act(void *arg)
{
	struct visitor *visitor = arg;

	visitor->thread = thread_id();
	sem_post(&visitor->is_here);
	visitor->result = visitor->fn(visitor);
	visitor->next = bide_checkpoint();
	return visitor->result;
}

static inline void *visitor_main(void *arg)
{
	visitor_act(arg);
	return NULL;
}

static inline void visitor_init(struct visitor *visitor, bide_fn *fn, bide_queue *queue)
{
	*visitor = (struct visitor){ .fn = fn, .queue = queue, .value = UNTOUCHED };
	CHECK_INT(sem_init(&visitor->is_here, 0, 0), 0);
}

/* On the host's loop; NULL: on a thread of its own. */
static inline void visitor_start(struct visitor *visitor, bide_thread *host)
{
	if (host != NULL)
		visitor->task = spawn_on(bide_thread_loop(host), visitor_act, visitor);
	else
		visitor->plain = start_plain(visitor_main, visitor);
}

static inline void visit(struct visitor *visitor, bide_thread *host)
{
	visitor_start(visitor, host);
	MEET(&visitor->is_here);
	if (host != NULL)
		CHECK_INT(call_on(host, return_arg, NULL), 0);
	else
		until_asleep(visitor->thread);
}

/* Returns what the visitor's call returned. */
static inline int visitor_end(struct visitor *visitor)
{
	if (visitor->task == NULL) {
		join_plain(visitor->plain);
		return visitor->result;
	}
	return bide_join(visitor->task);
}

static inline void visit_to_get(struct visitor *visitor, bide_thread *host, bide_queue *queue)
{
	visitor_init(visitor, visit_get, queue);
	visit(visitor, host);
}

static inline void visit_to_put(struct visitor *visitor, bide_thread *host, bide_queue *queue,
                                int value)
{
	visitor_init(visitor, visit_put, queue);
	visitor->value = value;
	visit(visitor, host);
}

static inline void visit_to_join(struct visitor *visitor, bide_thread *host, bide_queue *queue)
{
	visitor_init(visitor, visit_join, queue);
	visit(visitor, host);
}

static inline void visit_to_select(struct visitor *visitor, bide_thread *host,
                                   struct choice *choice)
{
	visitor_init(visitor, visit_select, NULL);
	visitor->choice = choice;
	visit(visitor, host);
}

/* ---- threads that do something again and again, at the same time ---- */

/* Holds a thread for a moment that is another one in each round. */
static inline void hesitate(int round)
{
	for (int i = round * 7919 % 3000; i > 0; i--)
		__asm__ volatile("" ::: "memory");
}

struct partner {
	void (*act)(void *arg, int round);
	void *arg;
	sem_t next;
	sem_t done;
	int round;              /* negative: there are no more */
	pthread_t thread;
};

static inline void *partner_main(void *arg)
{
	struct partner *partner = arg;

	for (;;) {
		MEET(&partner->next);
		if (partner->round < 0)
			return NULL;
		hesitate(partner->round);
		partner->act(partner->arg, partner->round);
		sem_post(&partner->done);
	}
}

static inline void partner_begin(struct partner *partner, void (*act)(void *arg, int round),
                                 void *arg)
{
	*partner = (struct partner){ .act = act, .arg = arg };
	CHECK_INT(sem_init(&partner->next, 0, 0), 0);
	CHECK_INT(sem_init(&partner->done, 0, 0), 0);
	partner->thread = start_plain(partner_main, partner);
}

/* Has the partner's thread act; partner_wait() returns when it has. */
static inline void partner_go(struct partner *partner, int round)
{
	partner->round = round;
	sem_post(&partner->next);
}

static inline void partner_wait(struct partner *partner)
{
	MEET(&partner->done);
}

static inline void partner_end(struct partner *partner)
{
	partner_go(partner, -1);
	join_plain(partner->thread);
}

#endif
