/* SPDX-License-Identifier: MIT */

/*
 * cases_que.c - the cases QUE of the semantics: queues
 *
 * The queues hold ints. Where tasks wait for their turn the case counts on the
 * order of ready tasks.
 */
#include "case.h"

#include <errno.h>

static bide_queue *queue;

static bide_queue *new_queue(size_t maxsize)
{
	bide_queue *q = bide_queue_new(sizeof(int), maxsize);

	CHECK(q != NULL);
	return q;
}

static int put(bide_queue *q, int i)
{
	return bide_queue_put(q, &i);
}

/* Says "join back" when the queue's work is done. */
static int say_joined(void *arg)
{
	(void)arg;
	bide_queue_join(queue);
	LOG("join back");
	return 0;
}

/* Says its name and what it got. */
static int say_got(void *arg)
{
	int v = -1;

	bide_queue_get(queue, &v);
	LOG("%s %d", (const char *)arg, v);
	return 0;
}

static int que_02_p(void *arg)
{
	(void)arg;
	for (int i = 1; i <= 3; i++) {
		put(queue, i);
		LOG("put %d", i);
	}
	return 0;
}

CASE(QUE_02, "put waits while the queue is full; its item goes in when a get makes room",
     .trace = "put 1 · put 2 · got 1 2 · put 3 · got 2 1 · got 3 0")
{
	bide_task *task;

	queue = new_queue(2);
	task = bide_spawn(que_02_p, NULL);
	bide_yield();
	for (int i = 1; i <= 3; i++) {
		int x = -1;

		bide_queue_get(queue, &x);
		LOG("got %d %zu", x, bide_queue_size(queue));
		bide_yield();
	}
	bide_join(task);
	bide_queue_free(queue);
	return 0;
}

static int que_04_other(void *arg)
{
	(void)arg;
	LOG("other");
	return 0;
}

CASE(QUE_04, "without a maximum there is no limit, and the queue is never full",
     .trace = "false · 1000 false · other", .order = ANY_ORDER)
{
	bide_task *other = bide_spawn(que_04_other, NULL);

	queue = new_queue(0);
	LOG("%s", BOOL(bide_queue_full(queue)));
	for (int i = 0; i < 1000; i++) {
		CHECK_INT(put(queue, i), 0);
		CHECK(!bide_queue_full(queue));
	}
	LOG("%zu %s", bide_queue_size(queue), BOOL(bide_queue_full(queue)));
	bide_join(other);
	bide_queue_free(queue);
	return 0;
}

CASE(QUE_05, "join waits for as many task_done as puts, not for an empty queue",
     .trace = "true false · 0 0 · join back · -EINVAL", .order = ANY_ORDER)
{
	bide_task *joiner;
	int first, second, x;

	queue = new_queue(0);
	for (int i = 1; i <= 2; i++)
		put(queue, i);
	for (int i = 1; i <= 2; i++)
		bide_queue_get(queue, &x);
	joiner = bide_spawn(say_joined, NULL);
	bide_yield();
	LOG("%s %s", BOOL(bide_queue_empty(queue)), BOOL(bide_done(joiner)));
	first = bide_queue_task_done(queue);
	second = bide_queue_task_done(queue);
	LOG("%s %s", ERR(first), ERR(second));
	bide_join(joiner);
	LOG("%s", ERR(bide_queue_task_done(queue)));
	bide_queue_free(queue);
	return 0;
}

static int que_07_j(void *arg)
{
	bide_queue_join(queue);
	LOG("%s", (const char *)arg);
	return 0;
}

CASE(QUE_07, "join of an unused queue is 0 at once; several may join", .trace = "0 · j1 · j2")
{
	bide_task *t[2];
	int x;

	queue = new_queue(0);
	LOG("%s", ERR(bide_queue_join(queue)));
	put(queue, 1);
	t[0] = bide_spawn(que_07_j, "j1");
	t[1] = bide_spawn(que_07_j, "j2");
	bide_yield();
	bide_queue_get(queue, &x);
	bide_queue_task_done(queue);
	bide_gather(2, t, NULL);
	bide_queue_free(queue);
	return 0;
}

CASE(QUE_08, "getters are served in the order of asking", .trace = "a 1 · b 2 · c 3")
{
	bide_task *t[3];

	queue = new_queue(0);
	t[0] = bide_spawn(say_got, "a");
	t[1] = bide_spawn(say_got, "b");
	t[2] = bide_spawn(say_got, "c");
	bide_yield();
	for (int i = 1; i <= 3; i++)
		put(queue, i);
	bide_gather(3, t, NULL);
	bide_queue_free(queue);
	return 0;
}

static int que_10_g(void *arg)
{
	int v = -1;
	int r = bide_queue_get(queue, &v);

	(void)arg;
	LOG("%s %d %s", ERR(r), v, ERR(bide_checkpoint()));
	return 0;
}

CASE(QUE_10, "cancelled just after the item was given: the getter has it",
     .trace = "0 · 0 1 -ECANCELED")
{
	bide_task *task;

	queue = new_queue(0);
	task = bide_spawn(que_10_g, NULL);
	bide_yield();
	bide_queue_try_put(queue, &(int){ 1 });
	LOG("%zu", bide_queue_size(queue));
	bide_cancel(task);
	bide_join(task);
	bide_queue_free(queue);
	return 0;
}

static int que_11_p(void *arg)
{
	LOG("%d %s", INT(arg), ERR(put(queue, INT(arg))));
	return 0;
}

CASE(QUE_11, "a putter cancelled while it waits: its item never goes in",
     .trace = "1 -ECANCELED · got 0 · got 2 · 0 · 2 0")
{
	bide_task *t[2];
	int x = -1;

	queue = new_queue(1);
	put(queue, 0);
	t[0] = bide_spawn(que_11_p, ARG(1));
	t[1] = bide_spawn(que_11_p, ARG(2));
	bide_yield();
	bide_cancel(t[0]);
	bide_yield();
	bide_queue_get(queue, &x);
	LOG("got %d", x);
	bide_queue_get(queue, &x);
	LOG("got %d", x);
	LOG("%zu", bide_queue_size(queue));
	bide_gather(2, t, NULL);
	bide_queue_free(queue);
	return 0;
}

CASE(QUE_13, "no overtaking: an item put while a getter waits is that getter's",
     .trace = "-EAGAIN · a 1")
{
	bide_task *task;
	int x;

	queue = new_queue(0);
	task = bide_spawn(say_got, "a");
	bide_yield();
	put(queue, 1);
	LOG("%s", ERR(bide_queue_try_get(queue, &x)));
	bide_join(task);
	bide_queue_free(queue);
	return 0;
}

static int que_14_compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void que_14_three(bide_queue *q)
{
	int x[3] = { -1, -1, -1 };

	CHECK(q != NULL);
	put(q, 3);
	put(q, 1);
	put(q, 2);
	for (int i = 0; i < 3; i++)
		bide_queue_get(q, &x[i]);
	LOG("%d %d %d", x[0], x[1], x[2]);
}

CASE(QUE_14, "orders: FIFO, smallest first, last first; a waiting getter gets the item put",
     .trace = "3 1 2 · 1 2 3 · 2 1 3 · waiting 5")
{
	bide_queue *fifo = bide_queue_new(sizeof(int), 0);
	bide_queue *lifo = bide_queue_new_lifo(sizeof(int), 0);
	bide_task *task;

	queue = bide_queue_new_priority(sizeof(int), 0, que_14_compare);
	que_14_three(fifo);
	que_14_three(queue);
	que_14_three(lifo);
	task = bide_spawn(say_got, "waiting");
	bide_yield();
	put(queue, 5);
	put(queue, 1);
	bide_join(task);
	bide_queue_free(fifo);
	bide_queue_free(queue);
	bide_queue_free(lifo);
	return 0;
}

CASE(QUE_16, "a get that times out takes no item", .trace = "-ECANCELED · -ETIMEDOUT · 0 · 1",
     .elapsed = 1, .order = ANY_ORDER)
{
	bide_scope s;
	int x = -1;

	queue = new_queue(0);
	bide_scope_enter(&s, 1 * U);
	LOG("%s", ERR(bide_queue_get(queue, &x)));
	LOG("%s", ERR(bide_scope_leave(&s)));
	put(queue, 1);
	LOG("%s", ERR(bide_queue_get(queue, &x)));
	LOG("%d", x);
	bide_queue_free(queue);
	return 0;
}

static void que_17_look(void)
{
	LOG("%zu %s %s", bide_queue_size(queue), BOOL(bide_queue_empty(queue)),
	    BOOL(bide_queue_full(queue)));
}

CASE(QUE_17, "size, empty, full, and the calls that never wait",
     .trace = "0 true false · 2 false true · -EAGAIN", .order = ANY_ORDER)
{
	queue = new_queue(2);
	que_17_look();
	put(queue, 1);
	put(queue, 2);
	que_17_look();
	LOG("%s", ERR(bide_queue_try_put(queue, &(int){ 3 })));
	bide_queue_free(queue);
	return 0;
}

CASE(QUE_19, "shutdown: put is refused at once, what is in the queue can still be got",
     .trace = "-ESHUTDOWN -ESHUTDOWN · 0 · 1 -ESHUTDOWN -ESHUTDOWN", .order = ANY_ORDER)
{
	int first, second, x = -1;

	queue = new_queue(0);
	put(queue, 1);
	bide_queue_shutdown(queue, false);
	first = put(queue, 2);
	second = bide_queue_try_put(queue, &(int){ 2 });
	LOG("%s %s", ERR(first), ERR(second));
	LOG("%s", ERR(bide_queue_get(queue, &x)));
	first = bide_queue_get(queue, &x);
	second = bide_queue_try_get(queue, &x);
	LOG("%d %s %s", x, ERR(first), ERR(second));
	bide_queue_free(queue);
	return 0;
}

static bide_queue *que_20_full;

static int que_20_g(void *arg)
{
	int x;

	(void)arg;
	LOG("getter %s", ERR(bide_queue_get(queue, &x)));
	return 0;
}

static int que_20_p(void *arg)
{
	(void)arg;
	LOG("putter %s", ERR(put(que_20_full, 2)));
	return 0;
}

CASE(QUE_20, "shutdown wakes the getters of an empty queue and the putters of a full one",
     .trace = "getter -ESHUTDOWN · putter -ESHUTDOWN · 1")
{
	bide_task *t[2];

	queue = new_queue(0);
	que_20_full = new_queue(1);
	put(que_20_full, 1);
	t[0] = bide_spawn(que_20_g, NULL);
	t[1] = bide_spawn(que_20_p, NULL);
	bide_yield();
	bide_queue_shutdown(queue, false);
	bide_queue_shutdown(que_20_full, false);
	bide_gather(2, t, NULL);
	LOG("%zu", bide_queue_size(que_20_full));
	bide_queue_free(queue);
	bide_queue_free(que_20_full);
	return 0;
}

CASE(QUE_22, "immediate shutdown: what is dropped counts as done, join waits for the item in work",
     .trace = "false · join back · -EINVAL", .order = ANY_ORDER)
{
	bide_task *joiner;
	int x;

	queue = new_queue(0);
	put(queue, 1);
	put(queue, 2);
	bide_queue_get(queue, &x);
	joiner = bide_spawn(say_joined, NULL);
	bide_yield();
	bide_queue_shutdown(queue, true);
	bide_yield();
	LOG("%s", BOOL(bide_done(joiner)));
	bide_queue_task_done(queue);
	bide_join(joiner);
	LOG("%s", ERR(bide_queue_task_done(queue)));
	bide_queue_free(queue);
	return 0;
}

CASE(QUE_23, "gentle shutdown leaves join to the consumers; a second one may make it immediate",
     .trace = "false · join back", .order = ANY_ORDER)
{
	bide_task *joiner;

	queue = new_queue(0);
	put(queue, 1);
	joiner = bide_spawn(say_joined, NULL);
	bide_queue_shutdown(queue, false);
	bide_yield();
	bide_yield();
	LOG("%s", BOOL(bide_done(joiner)));
	bide_queue_shutdown(queue, true);
	bide_join(joiner);
	bide_queue_free(queue);
	return 0;
}
