/* SPDX-License-Identifier: MIT */

/* cases_thr.c - THR: what other threads may do with a loop */
#include "case.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* A plain thread that does one thing to a loop, some time after its start. */
struct visitor {
	pthread_t thread;
	bide_loop *loop;        /* a reference of its own */
	int delay;              /* in u */
	void (*visit)(bide_loop *loop);
};

static void *visitor_run(void *arg)
{
	struct visitor *visitor = arg;

	case_block(visitor->delay);
	visitor->visit(visitor->loop);
	bide_loop_unref(visitor->loop);
	return NULL;
}

static void visitor_start(struct visitor *visitor, bide_loop *loop)
{
	visitor->loop = bide_loop_ref(loop);
	CHECK_INT(pthread_create(&visitor->thread, NULL, visitor_run, visitor), 0);
}

static void visitor_join(struct visitor *visitor)
{
	CHECK_INT(pthread_join(visitor->thread, NULL), 0);
}

static bide_task *thr01_t;

static int thr01_s(void *arg)
{
	(void)arg;
	return bide_sleep(100 * U);
}

static int thr01_kill(void *arg)
{
	(void)arg;
	bide_cancel(thr01_t);
	return 0;
}

static void thr01_visit(bide_loop *loop)
{
	CHECK_INT(bide_post(loop, thr01_kill, NULL), 0);
}

static struct visitor thr01_visitor = { .delay = 2, .visit = thr01_visit };

CASE(THR_01, "post wakes a loop that sleeps on a far timer", .trace = "-ECANCELED", .elapsed = 2,
     .less_than = 20, .real_only = true)
{
	visitor_start(&thr01_visitor, bide_loop_current());
	thr01_t = bide_spawn(thr01_s, NULL);
	LOG("%s", ERR(bide_join(thr01_t)));
	visitor_join(&thr01_visitor);
	return 0;
}

static bide_future thr02_f;

static int thr02_far(void *arg)
{
	(void)arg;
	bide_sleep(50 * U);
	return 0;
}

static void thr02_visit(bide_loop *loop)
{
	(void)loop;
	CHECK_INT(bide_future_set(&thr02_f, 7, NULL), 0);
}

static struct visitor thr02_visitor = { .delay = 1, .visit = thr02_visit };

CASE(THR_02, "setting a future from a foreign thread wakes its waiter by itself", .trace = "7",
     .elapsed = 1, .less_than = 20, .real_only = true)
{
	visitor_start(&thr02_visitor, bide_loop_current());
	bide_go(thr02_far, NULL);
	LOG("%s", ERR(bide_future_wait(&thr02_f, NULL)));
	visitor_join(&thr02_visitor);
	return 0;
}

/* The loop that plain threads spawn on: a thread's, whose main task does nothing. */
static int host_main(void *arg)
{
	(void)arg;
	return bide_sleep(BIDE_FOREVER);
}

static bide_thread *host_start(void)
{
	bide_thread *host = bide_thread_start(case_options(), host_main, NULL);

	CHECK(host != NULL);
	return host;
}

static void host_stop(bide_thread *host)
{
	CHECK_INT(bide_thread_stop(host, BIDE_FOREVER), -ECANCELED);
}

static int thr04_f(void *arg)
{
	(void)arg;
	bide_sleep(1 * U);
	return 3;
}

static int thr04_bad(void *arg)
{
	(void)arg;
	return -ENOENT;
}

PROGRAM(THR_04, "spawn_on and join from a plain thread: value or error", .trace = "3 · -ENOENT",
        .elapsed = 1, .real_only = true)
{
	bide_thread *host = host_start();
	bide_loop *l = bide_thread_loop(host);

	LOG("%s", ERR(bide_join(bide_spawn_on(l, thr04_f, NULL))));
	LOG("%s", ERR(bide_join(bide_spawn_on(l, thr04_bad, NULL))));
	host_stop(host);
}

static int thr05_f(void *arg)
{
	(void)arg;
	LOG("task %s", ERR(bide_sleep(4 * U)));
	return 1;
}

PROGRAM(THR_05, "a time limit that runs out in the plain thread cancels the task and waits for it",
        .trace = "task -ECANCELED · -ETIMEDOUT", .elapsed = 1, .less_than = 4, .real_only = true)
{
	bide_thread *host = host_start();

	LOG("%s", ERR(bide_join_for(bide_spawn_on(bide_thread_loop(host), thr05_f, NULL), 1 * U)));
	host_stop(host);
}

static int thr07_f(void *arg)
{
	(void)arg;
	bide_cancel(bide_self());
	return bide_sleep(0);
}

PROGRAM(THR_07, "the task is cancelled in its loop: the thread that joins it gets -ECANCELED",
        .trace = "-ECANCELED", .real_only = true)
{
	bide_thread *host = host_start();

	LOG("%s", ERR(bide_join(bide_spawn_on(bide_thread_loop(host), thr07_f, NULL))));
	host_stop(host);
}

static int thr08_f(void *arg)
{
	(void)arg;
	LOG("f started");
	return 0;
}

static int thr08_ask(void *arg)
{
	bide_task *t;

	(void)arg;
	LOG("%s", ERR(bide_post(bide_loop_current(), thr08_f, NULL)));
	errno = 0;
	t = bide_spawn_on(bide_loop_current(), thr08_f, NULL);
	LOG("%s %s", BOOL(t == NULL), strerrorname_np(errno));
	return 0;
}

static int thr08_bg(void *arg)
{
	(void)arg;
	bide_sleep(BIDE_FOREVER);
	bide_shield(thr08_ask, NULL);
	return 0;
}

CASE(THR_08, "a loop that is closing refuses what is posted to it and spawned on it",
     .trace = "-ESHUTDOWN · true ESHUTDOWN", .real_too = true)
{
	bide_go(thr08_bg, NULL);
	bide_yield();
	return 0;
}

static int thr10_f(void *arg)
{
	(void)arg;
	return 1;
}

CASE(THR_10, "spawn_on the task's own loop, and join: an ordinary join, no deadlock", .trace = "1",
     .order = ANY_ORDER, .real_too = true)
{
	LOG("%s", ERR(bide_join(bide_spawn_on(bide_loop_current(), thr10_f, NULL))));
	return 0;
}

static int thr11_far(void *arg)
{
	(void)arg;
	bide_sleep(100 * U);
	return 0;
}

static struct visitor thr11_visitor = { .delay = 2, .visit = bide_loop_stop };

PROGRAM(THR_11, "loop_stop from another thread wakes loop_run_forever at once", .trace = "0 · 0",
        .elapsed = 2, .less_than = 20, .real_only = true)
{
	bide_loop *l = bide_loop_new(case_options());

	CHECK(l != NULL);
	CHECK_INT(bide_post(l, thr11_far, NULL), 0);
	visitor_start(&thr11_visitor, l);
	LOG("%s", ERR(bide_loop_run_forever(l)));
	LOG("%s", ERR(bide_loop_close(l)));
	visitor_join(&thr11_visitor);
}
