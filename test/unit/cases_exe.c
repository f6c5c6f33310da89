/* SPDX-License-Identifier: MIT */

/* cases_exe.c - EXE: threads for blocking calls */
#include "case.h"

#include <errno.h>
#include <pthread.h>

static pthread_t exe01_id;              /* main's */
static bool exe01_other;
static int exe01_n;

static int exe01_ticker(void *arg)
{
	(void)arg;
	while (bide_sleep(1 * U) == 0)
		exe01_n++;
	return 0;
}

static int exe01_f(void *arg)
{
	(void)arg;
	case_block(5);
	exe01_other = !pthread_equal(pthread_self(), exe01_id);
	return 5;
}

static int exe01_bad(void *arg)
{
	(void)arg;
	return -ENOENT;
}

CASE(EXE_01, "to_thread runs the call elsewhere, the loop goes on; its result comes back",
     .trace = "5 · true true · -ENOENT", .elapsed = 5, .real_only = true)
{
	exe01_id = pthread_self();
	bide_go(exe01_ticker, NULL);
	LOG("%s", ERR(bide_to_thread(exe01_f, NULL)));
	LOG("%s %s", BOOL(exe01_n >= 3), BOOL(exe01_other));
	LOG("%s", ERR(bide_to_thread(exe01_bad, NULL)));
	return 0;
}

static int exe02_f(void *arg)
{
	(void)arg;
	case_block(5);
	LOG("thread finished");
	return 5;
}

static int exe02_m(void *arg)
{
	(void)arg;
	LOG("%s", ERR(bide_to_thread(exe02_f, NULL)));
	LOG("%s", ERR(bide_to_thread(exe02_f, NULL)));
	return -ECANCELED;
}

CASE(EXE_02, "cancelled while the call runs: to_thread gives its result, the next one never runs",
     .trace = "thread finished · 5 · -ECANCELED · -ECANCELED", .elapsed = 5, .real_only = true)
{
	bide_task *t = bide_spawn(exe02_m, NULL);

	bide_sleep(1 * U);
	bide_cancel(t);
	LOG("%s", ERR(bide_join(t)));
	return 0;
}

#define EXE04_CALLS 6

static pthread_mutex_t exe04_mutex = PTHREAD_MUTEX_INITIALIZER;
static bool exe04_has_begun[EXE04_CALLS];
static unsigned exe04_inside;
static unsigned exe04_most;
static unsigned exe04_threads;

/*
 * Of two calls that were taken up together either may come here first. So the order
 * is right where each call that has not begun is in another thread's hands.
 */
static void exe04_begin(int i)
{
	unsigned overtaken = 0;

	pthread_mutex_lock(&exe04_mutex);
	exe04_has_begun[i] = true;
	for (int earlier = 0; earlier < i; earlier++)
		overtaken += !exe04_has_begun[earlier];
	CHECK(overtaken < exe04_threads);
	exe04_inside++;
	if (exe04_inside > exe04_most)
		exe04_most = exe04_inside;
	pthread_mutex_unlock(&exe04_mutex);
}

static int exe04_f(void *arg)
{
	exe04_begin(INT(arg));
	case_block(1);
	pthread_mutex_lock(&exe04_mutex);
	exe04_inside--;
	pthread_mutex_unlock(&exe04_mutex);
	return 0;
}

static int exe04_call(void *arg)
{
	return bide_to_thread(exe04_f, arg);
}

static int exe04_main(void *arg)
{
	bide_task *tasks[EXE04_CALLS];

	(void)arg;
	for (int i = 0; i < EXE04_CALLS; i++)
		tasks[i] = bide_spawn(exe04_call, ARG(i));
	CHECK_INT(bide_gather(EXE04_CALLS, tasks, NULL), 0);
	LOG("%u", exe04_most);
	return 0;
}

static void exe04_run(unsigned threads)
{
	bide_options options = *case_options();

	options.max_threads = exe04_threads = threads;
	CHECK_INT(bide_run_with(&options, exe04_main, NULL), 0);
}

PROGRAM(EXE_04, "a pool of two threads runs two calls at a time, in the order of submission",
        .trace = "2", .elapsed = 3, .real_only = true)
{
	exe04_run(2);
}

PROGRAM(EXE_04_one, "a pool of one thread runs the calls one by one, in the order of submission",
        .trace = "1", .elapsed = 6, .real_only = true)
{
	exe04_run(1);
}

static int exe07_f(void *arg)
{
	(void)arg;
	case_block(5);
	return 5;
}

static int exe07_w(void *arg)
{
	(void)arg;
	return bide_to_thread(exe07_f, NULL);
}

CASE(EXE_07, "a time limit cannot shorten a call that has begun, and then reports no timeout",
     .trace = "5 · 0", .elapsed = 5, .real_only = true)
{
	LOG("%s", ERR(bide_timeout(1 * U, exe07_w, NULL)));
	LOG("%s", ERR(bide_sleep(0)));
	return 0;
}
